import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planDatabaseAccess } from "../../../../components/core/database/access";
import {
  newDatabaseCatalog,
  type ActualExtension,
  type ActualSchema,
  type DatabaseAccess,
  type DatabaseCatalog,
} from "../../../../components/core/database/model";
import { isEmptyPlan } from "../../../../components/core/statement";

function declare(change: Partial<DatabaseAccess> = {}): DatabaseAccess {
  return { database: "shop", schemas: [], extensions: [], allowDataLoss: [], ...change };
}

const app = { name: "app", owner: "shop_owner" };
const trgm = { name: "pg_trgm", schema: "public" };
const tables = [
  { kind: "function", count: 1 },
  { kind: "table", count: 2 },
];

interface Found {
  readonly schemas?: readonly (Omit<ActualSchema, "dependents" | "acl"> & Partial<ActualSchema>)[];
  readonly extensions?: readonly (Omit<ActualExtension, "dependents"> & Partial<ActualExtension>)[];
}

/** A server's catalogue, in which nothing depends on anything unless it is said. */
function server({ schemas = [], extensions = [] }: Found = {}): DatabaseCatalog {
  return {
    ...newDatabaseCatalog(),
    schemas: schemas.map((schema) => ({ dependents: [], acl: [], ...schema })),
    extensions: extensions.map((extension) => ({ dependents: [], ...extension })),
  };
}

const lines = (desired: DatabaseAccess, before: DatabaseAccess | undefined, actual: DatabaseCatalog) =>
  planDatabaseAccess(desired, before, actual).statements.map(({ sql, reason, risk, by }) =>
    [sql, reason, risk, ...(by === undefined ? [] : [by])].join(" | "),
  );

describe("schemas and extensions", () => {
  test("that are as declared need nothing", () => {
    const actual = server({
      schemas: [{ ...app, contents: tables }],
      extensions: [{ ...trgm, version: "1.6" }],
    });
    const desired = declare({ schemas: [app], extensions: [trgm] });
    expect(isEmptyPlan(planDatabaseAccess(desired, desired, actual))).toBe(true);
  });

  test("that are new are made by their official resources", () => {
    const extensions = [{ ...trgm, version: "1.6" }];
    expect(lines(declare({ schemas: [app], extensions }), undefined, server())).toEqual([
      'CREATE SCHEMA "app" AUTHORIZATION "shop_owner" | declared and not on the server | none | @pulumi/postgresql',
      `CREATE EXTENSION "pg_trgm" SCHEMA "public" VERSION '1.6' | declared and not on the server | none | @pulumi/postgresql`,
    ]);
  });

  test("that were dropped by hand are made again by Access, public too", () => {
    const public_ = { name: "public", owner: "pg_database_owner" };
    const desired = declare({ schemas: [app, public_], extensions: [trgm] });
    expect(lines(desired, desired, server())).toEqual([
      'CREATE SCHEMA "app" AUTHORIZATION "shop_owner" | declared and not on the server | none',
      'CREATE SCHEMA "public" AUTHORIZATION "pg_database_owner" | declared and not on the server | none',
      'CREATE EXTENSION "pg_trgm" SCHEMA "public" | declared and not on the server | none',
    ]);
    expect(lines(declare({ schemas: [public_] }), undefined, server())[0]).not.toContain("@pulumi");
  });

  test("that were changed by hand are set back", () => {
    const desired = declare({ schemas: [app], extensions: [{ ...trgm, version: "1.6" }] });
    const actual = server({
      schemas: [{ name: "app", owner: "mallory", contents: [] }],
      extensions: [{ name: "pg_trgm", schema: "app", version: "1.5" }],
    });
    expect(lines(desired, desired, actual)).toEqual([
      'ALTER SCHEMA "app" OWNER TO "shop_owner" | the server has owner mallory | access',
      `ALTER EXTENSION "pg_trgm" UPDATE TO '1.6' | the server has version 1.5 | lock`,
      'ALTER EXTENSION "pg_trgm" SET SCHEMA "public" | the server has it in schema app | access',
    ]);
  });

  test("without a version keep the one they have", () => {
    const actual = server({ extensions: [{ ...trgm, version: "1.3" }] });
    expect(lines(declare({ extensions: [trgm] }), undefined, actual)).toEqual([]);
  });
});

