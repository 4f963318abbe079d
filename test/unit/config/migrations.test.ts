import { describe, expect, test } from "vitest";
import { parseConfig, type MigrationsConfig } from "../../../infra/config";
import { database, testCases } from "./bad-configuration";

const read = (raw: Record<string, unknown>): readonly MigrationsConfig[] =>
  parseConfig(raw, { stack: "dev" }).databases.map(({ migrations }) => migrations);

describe("migrations", () => {
  test("stand at the top where there is one database, or inside of it", () => {
    const migrations = { directory: "db/changes", target: "0007", retryFor: "1h", lockTimeout: "500ms" };
    const declared = {
      engine: "sql",
      directory: "db/changes",
      isNamed: true,
      target: "0007",
      downgrade: "refuse",
      limits: {
        lockTimeoutMs: 500,
        statementTimeoutMs: 900_000,
        retryForMs: 3_600_000,
        attempts: 1_000,
      },
    };
    expect(read({ ...database({}), "pgstead:migrations": JSON.stringify(migrations) })).toEqual([declared]);
    expect(read(database({ migrations }))).toEqual([declared]);
  });

  test("of several databases have a directory each, which has to be there only where it is named", () => {
    const found = read({
      "pgstead:databases": { shop: {}, billing: { migrations: { directory: "sql/bills" } } },
    });
    expect(found).toMatchObject([
      { directory: "sql/bills", isNamed: true },
      { directory: "sql/migrations/shop", isNamed: false },
    ]);
  });

  test("have to be there where a target is", () => {
    expect(read({ ...database({}), "pgstead:migrations": { target: "base" } })).toMatchObject([
      { directory: "sql/migrations", isNamed: true, target: "base" },
    ]);
  });
});

const several = (of: Record<string, unknown>) => ({ "pgstead:database": {}, "pgstead:databases": of });

describe("a mistake about migrations is told", () => {
  testCases([
    {
      what: "a target that YAML takes for a number",
      change: { "pgstead:migrations": { target: 7 } },
      says: [
        'pgstead:migrations.target: 7 is not a number in quotes, a name, a file or base / write it such as `target: "0007"`',
      ],
    },
    {
      what: "a target that no file can have",
      change: database({ migrations: { target: "Add orders" } }),
      says: [
        'pgstead:database.migrations.target: "Add orders" is no number, name or file of a migration, nor base / write it such as target: "0007"',
      ],
    },
    {
      what: "times that are none, and a wait without an end",
      change: {
        "pgstead:migrations": { lockTimeout: "0", statementTimeout: "2 weeks", retryFor: "soon" },
      },
      says: [
        "pgstead:migrations.lockTimeout: 0 would wait for ever / give it a bound, such as 2s: the application waits behind a migration that waits",
        'pgstead:migrations.statementTimeout: "2 weeks" is no time / write it such as 500ms, 2s, 15min or 1h',
        'pgstead:migrations.retryFor: "soon" is no time / write it such as 500ms, 2s, 15min or 1h',
      ],
    },
    {
      what: "two databases in one directory, however it is written",
      change: several({
        a: { migrations: { directory: "sql/migrations/b" } },
        b: { migrations: {} },
        c: { migrations: { directory: "./sql/x/../migrations/b/" } },
      }),
      says: [
        "pgstead:databases.b.migrations.directory: is sql/migrations/b, and so is pgstead:databases.a.migrations.directory / give each database a directory of its own",
        "pgstead:databases.c.migrations.directory: is ./sql/x/../migrations/b/, and so is pgstead:databases.a.migrations.directory / give each database a directory of its own",
      ],
    },
    {
      what: "two databases whose functions would be in one directory",
      change: several({
        a: { migrations: { directory: "db/a" } },
        b: { migrations: { directory: "db/b" } },
        c: { migrations: { directory: "db/c/migrations" } },
        d: { migrations: { directory: "db/migrations/d" } },
        e: {},
      }),
      says: [
        "pgstead:databases.b.migrations.directory: is beside pgstead:databases.a.migrations.directory: both would take db/functions and its views for theirs / give it one more level, such as db/b/migrations",
      ],
    },
    {
      what: "the short form beside the long one",
      change: { ...several({ shop: {} }), "pgstead:migrations": { target: "0001" } },
      says: [
        "pgstead:migrations: belongs to pgstead:database, and this stack has pgstead:databases / move them into a database: pgstead:databases: { <name>: { migrations: { … } } }",
      ],
    },
    {
      what: "both places of one database",
      change: { ...database({ migrations: {} }), "pgstead:migrations": { target: "0001" } },
      says: ["pgstead:database.migrations: stands beside pgstead:migrations / keep one of the two"],
    },
    {
      what: "an engine that is not known",
      change: { "pgstead:migrations": { engine: "flyway" } },
      says: [
        'pgstead:migrations.engine: "flyway" is not one of sql, alembic / write it such as `engine: sql`',
      ],
    },
    {
      what: "a downgrade of a database that is not declared",
      change: { "pgstead:allowDataLoss": ["downgrade other/0001-a.sql", "downgrade shop/0001-a.sql"] },
      says: [
        'pgstead:allowDataLoss[0]: "downgrade other/0001-a.sql" is of no declared database / the databases are shop',
      ],
    },
  ]);
});
