import { beforeAll, describe, expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { database, role, serverAccess, useOwnProvider } from "../support/own-provider";
import { changesIn, logEverything, readLog } from "../support/server-log";

const own = useOwnProvider();

beforeAll(() => logEverything(own.server));

const shown = () => own.lastPlan().map((line) => line.trim().split(";  --")[0]);

/** A stack of its own in every test, with an owner and a role that has things. */
async function stackOf(name: string, change: PropertyMap = {}, groups: PropertyMap[] = []) {
  own.stack.entries.clear();
  const owner = role(`${name}_owner`, { database: name });
  const app = (more: PropertyMap = {}) => role(`${name}_app`, { login: true, database: name, ...more });
  const shop = database(name, `${name}_owner`, { connect: [`${name}_app`], ...change });
  const declare = (roles: PropertyMap[], more: PropertyMap = {}) =>
    serverAccess(own.connection, { roles: [owner, ...roles], databases: [shop], groups, ...more });
  const quiet = { ...shop, connect: [] };
  await own.stack.up(declare([app()]));
  return { app, declare, quiet };
}

/** Statements one after the other, in one session. */
async function run(name: string, ...statements: string[]) {
  for (const statement of statements) await own.sql(statement, name);
}

const ownersIn = (name: string) =>
  own.sql(
    `SELECT c.relname::text AS name, c.relowner::regrole::text AS owner FROM pg_class AS c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'S') ORDER BY 1`,
    name,
  );

describe("retired: reassign", () => {
  test("takes login, memberships and privileges, gives what it owns to the owner, and then it can go", async () => {
    const { app, declare, quiet } = await stackOf("old");
    await run(
      "old",
      "CREATE TABLE public.mine (n serial)",
      "ALTER TABLE public.mine OWNER TO old_app",
      "CREATE TABLE public.theirs (n int)",
      "GRANT SELECT ON public.theirs TO old_app",
      "ALTER DEFAULT PRIVILEGES FOR ROLE old_app GRANT SELECT ON TABLES TO old_owner",
      "GRANT pg_monitor TO old_app",
      "INSERT INTO public.mine VALUES (7)",
    );
    const retired = declare([app({ login: false, retired: "reassign" })], { databases: [quiet] });
    expect(await own.stack.diff(retired)).toMatchObject({ changed: true });
    expect(own.lastPlan().map((line) => line.trim().replace(/ \[.*/, ""))).toEqual([
      'ALTER ROLE "old_app" NOLOGIN;  -- the server has LOGIN',
      'REVOKE "pg_monitor" FROM "old_app";  -- nobody declared that old_app belongs to it',
      'REVOKE CONNECT ON DATABASE "old" FROM "old_app";  -- nobody declared it',
      'REASSIGN OWNED BY "old_app" TO "old_owner";  -- it is retired: 2 relations in old',
      'DROP OWNED BY "old_app";  -- it is retired: 2 privileges in old',
    ]);
    await own.stack.up(retired);
    expect(await ownersIn("old")).toEqual([
      { name: "mine", owner: "old_owner" },
      { name: "mine_n_seq", owner: "old_owner" },
      { name: "theirs", owner: "postgres" },
    ]);
    expect(await own.sql("SELECT n FROM public.mine", "old")).toEqual([{ n: 7 }]);
    expect(await own.stack.diff(retired)).toMatchObject({ changed: false });
    await own.stack.up(declare([], { databases: [quiet] }));
    await own.sql("DROP ROLE old_app"); // as its official resource does
  });

  test("is refused with the list while it owns something that is not this stack's", async () => {
    const { app, declare } = await stackOf("wide");
    await own.sql("CREATE DATABASE foreign_one");
    await run(
      "foreign_one",
      "CREATE TABLE public.far (n int)",
      "ALTER TABLE public.far OWNER TO wide_app",
      "CREATE FUNCTION public.away() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      "ALTER FUNCTION public.away() OWNER TO wide_app",
    );
    const retired = declare([app({ login: false, retired: "reassign" })]);
    await expect(own.stack.up(retired)).rejects.toThrow(
      /role wide_app: it is retired, and owns what this stack may not give away: 1 function, 1 relation in foreign_one[\s\S]*retired: keep/,
    );
    const kept = declare([app({ login: false, retired: "keep" })]);
    await own.stack.up(kept);
    expect(await own.stack.diff(kept)).toMatchObject({ changed: false });
    expect(
      await own.sql("SELECT tableowner::text AS o FROM pg_tables WHERE tablename = 'far'", "foreign_one"),
    ).toEqual([{ o: "wide_app" }]);
  });
});

describe("a role that left the configuration", () => {
  test("is cleared of its privileges in the same run, so that its official resource can drop it", async () => {
    const { declare, quiet } = await stackOf("leave");
    await run(
      "leave",
      "CREATE SCHEMA s",
      "GRANT USAGE ON SCHEMA s TO leave_app",
      "CREATE TABLE s.t (n int)",
      "GRANT SELECT, INSERT ON s.t TO leave_app WITH GRANT OPTION",
      "GRANT CREATE ON DATABASE leave TO leave_app",
    );
    const without = declare([], { databases: [quiet] });
    await own.stack.diff(without);
    expect(shown()).toEqual([
      'REVOKE CONNECT, CREATE ON DATABASE "leave" FROM "leave_app"',
      'REASSIGN OWNED BY "leave_app" TO "leave_owner"',
      'DROP OWNED BY "leave_app"',
    ]);
    await own.stack.up(without);
    await own.sql("DROP ROLE leave_app");
  });

  test("and owns something stops the preview with the list, and nothing is sent", async () => {
    const { declare } = await stackOf("stay");
    await run("stay", "CREATE TABLE public.t (n int)", "ALTER TABLE public.t OWNER TO stay_app");
    const before = changesIn(await readLog(own.server)).length;
    await expect(own.stack.up(declare([]))).rejects.toThrow(
      /role stay_app: it left the configuration and cannot be dropped: it has 1 relation in stay\n.*retired: reassign/,
    );
    expect(changesIn(await readLog(own.server)).slice(before)).toEqual([]);
  });

  test("a policy that names it stops the preview: without it others would see more, or less", async () => {
    const { declare } = await stackOf("rows");
    await run(
      "rows",
      "CREATE TABLE public.t (n int)",
      "CREATE POLICY p ON public.t TO rows_app USING (true)",
    );
    await expect(own.stack.up(declare([]))).rejects.toThrow(/cannot be dropped: it has 1 policy in rows/);
  });

  test("privileges elsewhere stop the preview as well", async () => {
    const { declare } = await stackOf("guest");
    await own.sql("CREATE DATABASE other_home");
    await own.sql("GRANT CONNECT ON DATABASE other_home TO guest_app");
    await expect(own.stack.up(declare([]))).rejects.toThrow(
      /role guest_app: .* it has 1 privilege on database other_home/,
    );
  });

  test("what it granted to others goes before it, and the declared ones are given again", async () => {
    const memberOf = [{ role: "chain_club", admin: true, inherit: true, set: true }];
    const friend = [{ role: "chain_club", admin: false, inherit: true, set: true }];
    const club = role("chain_club");
    const { app, declare, quiet } = await stackOf("chain");
    await own.stack.up(declare([app({ memberOf }), club, role("chain_friend")]));
    await own.sql("GRANT chain_club TO chain_friend GRANTED BY chain_app");
    const without = declare([club, role("chain_friend", { memberOf: friend })], { databases: [quiet] });
    await own.stack.diff(without);
    expect(shown()).toEqual([
      'REVOKE "chain_club" FROM "chain_friend" GRANTED BY "chain_app"',
      'REVOKE "chain_club" FROM "chain_app"',
      'GRANT "chain_club" TO "chain_friend" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE',
      'REVOKE CONNECT ON DATABASE "chain" FROM "chain_app"',
    ]);
    await own.stack.up(without);
    await own.sql("DROP ROLE chain_app");
  });
});

describe("a group", () => {
  const groups = (name: string, ...schemas: string[]) =>
    schemas.map((schema) => ({
      name: `${name}_${schema}_writer`,
      database: name,
      schema,
      profile: "writer",
    }));

  test("goes with its schema, with all that was granted to it", async () => {
    const { app, declare } = await stackOf("grp", { temporary: ["grp_a_writer"] }, groups("grp", "a", "b"));
    await run(
      "grp",
      "CREATE SCHEMA b",
      "CREATE TABLE b.t (n int)",
      "GRANT USAGE ON SCHEMA b TO grp_b_writer",
      "GRANT INSERT ON b.t TO grp_b_writer",
      "ALTER DEFAULT PRIVILEGES IN SCHEMA b GRANT INSERT ON TABLES TO grp_b_writer",
      "ALTER TABLE b.t OWNER TO grp_b_writer",
    );
    const without = declare([app()], { groups: groups("grp", "a") });
    await own.stack.up(without);
    expect(await own.sql("SELECT rolname::text AS n FROM pg_roles WHERE rolname ~ '^grp_._w'")).toEqual([
      { n: "grp_a_writer" },
    ]);
    expect(await own.sql("SELECT tableowner::text AS o FROM pg_tables WHERE tablename = 't'", "grp")).toEqual(
      [{ o: "grp_owner" }],
    );
    expect(await own.stack.diff(without)).toMatchObject({ changed: false });
  });

  test("goes before its database does, and with the whole resource", async () => {
    const { app, declare, quiet } = await stackOf("end", { temporary: ["end_a_writer"] }, groups("end", "a"));
    const gone = declare([app()], { databases: [], groups: [], allowDataLoss: ["database end"] });
    await own.stack.up(gone);
    expect(await own.sql("SELECT FROM pg_roles WHERE rolname = 'end_a_writer'")).toEqual([]);
    await own.stack.up(declare([app()], { groups: groups("end", "a"), databases: [quiet] }));
    await own.stack.destroy("Access/server");
    expect(await own.sql("SELECT FROM pg_roles WHERE rolname = 'end_a_writer'")).toEqual([]);
    expect(await own.sql("SELECT FROM pg_database WHERE datname = 'end'")).toHaveLength(1);
  });
});
