import { beforeEach, describe, expect, test } from "vitest";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { secret, type PropertyMap } from "../../components/providers/properties";
import { database, login, role, serverAccess, useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();
const shown = () => own.lastPlan().map((line) => line.trim().split(";  --")[0]);
const closed = (...connect: string[]) => [
  { name: "postgres", connect },
  { name: "template1", connect: [] },
];

beforeEach(() => {
  own.stack.entries.clear();
});

const declare = (stack: string, change: PropertyMap = {}) =>
  serverAccess(own.connection, { stack, closed: closed(), ...change });

/** Logs in to a database; gives the error's code, or none. */
async function tryLogin(name: string, user: string, password: string): Promise<string | undefined> {
  try {
    const session = await own.server.connect(name, { user, password });
    await session.close();
    return undefined;
  } catch (error) {
    return (error as { cause?: { code?: string } }).cause?.code ?? String(error);
  }
}

describe("one stack owns what belongs to the server", () => {
  test("it says so in pgstead.owner, and the next preview is empty", async () => {
    const declared = declare("shop/dev");
    await own.stack.up(declared);
    expect(own.lastPlan()).toContain(
      `  INSERT INTO "pgstead"."owner" (what, stack) VALUES ('server', 'shop/dev');  -- stack shop/dev owns what belongs to the whole server`,
    );
    expect(await own.sql(`SELECT what, stack, by FROM pgstead.owner`)).toEqual([
      { what: "server", stack: "shop/dev", by: "postgres" },
    ]);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });

  test("another one is refused, with how to take over, and changes nothing", async () => {
    const other = declare("billing/prod", { roles: [role("never")] });
    await expect(own.stack.up(other)).rejects.toThrow(
      /server: what PUBLIC may do with postgres and template1 belongs to stack shop\/dev, since \d{4}-.*Z \(by postgres\)[\s\S]*DELETE FROM pgstead\.owner/,
    );
    expect(await own.sql("SELECT FROM pg_roles WHERE rolname = 'never'")).toEqual([]);
  });

  test("one that claims nothing may have its own roles and databases beside it", async () => {
    const other = serverAccess(own.connection, {
      roles: [role("beside_owner", { database: "beside" })],
      databases: [database("beside", "beside_owner")],
    });
    await own.stack.up(other);
    expect(await own.stack.diff(other)).toMatchObject({ changed: false });
  });

  test("it gives the server up when it is destroyed, and another one may have it", async () => {
    await own.stack.up(declare("shop/dev"));
    await own.stack.destroy("Access/server");
    expect(await own.sql("SELECT what FROM pgstead.owner")).toEqual([]);
    await own.stack.up(declare("billing/prod"));
    expect(await own.sql("SELECT stack FROM pgstead.owner")).toEqual([{ stack: "billing/prod" }]);
    await own.stack.destroy("Access/server");
  });
});

describe("who connects where", () => {
  const app = login("at_app", { database: "at" });
  const guest = login("other_app", { database: "other" });
  const watch = login("at_monitor", { database: "at" });
  const declared = () =>
    declare("shop/dev", {
      roles: [
        role("at_owner", { database: "at" }),
        role("other_owner", { database: "other" }),
        app.inputs,
        guest.inputs,
        watch.inputs,
      ],
      databases: [
        database("at", "at_owner", { connect: ["at_app", "at_monitor"], temporary: ["at_app_writer"] }),
        database("other", "other_owner", { connect: ["other_app"] }),
      ],
      groups: [{ name: "at_app_writer", database: "at", schema: "app", profile: "writer" }],
      closed: closed("at_monitor"),
    });

  test("each login reaches its own database, and nobody another one, postgres and template1 included", async () => {
    await own.stack.up(declared());
    expect(await own.stack.diff(declared())).toMatchObject({ changed: false });
    const reaches = async (user: string, password: string) => {
      const results: Record<string, string | undefined> = {};
      for (const name of ["at", "other", "postgres", "template1"])
        results[name] = await tryLogin(name, user, password);
      return results;
    };
    const [yes, no] = [undefined, "42501"];
    const places = (at?: string, other?: string, postgres?: string) => ({
      at,
      other,
      postgres,
      template1: no,
    });
    expect(await reaches("at_app", app.password)).toEqual(places(yes, no, no));
    expect(await reaches("other_app", guest.password)).toEqual(places(no, yes, no));
    expect(await reaches("at_monitor", watch.password)).toEqual(places(yes, no, yes));
  });

  test.each<[string, string, string[]]>([
    ["PUBLIC", "GRANT CONNECT ON DATABASE at TO PUBLIC", ['REVOKE CONNECT ON DATABASE "at" FROM PUBLIC']],
    [
      "PUBLIC on template1",
      "GRANT TEMPORARY ON DATABASE template1 TO PUBLIC",
      ['REVOKE TEMPORARY ON DATABASE "template1" FROM PUBLIC'],
    ],
    [
      "a login of another database",
      "GRANT ALL ON DATABASE at TO other_app",
      ['REVOKE CONNECT, CREATE, TEMPORARY ON DATABASE "at" FROM "other_app"'],
    ],
    [
      "a login that lost its own",
      "REVOKE CONNECT ON DATABASE at FROM at_app",
      ['GRANT CONNECT ON DATABASE "at" TO "at_app"'],
    ],
    [
      "the owner that lost its own",
      "REVOKE ALL ON DATABASE at FROM at_owner",
      ['GRANT CONNECT, CREATE, TEMPORARY ON DATABASE "at" TO "at_owner"'],
    ],
    [
      "grant options that were used",
      `GRANT TEMPORARY ON DATABASE at TO at_app WITH GRANT OPTION; SET ROLE at_app;
       GRANT TEMPORARY ON DATABASE at TO other_app; RESET ROLE`,
      [
        'SET LOCAL ROLE "at_app"; REVOKE TEMPORARY ON DATABASE "at" FROM "other_app"; RESET ROLE',
        'REVOKE TEMPORARY ON DATABASE "at" FROM "at_app"',
      ],
    ],
    [
      "a stranger that lets PUBLIC in",
      `CREATE ROLE stranger; GRANT CONNECT ON DATABASE at TO stranger WITH GRANT OPTION; SET ROLE stranger;
       GRANT CONNECT ON DATABASE at TO PUBLIC; RESET ROLE`,
      ['SET LOCAL ROLE "stranger"; REVOKE CONNECT ON DATABASE "at" FROM PUBLIC; RESET ROLE'],
    ],
  ])("%s is found and set back", async (_what, byHand, expected) => {
    await own.stack.up(declared());
    await own.sql(byHand);
    expect(await own.stack.diff(declared())).toMatchObject({ changed: true, detailed: { live: "update" } });
    expect(shown().filter((line) => !line?.startsWith("left alone"))).toEqual(expected);
    await own.stack.up(declared());
    expect(await own.stack.diff(declared())).toMatchObject({ changed: false });
  });

  test("a stranger's way in is told, and taken where the database is authoritative", async () => {
    await own.stack.up(declared());
    await own.stack.diff(declared());
    expect(own.lastPlan()).toEqual([
      "  left alone: CONNECT on database at for stranger: nobody declared it (by at_owner)",
    ]);
    const { databases, ...rest } = declared().inputs;
    const strict = (databases as PropertyMap[]).map((one) => ({ ...one, authoritative: true }));
    await own.stack.up(serverAccess(own.connection, { ...rest, databases: strict }));
    expect(shown()).toEqual(['REVOKE CONNECT ON DATABASE "at" FROM "stranger"']);
  });

  test("the privileges follow when a database changes its owner", async () => {
    const { databases, ...rest } = declared().inputs;
    const moved = (databases as PropertyMap[]).map((one) => ({
      ...one,
      owner: "at_app_writer",
      connect: [],
    }));
    const to = serverAccess(own.connection, { ...rest, databases: moved });
    await own.stack.up(to);
    expect(await own.stack.diff(to)).toMatchObject({ changed: false });
    await own.stack.up(declared());
    expect(await own.stack.diff(declared())).toMatchObject({ changed: false });
  });
});

describe("a managing login without superuser", () => {
  const password = generatePassword();
  const limited = () => ({ ...own.connection, user: "manager", password: secret(password) });
  beforeEach(async () => {
    await own.sql("DROP ROLE IF EXISTS manager");
    await own.sql(`CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD '${scramVerifier(password)}'`);
    await own.sql("GRANT CONNECT ON DATABASE postgres TO manager");
    return async () => {
      await own.sql("DROP DATABASE IF EXISTS small");
      await own.sql(
        "DROP OWNED BY manager CASCADE; DROP ROLE IF EXISTS small_owner, small_app, small_reader, theirs",
      );
      await own.sql("DROP ROLE manager");
    };
  });
  const asManager = (text: string) =>
    own.server.connect("postgres", { user: "manager", password }).then(async (session) => {
      await session.query(text).finally(() => session.close());
    });

  test("does what it may, and says that passwords cannot be compared", async () => {
    const app = login("small_app", { database: "small" });
    await asManager("CREATE ROLE small_owner");
    await asManager("GRANT small_owner TO manager WITH INHERIT TRUE, SET TRUE");
    await asManager("CREATE ROLE small_app LOGIN");
    await asManager("CREATE DATABASE small OWNER small_owner TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    const declared = serverAccess(limited(), {
      roles: [role("small_owner", { database: "small" }), { ...app.inputs, connectionLimit: 5 }],
      databases: [database("small", "small_owner", { connect: ["small_app"] })],
      groups: [{ name: "small_reader", database: "small", schema: "app", profile: "reader" }],
    });
    await own.stack.up(declared);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    expect(own.lastPlan()).toEqual([
      "  left alone: passwords of small_app: they cannot be compared: only a superuser reads them",
    ]);
  });

  test("rotates a password, once, though it cannot read the one that is there", async () => {
    await asManager("CREATE ROLE small_app LOGIN");
    const [first, second] = [login("small_app"), login("small_app")];
    await own.stack.up(serverAccess(limited(), { roles: [first.inputs] }));
    const rotated = serverAccess(limited(), { roles: [second.inputs] });
    expect(await own.stack.up(rotated)).toMatchObject([{ op: "update", diff: ["roles"] }]);
    expect(await own.sql("SELECT rolpassword AS p FROM pg_authid WHERE rolname = 'small_app'")).toEqual([
      { p: second.verifier },
    ]);
    expect(await own.stack.diff(rotated)).toMatchObject({ changed: false });
  });

  test("is refused what it may not, with the statement and the reason", async () => {
    await own.sql("CREATE ROLE theirs; CREATE ROLE small_owner");
    await asManager("CREATE ROLE small_app");
    const memberOf = [{ role: "pg_monitor", admin: false, inherit: true, set: false }];
    const declared = serverAccess(limited(), {
      roles: [role("theirs", { connectionLimit: 3 }), role("small_app", { replication: true, memberOf })],
    });
    await expect(own.stack.up(declared)).rejects.toThrow(
      /\(3 refusals\):[\s\S]*role small_app: .*manager may not give or take REPLICATION: ALTER ROLE "small_app" REPLICATION[\s\S]*role theirs: .*manager is no administrator of it \(ADMIN\)[\s\S]*membership in pg_monitor: .*manager is no administrator of pg_monitor/,
    );
  });

  test("owns the server by a row in its own database, and the preview says why", async () => {
    await asManager("CREATE ROLE small_owner");
    await asManager("GRANT small_owner TO manager WITH INHERIT TRUE, SET TRUE");
    await asManager("CREATE DATABASE small OWNER small_owner TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    await own.sql("DROP SCHEMA IF EXISTS pgstead CASCADE");
    const declared = serverAccess(limited(), {
      roles: [role("small_owner", { database: "small" })],
      databases: [database("small", "small_owner")],
      stack: "small/dev",
      closed: closed(),
    });
    await own.stack.up(declared);
    expect(own.lastPlan().join("\n")).toContain("it has no right to say so in the maintenance database");
    expect(await own.sql("SELECT stack FROM pgstead.owner", "small")).toEqual([{ stack: "small/dev" }]);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });
});
