import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { generatePassword } from "../../components/io/scram";
import { secret } from "../../components/providers/properties";
import { database, extension, role, schema, useOfflinePostgresql } from "../support/offline-postgresql";
import { ProviderStack } from "../support/provider-stack";
import { freePort } from "../support/server";

const offline = useOfflinePostgresql();

describe("failures and secrets", () => {
  test.each([
    [
      "a role that exists",
      role({ name: "postgres" }),
      /role "postgres"[\s\S]*42710[\s\S]*pulumi import postgresql:index\/role:Role/,
    ],
    [
      "a database that exists",
      database({ name: "template1" }),
      /database "template1"[\s\S]*42P04[\s\S]*pulumi import/,
    ],
    [
      "an unknown owner",
      database({ name: "orphan", owner: "nobody_at_all" }),
      /role "nobody_at_all" does not exist/,
    ],
    ["an unknown locale", database({ name: "babel", lcCollate: "xx_YY" }), /database "babel"[\s\S]*locale/],
    [
      "an unknown database",
      schema({ name: "x", database: "nowhere" }),
      /database "nowhere" does not exist[\s\S]*3D000/,
    ],
    [
      "an extension without files",
      extension({ name: "no_such_thing" }),
      /extension "no_such_thing" in database "postgres"[\s\S]*not available[\s\S]*hint: /,
    ],
  ])("%s is named, with what to do", async (_, declaration, message) => {
    await expect(offline.stack.up({ ...declaration, name: "failing" })).rejects.toThrow(message);
  });

  test("a wrong password, and a server that is not there, are told apart", async () => {
    const wrong = await offline.connect({ password: "wrong-password" });
    await expect(new ProviderStack(wrong).up(role({ name: "x" }))).rejects.toThrow(
      /refused the connection as "postgres"[\s\S]*28P01[\s\S]*hint: is the provider's password/,
    );
    await wrong.stop();
    const absent = await offline.connect({ port: String(await freePort()) });
    await expect(new ProviderStack(absent).up(role({ name: "x" }))).rejects.toThrow(
      /gave no answer[\s\S]*hint: is the server up/,
    );
    await absent.stop();
  });

  test("sslmode require insists on TLS, prefer does without", async () => {
    const strict = await offline.connect({ sslmode: "require" });
    await expect(new ProviderStack(strict).up(role({ name: "x" }))).rejects.toThrow(
      /has no TLS[\s\S]*hint: /,
    );
    await strict.stop();
    const lenient = await offline.connect({ sslmode: "prefer" });
    await new ProviderStack(lenient).up(role({ name: "lenient" }));
    await lenient.stop();
  });

  test("a password is in no log of the server and in no error", async () => {
    await offline.sql("ALTER SYSTEM SET log_statement = 'all'");
    await offline.sql("ALTER SYSTEM SET log_min_duration_statement = 0");
    await offline.sql("SELECT pg_reload_conf()");
    const password = `clear-${generatePassword()}`;
    const other = `other-${generatePassword()}`;
    await offline.stack.up(role({ name: "discreet", login: true, password: secret(password) }));
    await offline.stack.up(role({ name: "discreet", login: true, password: secret(other) }));
    const again = offline.stack.up({
      ...role({ name: "discreet", password: secret(password) }),
      name: "twice",
    });
    await expect(again).rejects.toThrow("already exists");
    await expect(again).rejects.not.toThrow(password);
    const session = await offline.server.connect("postgres", { user: "discreet", password: other });
    await session.close();
    const directory = join(offline.server.instance.dataDirectory, "log");
    const files = await readdir(directory);
    const log = (await Promise.all(files.map((file) => readFile(join(directory, file), "utf8")))).join("\n");
    expect(log).toContain("pg_advisory_xact_lock");
    expect(log).not.toContain(password);
    expect(log).not.toContain(other);
    expect(offline.provider.errorOutput()).toBe("");
    expect(JSON.stringify(offline.provider.messages)).not.toContain(password);
  });

  test("a refused property that is secret is not handed to the engine, which would print it", async () => {
    const app = offline.provider.resource("postgresql:index/role:Role", "app");
    const { failures } = await app.check({ name: "app", passwordWo: secret("hidden"), assumeRole: "shown" });
    const bySecret = failures.toSorted((a, b) => (a.property < b.property ? -1 : 1));
    expect(bySecret.map(({ property }) => property)).toEqual(["", "assumeRole"]);
    expect(bySecret[0]?.reason).toMatch(/^passwordWo: `passwordWo` of Role is not supported/);
    expect(JSON.stringify(failures)).not.toContain("hidden");
  });

  test("no connection stays open after an operation", async () => {
    await offline.stack.up(role({ name: "passing" }));
    const open = await offline.sql(
      "SELECT FROM pg_stat_activity WHERE application_name = 'pgstead postgresql plugin' AND state = 'idle'",
    );
    expect(open).toEqual([]);
  });
});

describe("without the server", () => {
  test("a preview knows what is to be known", async () => {
    const absent = await offline.connect({ port: String(await freePort()) });
    const app = absent.resource("postgresql:index/role:Role", "app");
    const { inputs, failures } = await app.check({ name: "app", login: true });
    expect(failures).toEqual([]);
    const { state } = await app.create(inputs, { preview: true });
    expect(state).toMatchObject({ name: "app", login: true, connectionLimit: -1, superuser: false });
    expect(state.password).toEqual(secret(null));
    const changed = { id: "app", oldInputs: inputs, state, inputs: { ...inputs, connectionLimit: 3 } };
    expect(await app.diff(changed)).toMatchObject({ diffs: ["connectionLimit"] });
    expect(await app.update(changed, { preview: true })).toMatchObject({
      name: "app",
      connectionLimit: 3,
    });
    await absent.stop();
  });
});

describe("a login that is no superuser", () => {
  test("makes what a superuser makes, and stays a member of nothing", async () => {
    await offline.sql("CREATE ROLE limited LOGIN CREATEROLE CREATEDB PASSWORD 'limited'");
    const limited = await offline.connect({ username: "limited", password: "limited", superuser: "false" });
    const own = new ProviderStack(limited);
    await own.up(
      role({ name: "limited_owner" }),
      database({ name: "limited_db", owner: "limited_owner" }),
      schema({ name: "area", database: "limited_db", owner: "limited_owner" }),
    );
    expect(
      await offline.sql(
        "SELECT nspowner::regrole::text AS owner FROM pg_namespace WHERE nspname = 'area'",
        "limited_db",
      ),
    ).toEqual([{ owner: "limited_owner" }]);
    // PostgreSQL itself makes the creator an administrator of the role, without the right to become it.
    expect(
      await offline.sql(
        "SELECT FROM pg_auth_members WHERE member = 'limited'::regrole AND (set_option OR inherit_option)",
      ),
    ).toEqual([]);
    await own.destroy();
    await limited.stop();
  });
});