describe("a schema that leaves", () => {
  const before = declare({ schemas: [app], extensions: [trgm] });
  const full = server({
    schemas: [{ ...app, contents: tables }],
    extensions: [{ ...trgm, version: "1.6" }],
  });
  const allowed = { allowDataLoss: ["schema shop.app"] };

  test("is refused while it holds something, with what would be lost and the entry that allows it", () => {
    const plan = planDatabaseAccess(declare({ extensions: [trgm] }), before, full);
    expect(plan.refusals).toEqual([
      {
        subject: "schema shop.app",
        message: "it left the configuration and is not empty: 1 function, 2 tables would be lost",
        hint: 'declare it again, or allow the loss with pgstead:allowDataLoss: ["schema shop.app"]',
      },
    ]);
    expect(plan.statements.filter(({ risk }) => risk === "data-loss")).toEqual([]);
  });

  test("that holds a trail is refused with the way that keeps the trail", () => {
    const trail = { name: "audit", owner: "shop_audit", trail: true as const };
    const found = server({ schemas: [{ name: "audit", owner: "shop_audit", contents: tables }] });
    const plan = planDatabaseAccess(declare(), declare({ schemas: [trail] }), found);
    expect(plan.refusals).toEqual([
      {
        subject: "schema shop.audit",
        message: "it left the configuration and is not empty: 1 function, 2 tables would be lost",
        hint: "it is of a trail: to end the auditing write pgstead:audit: { schemas: [] }, which takes the triggers and keeps the trail",
      },
    ]);
  });

  test("is emptied where its own entry allows it, and no other", () => {
    const plan = planDatabaseAccess(declare(allowed), before, full);
    expect(plan.refusals).toEqual([]);
    expect(plan.statements.map(({ sql, risk }) => [sql, risk])).toEqual([
      ['DROP SCHEMA "app" CASCADE', "data-loss"],
      ['CREATE SCHEMA "app" AUTHORIZATION "shop_owner"', "none"],
    ]);
    const other = { allowDataLoss: ["schema shop.ap", "schema sho.app", "database shop"] };
    expect(planDatabaseAccess(declare(other), before, full).refusals).toHaveLength(1);
  });

  test("is left to its official resource where it is empty, gone, or public", () => {
    const empty = server({ schemas: [{ ...app, contents: [] }] });
    expect(isEmptyPlan(planDatabaseAccess(declare(), declare({ schemas: [app] }), empty))).toBe(true);
    expect(isEmptyPlan(planDatabaseAccess(declare(), declare({ schemas: [app] }), server()))).toBe(true);
    const public_ = { name: "public", owner: "pg_database_owner" };
    const kept = server({ schemas: [{ ...public_, contents: tables }] });
    expect(isEmptyPlan(planDatabaseAccess(declare(), declare({ schemas: [public_] }), kept))).toBe(true);
  });

  test("is not ours to drop where no run ever declared it", () => {
    expect(isEmptyPlan(planDatabaseAccess(declare(), declare(), full))).toBe(true);
  });

  test("counts an extension that somebody installed there, and not one that is declared", () => {
    const extensions = [
      { name: "hstore", schema: "app", version: "1.8" },
      { name: "pg_trgm", schema: "app", version: "1.6" },
    ];
    const actual = server({ schemas: [{ ...app, contents: [] }], extensions });
    const stays = planDatabaseAccess(declare({ extensions: [trgm] }), before, actual);
    expect(stays.refusals[0]?.message).toContain("1 extension would be lost");
    expect(stays.statements.map(({ sql }) => sql)).toEqual(['ALTER EXTENSION "pg_trgm" SET SCHEMA "public"']);
  });

  test("never takes along what lies outside of it, whatever is allowed", () => {
    const dependents = ["view public.recent", "constraint mood on table audit.log"];
    const actual = server({ schemas: [{ ...app, contents: tables, dependents }] });
    const plan = planDatabaseAccess(declare(allowed), declare({ schemas: [app] }), actual);
    expect(plan.statements).toEqual([]);
    expect(plan.refusals).toEqual([
      {
        subject: "schema app",
        message:
          "it left the configuration, and what lies outside of it depends on it: view public.recent, constraint mood on table audit.log",
        hint: "declare it again, or change or drop what depends on it first",
      },
    ]);
  });

  test("leaves the extensions that leave with it for their official resources to drop", () => {
    const extensions = [{ name: "pg_trgm", schema: "app", version: "1.6" }];
    const actual = server({ schemas: [{ ...app, contents: tables }], extensions });
    expect(planDatabaseAccess(declare(allowed), before, actual).statements.map(({ sql }) => sql)).toEqual([
      'DROP SCHEMA "app" CASCADE',
      'CREATE SCHEMA "app" AUTHORIZATION "shop_owner"',
      'CREATE EXTENSION "pg_trgm" SCHEMA "app"',
    ]);
  });
});

describe("an extension that leaves", () => {
  const before = declare({ extensions: [trgm] });

  test("is left to its official resource where nothing needs it", () => {
    const actual = server({ extensions: [{ ...trgm, version: "1.6" }] });
    expect(isEmptyPlan(planDatabaseAccess(declare(), before, actual))).toBe(true);
  });

  test("is refused while something depends on it, with the first names", () => {
    const dependents = ["a", "b", "c", "d", "e", "f", "g"].map((name) => `column ${name} of table app.t`);
    const actual = server({ extensions: [{ ...trgm, version: "1.6", dependents }] });
    const [refusal] = planDatabaseAccess(declare(), before, actual).refusals;
    expect(refusal?.subject).toBe("extension pg_trgm");
    expect(refusal?.message).toMatch(/^it left the configuration and is in use: column a .* and 2 more$/);
  });

  test("is made again where somebody dropped it: its official resource fails where there is nothing", () => {
    expect(lines(declare(), before, server())).toEqual([
      'CREATE EXTENSION "pg_trgm" SCHEMA "public" | left for its official resource to drop, which fails where there is nothing | none',
    ]);
  });
});

test("the order of what is declared does not matter, and names are always quoted", () => {
  const names = fc.uniqueArray(
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }).filter((name) => !name.includes("\0")),
    { minLength: 2, maxLength: 6 },
  );
  fc.assert(
    fc.property(names, (list) => {
      const schemas = list.map((name) => ({ name, owner: name }));
      const extensions = list.map((name) => ({ name, schema: name }));
      const forth = planDatabaseAccess(declare({ schemas, extensions }), undefined, server());
      const back = planDatabaseAccess(
        declare({ schemas: schemas.toReversed(), extensions: extensions.toReversed() }),
        undefined,
        server(),
      );
      expect(back).toEqual(forth);
      for (const { sql } of forth.statements) {
        expect(sql.replace(/"(?:[^"]|"")*"/gs, "x")).toMatch(
          /^CREATE (?:SCHEMA x AUTHORIZATION x|EXTENSION x SCHEMA x)$/,
        );
      }
    }),
    { verbose: true },
  );
});
