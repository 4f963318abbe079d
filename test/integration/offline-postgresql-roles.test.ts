import { describe, expect, test } from "vitest";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { secret } from "../../components/providers/properties";
import { database, role, useOfflinePostgresql } from "../support/offline-postgresql";
import { ProviderStack, type Declared } from "../support/provider-stack";

const offline = useOfflinePostgresql();

describe("a role", () => {
  test("loses every membership that is not declared, at any update", async () => {
    await offline.sql("CREATE ROLE by_hand");
    const limit = (connectionLimit: number) =>
      role({ name: "joined", connectionLimit, roles: ["pg_monitor"] });
    await offline.stack.up(limit(5));
    await offline.sql("GRANT by_hand TO joined; GRANT pg_monitor TO joined WITH ADMIN OPTION");
    await offline.stack.up(limit(6));
    const found = await offline.sql(`
      SELECT m.roleid::regrole::text AS role, m.admin_option, m.inherit_option, m.set_option
        FROM pg_auth_members m WHERE m.member = 'joined'::regrole`);
    expect(found).toEqual([
      { role: "pg_monitor", admin_option: false, inherit_option: true, set_option: true },
    ]);
  });

  test("shows memberships made by hand after a refresh, and revokes them in the next run", async () => {
    const plain = role({ name: "member" });
    await offline.stack.up(plain);
    await offline.sql("CREATE ROLE club; GRANT club TO member");
    expect(await offline.stack.up(plain)).toEqual([]);
    expect(await offline.stack.refresh()).toContainEqual({
      op: "update",
      name: "member",
      diff: ["roles"],
      replace: [],
    });
    expect(await offline.stack.diff(plain)).toMatchObject({ changed: true, detailed: { roles: "delete" } });
    expect(await offline.stack.diff({ ...plain, ignoreChanges: ["*"] })).toMatchObject({ changed: true });
    expect(await offline.stack.diff({ ...plain, ignoreChanges: ["*", "roles"] })).toMatchObject({
      changed: false,
    });
    await offline.stack.up(plain);
    expect(await offline.sql("SELECT FROM pg_auth_members WHERE member = 'member'::regrole")).toEqual([]);
  });

  test("keeps an ignored membership when something else changes", async () => {
    const limit = (connectionLimit: number) => role({ name: "ignoring", connectionLimit });
    await offline.stack.up(limit(1));
    await offline.sql("CREATE ROLE kept_club; GRANT kept_club TO ignoring");
    await offline.stack.refresh();
    await offline.stack.up({ ...limit(2), ignoreChanges: ["roles"] });
    expect(await offline.sql("SELECT FROM pg_auth_members WHERE member = 'ignoring'::regrole")).toHaveLength(
      1,
    );
    expect(await offline.sql("SELECT rolconnlimit AS n FROM pg_roles WHERE rolname = 'ignoring'")).toEqual([
      { n: 2 },
    ]);
  });

  test("gets its search path reset by any update", async () => {
    await offline.stack.up(role({ name: "pathless", connectionLimit: 1 }));
    await offline.sql("ALTER ROLE pathless SET search_path TO app");
    await offline.stack.up(role({ name: "pathless", connectionLimit: 2 }));
    expect(await offline.sql("SELECT rolconfig FROM pg_roles WHERE rolname = 'pathless'")).toEqual([
      { rolconfig: null },
    ]);
  });

  test("stores a verifier as it is, and the login works", async () => {
    const password = generatePassword();
    const verifier = scramVerifier(password);
    await offline.stack.up(role({ name: "entering", login: true, password: secret(verifier) }));
    const stored = await offline.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'entering'");
    expect(stored).toEqual([{ rolpassword: verifier }]);
    const session = await offline.server.connect("postgres", { user: "entering", password });
    await session.close();
    expect(offline.stack.entry("Role/entering").state.password).toEqual(secret(verifier));
  });

  test("does not read a changed password back", async () => {
    await offline.stack.up(role({ name: "rotated", login: true, password: secret(scramVerifier("first")) }));
    await offline.sql(`ALTER ROLE rotated PASSWORD '${scramVerifier("second")}'`);
    expect((await offline.stack.refresh()).filter(({ name }) => name === "rotated")).toEqual([]);
  });

  test("is renamed in place, with its password", async () => {
    const password = secret(scramVerifier("same"));
    const declaration = (name: string): Declared => role({ name, login: true, password }, "moving");
    await offline.stack.up(declaration("old_name"));
    const [before] = await offline.sql("SELECT oid FROM pg_roles WHERE rolname = 'old_name'");
    const [step] = await offline.stack.up(declaration("new_name"));
    expect(step).toEqual({ op: "update", name: "moving", diff: ["name"], replace: [] });
    expect(await offline.sql("SELECT oid FROM pg_roles WHERE rolname = 'new_name'")).toEqual([before]);
    await offline.stack.refresh();
    expect(offline.stack.entry("Role/moving").id).toBe("new_name");
    await offline.stack.destroy("Role/moving");
  });

  test("gets every attribute that is asked for, and loses it again", async () => {
    const flags = [
      "superuser",
      "createDatabase",
      "createRole",
      "replication",
      "bypassRowLevelSecurity",
      "login",
    ];
    const all = Object.fromEntries(flags.map((flag) => [flag, true]));
    await offline.stack.up(role({ name: "mighty", ...all, inherit: false }));
    const columns =
      "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin, NOT rolinherit AS noinherit";
    const query = `SELECT ${columns} FROM pg_roles WHERE rolname = 'mighty'`;
    expect(Object.values((await offline.sql(query))[0] ?? {})).toEqual(Array(7).fill(true));
    const [step] = await offline.stack.up(role({ name: "mighty" }));
    expect(step?.diff).toEqual([...flags, "inherit"].sort());
    expect(Object.values((await offline.sql(query))[0] ?? {})).toEqual(Array(7).fill(false));
  });

  test("gives its objects in the provider's database to the login, and is dropped", async () => {
    await offline.stack.up(role({ name: "leaving" }));
    await offline.sql("CREATE TABLE public.heritage (); ALTER TABLE public.heritage OWNER TO leaving");
    await offline.sql("GRANT SELECT ON pg_catalog.pg_authid TO leaving");
    await offline.stack.destroy("Role/leaving");
    expect(await offline.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'heritage'")).toEqual([
      { tableowner: "postgres" },
    ]);
    expect(await offline.sql("SELECT FROM pg_roles WHERE rolname = 'leaving'")).toEqual([]);
  });

  test("with objects in another database fails to be dropped, every time", async () => {
    await offline.stack.up(role({ name: "scattered" }), database({ name: "elsewhere" }));
    await offline.sql("CREATE TABLE public.t (); ALTER TABLE public.t OWNER TO scattered", "elsewhere");
    for (const _ of [1, 2]) {
      await expect(offline.stack.destroy("Role/scattered")).rejects.toThrow(
        /role "scattered"[\s\S]*2BP01[\s\S]*1 object in database elsewhere[\s\S]*hint: .*REASSIGN OWNED/,
      );
    }
    await offline.stack.destroy("Database/elsewhere", "Role/scattered");
  });

  test("keeps its objects with skipReassignOwned, and itself with skipDropRole", async () => {
    await offline.stack.up(
      role({ name: "owning", skipReassignOwned: true }),
      role({ name: "staying", skipDropRole: true }),
    );
    await offline.sql("CREATE TABLE public.own (); ALTER TABLE public.own OWNER TO owning");
    await expect(offline.stack.destroy("Role/owning")).rejects.toThrow("2BP01");
    expect(await offline.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'own'")).toEqual([
      { tableowner: "owning" },
    ]);
    await offline.stack.destroy("Role/staying");
    expect(await offline.sql("SELECT FROM pg_roles WHERE rolname = 'staying'")).toHaveLength(1);
  });

  test("many at once, members of the same group, do not get into each other's way", async () => {
    await offline.stack.up(role({ name: "crowd" }));
    const second = await offline.connect();
    try {
      const both = [offline.stack, new ProviderStack(second)] as const;
      const upAll = (connectionLimit: number) =>
        Promise.all(
          Array.from({ length: 30 }, (_, index) =>
            (index % 2 === 0 ? both[0] : both[1]).up(
              role({ name: `crowd_${index}`, roles: ["crowd"], connectionLimit }),
            ),
          ),
        );
      await upAll(2);
      await upAll(3);
      expect(await offline.sql("SELECT FROM pg_auth_members WHERE roleid = 'crowd'::regrole")).toHaveLength(
        30,
      );
    } finally {
      await second.stop();
    }
  });
});
