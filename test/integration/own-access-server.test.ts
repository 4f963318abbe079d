import { describe, expect, test } from "vitest";
import { openSession } from "../../components/io/session";
import { secret, unknown, type PropertyMap } from "../../components/providers/properties";
import { database, login, role, serverAccess, useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();

/** Declares roles and databases in a stack's Access, from scratch for every test. */
async function declare(change: PropertyMap) {
  own.stack.entries.clear();
  const declared = serverAccess(own.connection, change);
  await own.stack.up(declared);
  return declared;
}

const roleRow = async (name: string) =>
  (
    await own.sql(`SELECT rolcanlogin, rolsuper, rolcreatedb, rolconnlimit, rolpassword,
    rolvaliduntil::text AS until FROM pg_authid WHERE rolname = '${name}'`)
  )[0];

test("what is declared and not there is made, and the plan that was shown is what ran", async () => {
  const {
    password,
    verifier,
    inputs: app,
  } = login("made_app", { connectionLimit: 4, validUntil: "2999-12-31" });
  const declared = await declare({
    roles: [role("made_owner"), app],
    databases: [database("made", "made_owner", { connect: ["made_app"] })],
  });
  expect(own.lastPlan()).toEqual([
    `  CREATE ROLE "made_app" LOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 4 VALID UNTIL '2999-12-31' PASSWORD '[verifier]';  -- declared and not on the server [access] (by @pulumi/postgresql)`,
    `  CREATE ROLE "made_owner" NOLOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;  -- declared and not on the server [access] (by @pulumi/postgresql)`,
    `  CREATE DATABASE "made" OWNER "made_owner" TEMPLATE "template0" ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';  -- declared and not on the server (by @pulumi/postgresql)`,
    `  REVOKE CONNECT, TEMPORARY ON DATABASE "made" FROM PUBLIC;  -- whoever logs in to the server has it, declared or not [access]`,
    `  GRANT CONNECT ON DATABASE "made" TO "made_app";  -- declared to log in to it [access]`,
  ]);
  expect((await roleRow("made_app"))?.rolpassword).toBe(verifier);
  const session = await own.server.connect("made", { user: "made_app", password });
  await session.close();
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false, detailed: {} });
  expect(await own.stack.up(declared)).toEqual([]);
});

describe("what was changed by hand", () => {
  test.each<[string, string, string]>([
    ["NOLOGIN", "ALTER ROLE d NOLOGIN", "LOGIN"],
    ["superuser", "ALTER ROLE d SUPERUSER", "NOSUPERUSER"],
    [
      "attributes",
      "ALTER ROLE d CREATEDB CREATEROLE REPLICATION BYPASSRLS NOINHERIT",
      "INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS",
    ],
    ["a limit", "ALTER ROLE d CONNECTION LIMIT 1", "CONNECTION LIMIT 9"],
    ["an expiry", "ALTER ROLE d VALID UNTIL '2001-01-01'", "VALID UNTIL '2990-06-01 12:00:00+02'"],
    ["no expiry", "ALTER ROLE d VALID UNTIL 'infinity'", "VALID UNTIL '2990-06-01 12:00:00+02'"],
    ["a password", "ALTER ROLE d PASSWORD 'other'", "PASSWORD '[verifier]'"],
    ["no password", "ALTER ROLE d PASSWORD NULL", "PASSWORD '[verifier]'"],
  ])("on a role is found and set back: %s", async (_what, byHand, option) => {
    await own.sql("DROP ROLE IF EXISTS d");
    const { password, inputs: d } = login("d", {
      connectionLimit: 9,
      validUntil: "2990-06-01 12:00:00+02",
    });
    const declared = await declare({ roles: [d] });
    const before = await roleRow("d");
    await own.sql(byHand);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: true, detailed: { live: "update" } });
    const [planned] = own.lastPlan();
    expect(own.lastPlan()).toHaveLength(1);
    expect(planned).toMatch(/^ {2}ALTER ROLE "d" .*\[access\]$/);
    expect(planned).toContain(`"d" ${option};`);
    expect(await own.stack.up(declared)).toMatchObject([{ op: "update", diff: ["live"] }]);
    expect(await roleRow("d")).toEqual(before);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    await (await openSession({ host: "127.0.0.1", port: own.server.port, user: "d", password })).close();
  });

  test("a role and a database that were dropped are made again", async () => {
    const declared = await declare({ roles: [role("lost")], databases: [database("lost", "lost")] });
    await own.sql("DROP DATABASE lost");
    await own.sql("DROP ROLE lost");
    expect(await own.stack.diff(declared)).toMatchObject({ detailed: { live: "update" } });
    expect(own.lastPlan().map((line) => line.trim().split(" ").slice(0, 3).join(" "))).toEqual([
      'CREATE ROLE "lost"',
      'CREATE DATABASE "lost"',
      "REVOKE CONNECT, TEMPORARY",
    ]);
    expect(own.lastPlan().join()).not.toContain("@pulumi/postgresql");
    await own.stack.up(declared);
    expect(await own.sql("SELECT datname::text FROM pg_database WHERE datdba = 'lost'::regrole")).toEqual([
      { datname: "lost" },
    ]);
  });

  test("a database's owner, limit and closed doors are set back", async () => {
    const declared = await declare({
      roles: [role("keeper")],
      databases: [database("kept", "keeper", { connectionLimit: 7 })],
    });
    await own.sql("ALTER DATABASE kept OWNER TO postgres");
    await own.sql("ALTER DATABASE kept CONNECTION LIMIT 0");
    await own.sql("ALTER DATABASE kept ALLOW_CONNECTIONS false");
    await own.stack.up(declared);
    expect(own.lastPlan()).toEqual([
      '  ALTER DATABASE "kept" OWNER TO "keeper";  -- the server has owner postgres [access]',
      '  ALTER DATABASE "kept" ALLOW_CONNECTIONS true;  -- the server takes no connections to it [access]',
      '  ALTER DATABASE "kept" CONNECTION LIMIT 7;  -- the server has CONNECTION LIMIT 0 [access]',
    ]);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });

  test("what is not declared is left alone", async () => {
    const declared = await declare({ roles: [role("ours")] });
    await own.sql("CREATE ROLE theirs LOGIN SUPERUSER");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    await own.sql("DROP ROLE theirs");
  });
});

