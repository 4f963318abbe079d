import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { identifierBytes } from "../../components/core/identifier";
import type { DesiredMembership } from "../../components/core/server/membership";
import type { DesiredRole } from "../../components/core/server/role";
import { planServerAccess } from "../../components/core/server/access";
import type { ServerAccess } from "../../components/core/server/model";
import type { SettingValue } from "../../components/core/server/role-settings";
import { applyStatements } from "../../components/io/apply";
import { readServerCatalog } from "../../components/io/catalog/server";
import type { Session } from "../../components/io/session";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let session: Session;

beforeAll(async () => {
  server = await startServer();
  session = await server.connect();
});

afterAll(async () => {
  await session.close();
  await server.stop();
});

/** Everything that a name of PostgreSQL may be, with what is known to break quoting more often than chance. */
const name = fc
  .oneof(
    fc.constantFrom(
      "select",
      "user",
      "current_user",
      'a"b',
      '""',
      "it's",
      "a.b",
      "back\\slash",
      "'; DROP ROLE postgres; --",
      "$1",
      "$$",
      "%I",
      " ",
      "A",
      "\n",
      "/* x",
      "Ünïcode",
      "日本語",
      "👩‍🚀",
      "x".repeat(63),
      "é".repeat(31),
    ),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
    fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 63 }),
  )
  .filter((text) => !text.includes("\0") && identifierBytes(text) <= 63)
  .filter((text) => !/^(?:pg_|public$|none$|postgres$|template[01]$)/.test(text));

/** Text of a value: PostgreSQL takes any but a zero byte. */
const text = fc.string({ unit: "grapheme", maxLength: 20 }).filter((value) => !value.includes("\0"));

const settings = fc.record<Record<string, SettingValue>>(
  {
    work_mem: fc.constantFrom("64kB", "8MB", "1GB"),
    search_path: fc.array(name, { maxLength: 3 }),
    "app.tenant": text,
    DateStyle: fc.constantFrom("ISO, DMY", "SQL, MDY"),
  },
  { requiredKeys: [] },
);

/** Memberships only go from later to earlier roles: no circles. */
function memberships(names: readonly string[]): fc.Arbitrary<readonly DesiredMembership[]> {
  const flags = { admin: fc.boolean(), inherit: fc.boolean(), set: fc.boolean() };
  return fc
    .subarray([...names, "pg_monitor"])
    .chain((roles) => fc.tuple(...roles.map((role) => fc.record({ role: fc.constant(role), ...flags }))));
}

function role(at: number, names: readonly string[], database: string): fc.Arbitrary<DesiredRole> {
  return fc.record({
    name: fc.constant(names[at]!),
    login: fc.boolean(),
    connectionLimit: fc.integer({ min: -1, max: 9 }),
    inherit: fc.boolean(),
    createDatabase: fc.boolean(),
    createRole: fc.boolean(),
    replication: fc.boolean(),
    bypassRowLevelSecurity: fc.boolean(),
    database: fc.constant(database),
    memberOf: memberships(names.slice(0, at)),
    settings,
    databaseSettings: settings,
  });
}

/** What one stack declares, of a fixed set of names. */
function declaration(names: readonly string[], database: string): fc.Arbitrary<ServerAccess> {
  const [owner = "", ...others] = names.slice(0, 4);
  const group = (at: number) => ({ name: names[at]!, database, schema: "app", profile: "reader" as const });
  const fixed = { name: database, encoding: "UTF8", lcCollate: "C", lcCtype: "C", template: "template0" };
  return fc.tuple(fc.subarray([1, 2, 3]), fc.subarray([4, 5])).chain(([present, groups]) =>
    fc
      .record({
        roles: fc.tuple(...[0, ...present].map((at) => role(at, names, database))),
        connect: fc.subarray(others.filter((_, index) => present.includes(index + 1))),
        temporary: fc.subarray(groups.map((at) => names[at]!)),
        connectionLimit: fc.integer({ min: -1, max: 9 }),
        settings,
      })
      .map(({ roles, ...rest }) => {
        const declared = new Set([...roles.map((one) => one.name), ...groups.map((at) => names[at]!)]);
        const kept = ({ role: to }: DesiredMembership) => to === "pg_monitor" || declared.has(to);
        return {
          roles: roles.map((one) => ({ ...one, memberOf: one.memberOf.filter(kept) })),
          groups: groups.map(group),
          databases: [{ ...fixed, owner, ...rest, authoritative: true }],
          closed: [],
          allowDataLoss: [],
          protect: false,
        };
      }),
  );
}

