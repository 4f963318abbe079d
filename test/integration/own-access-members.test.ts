import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { database, role, serverAccess, useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();

beforeEach(async () => {
  own.stack.entries.clear();
  await own.sql("CREATE ROLE club; CREATE ROLE carol; CREATE ROLE dave; CREATE ROLE elsewhere");
});

afterEach(async () => {
  await own.sql(`DO $$ DECLARE r text; BEGIN
    FOR r IN SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres' LOOP
      EXECUTE format('REASSIGN OWNED BY %I TO postgres', r);
      EXECUTE format('DROP OWNED BY %I CASCADE', r);
    END LOOP;
    FOR r IN SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres' LOOP
      EXECUTE format('DROP ROLE %I', r);
    END LOOP; END $$`);
});

const memberOf = (name: string, change: PropertyMap = {}) => ({
  role: name,
  admin: false,
  inherit: true,
  set: true,
  ...change,
});

/** Memberships of the test's roles as `role < member (ADMIN INHERIT SET) by grantor`. */
const memberships = async () =>
  (
    await own.sql(`SELECT format('%s < %s (%s) by %s', m.roleid::regrole, m.member::regrole, concat_ws(' ',
      CASE WHEN admin_option THEN 'ADMIN' END, CASE WHEN inherit_option THEN 'INHERIT' END,
      CASE WHEN set_option THEN 'SET' END), m.grantor::regrole) AS line
    FROM pg_auth_members AS m WHERE m.member::regrole::text !~ '^pg_' ORDER BY 1`)
  ).map(({ line }) => line);

const shown = () => own.lastPlan().map((line) => line.trim().split(";  --")[0]);

async function declare(...roles: PropertyMap[]) {
  const declared = serverAccess(own.connection, { roles });
  await own.stack.up(declared);
  return declared;
}

test("a membership is given with its options, and the next preview is empty", async () => {
  const declared = await declare(
    role("app", { memberOf: [memberOf("club", { admin: true, inherit: false, set: false })] }),
  );
  expect(await memberships()).toEqual(["club < app (ADMIN) by postgres"]);
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
});

describe("what was changed by hand is set back by exactly what the preview shows", () => {
  test.each<[string, string, string[]]>([
    ["revoked", "REVOKE club FROM app", ['GRANT "club" TO "app" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE']],
    [
      "ADMIN added",
      "GRANT club TO app WITH ADMIN OPTION",
      ['GRANT "club" TO "app" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE'],
    ],
    [
      "INHERIT and SET taken",
      "GRANT club TO app WITH INHERIT FALSE, SET FALSE",
      ['GRANT "club" TO "app" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE'],
    ],
    ["another membership", "GRANT elsewhere TO app", ['REVOKE "elsewhere" FROM "app"']],
    [
      "another one, by somebody else",
      "GRANT elsewhere TO dave WITH ADMIN OPTION; GRANT elsewhere TO app GRANTED BY dave",
      ['REVOKE "elsewhere" FROM "app" GRANTED BY "dave"'],
    ],
    [
      "the same one with more, by somebody else",
      "GRANT club TO dave WITH ADMIN OPTION; GRANT club TO app WITH ADMIN OPTION GRANTED BY dave",
      ['REVOKE "club" FROM "app" GRANTED BY "dave"'],
    ],
    [
      "a chain of grants",
      `GRANT elsewhere TO app WITH ADMIN OPTION; GRANT elsewhere TO carol WITH ADMIN OPTION GRANTED BY app;
       GRANT elsewhere TO dave GRANTED BY carol`,
      [
        'REVOKE "elsewhere" FROM "dave" GRANTED BY "carol"',
        'REVOKE "elsewhere" FROM "carol" GRANTED BY "app"',
        'REVOKE "elsewhere" FROM "app"',
      ],
    ],
    [
      "ADMIN added and used",
      "GRANT club TO app WITH ADMIN OPTION; GRANT club TO carol GRANTED BY app",
      [
        'REVOKE "club" FROM "carol" GRANTED BY "app"',
        'GRANT "club" TO "app" WITH ADMIN FALSE, INHERIT TRUE, SET TRUE',
      ],
    ],
  ])("%s", async (_what, byHand, expected) => {
    const declared = await declare(role("app", { memberOf: [memberOf("club")] }));
    for (const statement of byHand.split(";")) await own.sql(statement);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: true, detailed: { live: "update" } });
    expect(shown()).toEqual(expected);
    await own.stack.up(declared);
    expect((await memberships()).filter((line) => String(line).includes("< app"))).toEqual([
      "club < app (INHERIT SET) by postgres",
    ]);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });
});