test("a change of limit or password touches no membership", async () => {
  const memberships = () =>
    own.sql("SELECT m.* FROM pg_auth_members AS m WHERE member = 'member'::regrole ORDER BY oid");
  const memberOf = [
    { role: "club", admin: true, inherit: false, set: true },
    { role: "pg_monitor", admin: false, inherit: true, set: false },
  ];
  const first = login("member", { connectionLimit: 1, memberOf });
  await declare({ roles: [role("club"), first.inputs] });
  const before = await memberships();
  expect(before).toHaveLength(2);
  const second = login("member", { connectionLimit: 2, memberOf });
  const declared = serverAccess(own.connection, { roles: [role("club"), second.inputs] });
  expect(await own.stack.up(declared)).toMatchObject([{ op: "update", diff: ["roles"] }]);
  expect(await roleRow("member")).toMatchObject({ rolconnlimit: 2, rolpassword: second.verifier });
  expect(await memberships()).toEqual(before);
});

test("a role becomes a login with a password that the preview does not know yet", async () => {
  await declare({ roles: [role("later")] });
  const pending = serverAccess(own.connection, {
    roles: [role("later", { login: true, verifier: secret(unknown) })],
  });
  expect(await own.stack.diff(pending)).toMatchObject({ detailed: { roles: "update" } });
  expect(own.lastPlan()).toEqual([
    '  ALTER ROLE "later" LOGIN;  -- the server has NOLOGIN [access]',
    `  ALTER ROLE "later" PASSWORD '[verifier]';  -- a new password is made in this run [access]`,
  ]);
});

describe("what leaves the configuration", () => {
  test("a database is refused unless it is named, in the preview and without one", async () => {
    const declared = await declare({ roles: [role("g")], databases: [database("going", "g")] });
    const without = serverAccess(own.connection, { roles: [role("g")] });
    const entry = own.stack.entry("Access/server");
    const request = { id: entry.id, state: entry.state, oldInputs: entry.inputs, inputs: without.inputs };
    const client = own.provider.resource(declared.token, "server");
    expect(await client.diff(request)).toMatchObject({ changed: true });
    const { refusals } = await client.update(request, { preview: true });
    expect(refusals).toMatchObject([{ subject: "database going" }]);
    expect((refusals as PropertyMap[])[0]?.message).toMatch(
      /the database \([\d.]+ MB\) and everything in it would be dropped/,
    );
    await expect(own.stack.up(without)).rejects.toThrow(
      /before any statement was sent \(1 refusal\)[\s\S]*allowDataLoss: \["database going"\]/,
    );
    const allowed = serverAccess(own.connection, { roles: [role("g")], allowDataLoss: ["database going"] });
    expect(await own.stack.up(allowed)).toMatchObject([{ op: "update" }]);
    // Dropping it is the official resource's part.
    expect(await own.sql("SELECT FROM pg_database WHERE datname = 'going'")).toHaveLength(1);
  });

  test("a role with objects is refused with the list, and nothing else of the run happens", async () => {
    await declare({ roles: [role("hoarder"), role("other")] });
    await own.sql("CREATE TABLE public.hoard (n int)");
    await own.sql("ALTER TABLE public.hoard OWNER TO hoarder");
    const without = serverAccess(own.connection, { roles: [role("other", { connectionLimit: 3 })] });
    await expect(own.stack.up(without)).rejects.toThrow(
      /role hoarder: it left the configuration and cannot be dropped: it has 1 relation in postgres[\s\S]*REASSIGN OWNED/,
    );
    expect((await roleRow("other"))?.rolconnlimit).toBe(-1);
    await own.sql("DROP TABLE public.hoard");
    expect(await own.stack.up(without)).toHaveLength(1);
  });

  test.each([
    ["encoding", { encoding: "LATIN1" }],
    ["lcCollate", { lcCollate: "POSIX" }],
    ["template", { template: "template1" }],
  ])("a change of %s is refused, with what to do instead", async (property, change) => {
    await declare({ roles: [role("f")], databases: [database("fixed", "f")] });
    const changed = serverAccess(own.connection, {
      roles: [role("f")],
      databases: [database("fixed", "f", change)],
    });
    await expect(own.stack.up(changed)).rejects.toThrow(
      new RegExp(`database fixed: its ${property} cannot change[\\s\\S]*declare a new database beside it`),
    );
  });
});

test("names that PostgreSQL would cut are refused before anything is asked of it", async () => {
  const name = "n".repeat(64);
  const client = own.provider.resource("pgstead:index:Access", "server");
  const { failures } = await client.check(
    serverAccess(own.connection, { roles: [role(name)], rolls: [] }).inputs,
  );
  expect(failures).toMatchObject([
    { property: "rolls", reason: expect.stringContaining("not an argument") as string },
    { property: "roles", reason: `"${name}" is no name: it takes 1 to 63 bytes` },
  ]);
});