const worlds = fc
  .tuple(fc.uniqueArray(name, { minLength: 6, maxLength: 6 }), name)
  .chain(([names, database]) =>
    fc.tuple(declaration(names, database), declaration(names, database), fc.constant({ names, database })),
  );

async function plan(desired: ServerAccess, before: ServerAccess | undefined) {
  return planServerAccess(desired, before, await readServerCatalog(session));
}

async function apply(desired: ServerAccess, before: ServerAccess | undefined): Promise<void> {
  const { statements, refusals } = await plan(desired, before);
  expect(refusals).toEqual([]);
  await applyStatements(session, statements, async (database, use) => {
    const other = await server.connect(database);
    await use(other).finally(() => other.close());
  });
}

/** What the official resources do with what left. */
async function dropLeft(desired: ServerAccess, before: ServerAccess): Promise<void> {
  const staying = new Set(desired.roles.map((one) => one.name));
  for (const left of before.roles.filter((one) => !staying.has(one.name))) {
    const [row] = await session.query<{ sql: string }>("SELECT format('DROP ROLE %I', $1::text) AS sql", [
      left.name,
    ]);
    await session.query(row?.sql ?? "");
  }
}

async function clear({ names, database }: { names: readonly string[]; database: string }): Promise<void> {
  const format = async (form: string, value: string) => {
    const [row] = await session.query<{ sql: string }>("SELECT format($1::text, $2::text) AS sql", [
      form,
      value,
    ]);
    await session.query(row?.sql ?? "");
  };
  await format("DROP DATABASE IF EXISTS %I", database);
  for (const one of names) await format("DROP ROLE IF EXISTS %I", one);
}

test("any declaration with any names is reached from any other one, by a plan that leaves nothing to do", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async ([first, second, world]) => {
      try {
        await apply(first, undefined);
        expect((await plan(first, first)).statements).toEqual([]);
        await apply(second, first);
        expect((await plan(second, first)).statements).toEqual([]);
        await dropLeft(second, first);
        expect((await plan(second, second)).statements).toEqual([]);
      } finally {
        await clear(world);
      }
    }),
    { numRuns: 25, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
  );
}, 120_000);

test("the order in which things are declared, and read, changes no plan", async () => {
  await fc.assert(
    fc.asyncProperty(worlds, async ([first, second, world]) => {
      try {
        await apply(first, undefined);
        const catalog = await readServerCatalog(session);
        const straight = planServerAccess(second, first, catalog);
        const reversed = <Item>(items: readonly Item[]): Item[] => items.toReversed();
        const turned: ServerAccess = {
          ...second,
          roles: reversed(second.roles).map((one) => ({ ...one, memberOf: reversed(one.memberOf) })),
          groups: reversed(second.groups),
          databases: reversed(second.databases),
        };
        const turnedCatalog = {
          ...catalog,
          roles: reversed(catalog.roles),
          databases: reversed(catalog.databases).map((one) => ({ ...one, acl: reversed(one.acl) })),
          memberships: reversed(catalog.memberships),
          settings: reversed(catalog.settings),
        };
        expect(planServerAccess(turned, first, turnedCatalog)).toEqual(straight);
      } finally {
        await clear(world);
      }
    }),
    { numRuns: 15, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
  );
}, 120_000);
