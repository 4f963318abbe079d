import { createRequire } from "node:module";
import { DatabaseError } from "pg";
import { describe, expect, test } from "vitest";
import { secret, unknown } from "../../../components/providers/properties";
import { describeFailure } from "../../../infra/toolchain/offline/postgresql/failure";
import { checkConfig, parseConfig } from "../../../infra/toolchain/offline/postgresql/provider-config";
import { Mutex } from "../../../infra/toolchain/offline/postgresql/role-lock";
import { pluginVersion } from "../../../infra/toolchain/offline/postgresql/version";
import { keyWithin } from "../../../infra/toolchain/offline/postgresql/within-database";

test("the edition stands in for the plugin of the installed package", () => {
  const { version } = createRequire(__filename)("@pulumi/postgresql/package.json") as { version: string };
  expect(pluginVersion).toBe(version);
});

describe("configuration of the offline postgresql plugin", () => {
  test("has the official plugin's defaults", () => {
    expect(parseConfig({}, {})).toEqual({
      host: "localhost",
      port: 5432,
      database: "postgres",
      username: "postgres",
      password: undefined,
      sslrootcert: undefined,
      databaseUsername: "postgres",
      sslmode: "require",
      connectTimeout: 180,
      maxConnections: 20,
    });
  });

  test("takes what is given before the environment", () => {
    const env = { PGHOST: "elsewhere", PGPORT: "1", PGUSER: "me", PGPASSWORD: "word", PGSSLMODE: "disable" };
    expect(parseConfig({ host: "here", port: "5499", password: secret("own") }, env)).toMatchObject({
      host: "here",
      port: 5499,
      username: "me",
      databaseUsername: "me",
      password: "own",
      sslmode: "disable",
    });
  });

  test("proves the server where that is asked for", () => {
    const config = { sslmode: "verify-full", sslrootcert: "ca.pem" };
    expect(checkConfig(config).failures).toEqual([]);
    expect(parseConfig(config, {})).toMatchObject(config);
  });

  test.each([
    ["sslmode", "allow"],
    ["sslMode", "disable"],
    ["scheme", "awspostgres"],
    ["awsRdsIamAuth", "true"],
    ["clientcert", '{"cert":"a","key":"b"}'],
    ["expectedVersion", "12"],
    ["port", "0"],
    ["port", "http"],
    ["maxConnections", "-1"],
    ["superuser", "maybe"],
  ])("%s = %s is refused by name", (property, value) => {
    expect(checkConfig({ [property]: value }).failures.map((failure) => failure.property)).toEqual([
      property,
    ]);
  });

  test("what is not known yet is not judged, and nothing is added", () => {
    const inputs = { host: unknown, port: unknown, sslmode: "prefer", version: "3.18.1", superuser: "true" };
    expect(checkConfig(inputs)).toEqual({ inputs, failures: [] });
  });
});

describe("messages", () => {
  const failed = (code: string, message: string): DatabaseError =>
    Object.assign(new DatabaseError(message, 0, "error"), { code });

  test("name the object, say what PostgreSQL said, and what to do", () => {
    const error = describeFailure(
      { type: "schema", name: "app", database: "shop" },
      "created",
      failed("42P06", 'schema "app" already exists'),
    );
    expect(error.message).toBe(
      [
        'schema "app" in database "shop":',
        '  could not be created: schema "app" already exists (SQLSTATE 42P06)',
        "    hint: to take over the one that exists: pulumi import postgresql:index/schema:Schema <resource> shop.app",
      ].join("\n"),
    );
  });

  test("hold no password, whatever PostgreSQL repeats", () => {
    const subject = { type: "role" as const, name: "app", password: "hunter2" };
    const error = describeFailure(subject, "created", failed("42601", 'syntax error at or near "hunter2"'));
    expect(error.message).not.toContain("hunter2");
  });
});

describe("ids", () => {
  test("of schemas and extensions are split once; the state wins", () => {
    expect(keyWithin("Schema", "shop.app", {})).toEqual({ database: "shop", name: "app" });
    expect(keyWithin("Schema", "a.b", { database: "we.ird", name: "na.me" })).toEqual({
      database: "we.ird",
      name: "na.me",
    });
    expect(() => keyWithin("Extension", "citext", {})).toThrow("<database>.<extension>");
    expect(() => keyWithin("Extension", "a.b.c", {})).toThrow("<database>.<extension>");
  });
});

describe("the lock of roles", () => {
  test("lets one in at a time, and the next one after a failure", async () => {
    const mutex = new Mutex();
    const order: string[] = [];
    const enter = (name: string) =>
      mutex.run(async () => {
        order.push(`${name} in`);
        await Promise.resolve();
        order.push(`${name} out`);
        if (name === "a") throw new Error("a failed");
      });
    const [first] = await Promise.allSettled([enter("a"), enter("b")]);
    expect(first.status).toBe("rejected");
    expect(order).toEqual(["a in", "a out", "b in", "b out"]);
  });
});