test("the same membership by somebody else is enough, and stays", async () => {
  await own.sql("GRANT club TO dave WITH ADMIN OPTION; CREATE ROLE app");
  await own.sql("GRANT club TO app GRANTED BY dave");
  const declared = await declare(role("app", { memberOf: [memberOf("club")] }));
  expect(await memberships()).toContain("club < app (INHERIT SET) by dave");
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
});

test("what a creator of roles is by itself is no drift", async () => {
  const declared = await declare(role("maker", { createRole: true }));
  await own.sql("SET ROLE maker; SET createrole_self_grant = 'set, inherit'; CREATE ROLE made; RESET ROLE");
  expect(await memberships()).toEqual([
    "made < maker (ADMIN) by postgres",
    "made < maker (INHERIT SET) by maker",
  ]);
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
});

test("ADMIN on what a creator of roles did not make is drift", async () => {
  const declared = await declare(role("maker", { createRole: true }), role("ours"));
  await own.sql("GRANT pg_monitor, ours TO maker WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
  await own.stack.diff(declared);
  expect(shown()).toEqual(['REVOKE "ours" FROM "maker"', 'REVOKE "pg_monitor" FROM "maker"']);
  // Nor is one that may make roles no more an administrator of those that it made.
  await own.sql("SET ROLE maker; CREATE ROLE made; RESET ROLE");
  const plain = await declare(role("maker"), role("ours"));
  expect(await memberships()).toEqual([]);
  expect(await own.stack.diff(plain)).toMatchObject({ changed: false });
});

describe("a member of a group that nobody declared", () => {
  const groups = [
    { name: "shop_app_reader", database: "shop", schema: "app", profile: "reader" },
    { name: "shop_app_writer", database: "shop", schema: "app", profile: "writer" },
  ];
  const withGroups = (authoritative: boolean) =>
    serverAccess(own.connection, {
      roles: [role("shop_owner"), role("app", { memberOf: [memberOf("shop_app_writer", { set: false })] })],
      databases: [database("shop", "shop_owner", { authoritative, temporary: ["shop_app_writer"] })],
      groups,
    });
  afterEach(async () => {
    await own.sql("DROP DATABASE shop");
  });

  test("is told and left alone", async () => {
    const declared = withGroups(false);
    await own.stack.up(declared);
    await own.sql("GRANT shop_app_reader TO carol");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    expect(own.lastPlan()).toEqual([
      "  left alone: membership of carol in shop_app_reader: nobody declared it (by postgres)",
    ]);
    expect(await memberships()).toContain("shop_app_reader < carol (INHERIT SET) by postgres");
  });

  test("is put out where the database is authoritative", async () => {
    const declared = withGroups(true);
    await own.stack.up(declared);
    await own.sql("GRANT shop_app_reader TO carol");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: true });
    expect(shown()).toEqual(['REVOKE "shop_app_reader" FROM "carol"']);
    await own.stack.up(declared);
    expect(await memberships()).toEqual(["shop_app_writer < app (INHERIT) by postgres"]);
  });

  test("its attributes are kept: a group that may log in may not any more", async () => {
    const declared = withGroups(false);
    await own.stack.up(declared);
    await own.sql("ALTER ROLE shop_app_reader LOGIN CREATEROLE");
    await own.stack.diff(declared);
    expect(shown()).toEqual(['ALTER ROLE "shop_app_reader" NOLOGIN NOCREATEROLE']);
    await own.stack.up(declared);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });
});

test("a membership in a role that is nowhere is refused before anything is sent", async () => {
  const declared = serverAccess(own.connection, {
    roles: [role("app", { memberOf: [memberOf("nowhere")] })],
  });
  await expect(own.stack.up(declared)).rejects.toThrow(
    /role app: it is declared to belong to nowhere, which is neither declared nor on the server/,
  );
  expect(await own.sql("SELECT FROM pg_roles WHERE rolname = 'app'")).toEqual([]);
});

test("a member goes up and its former group goes down: the circle is never closed", async () => {
  await own.sql("CREATE ROLE a; CREATE ROLE b; GRANT a TO b");
  const declared = await declare(role("a", { memberOf: [memberOf("b")] }), role("b"));
  expect(await memberships()).toEqual(["b < a (INHERIT SET) by postgres"]);
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
});
