import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isSteady } from "../../components/core/migrations/gate/known-functions";
import { rules } from "../../components/core/migrations/gate/rules";
import { loadSqlParser, type SqlParser } from "../../components/core/migrations/sql-parser";
import { outsideTransaction } from "../../components/core/migrations/transaction-block";
import type { Session } from "../../components/io/session";
import { startServer, type TestServer } from "../support/server";
import { judgeLast } from "../unit/core/migrations/judged";

let server: TestServer;
let session: Session;
let parser: SqlParser;

beforeAll(async () => {
  [server, parser] = await Promise.all([startServer(), loadSqlParser()]);
  session = await server.connect();
  await session.query("SET search_path = public"); // sessions have none by themselves
});

afterAll(async () => {
  await session.close();
  await server.stop();
});

/** Runs statements of which the last one counts: whether it wrote table `a` anew; undefined where it is refused. */
async function rewrites(before: string, sql: string): Promise<boolean | undefined> {
  const node = async (): Promise<unknown> => {
    const [row] = await session.query<{ node: unknown }>(
      "SELECT pg_relation_filenode('a'::regclass) AS node",
    );
    return row?.node;
  };
  await session.query("BEGIN");
  try {
    await session.query(before);
    const old = await node();
    await session.query(sql);
    return (await node()) !== old;
  } catch (error) {
    if (/^(?:42|0A|22)/.test(String((error as { code?: unknown }).code))) return undefined;
    throw error;
  } finally {
    await session.query("ROLLBACK");
  }
}

/** Whether the gate tells of a table that is written anew. */
function tells(before: string, sql: string): boolean {
  return judgeLast(parser, [before, sql]).findings.some(({ rule }) => rules[rule].class === "rewrite");
}

const types = [
  "smallint",
  "int",
  "bigint",
  "real",
  "double precision",
  "numeric",
  "numeric(10,2)",
  "numeric(12,2)",
  "numeric(12,4)",
  "text",
  "varchar",
  "varchar(10)",
  "varchar(20)",
  "char(10)",
  "char(20)",
  "date",
  "timestamp",
  "timestamptz",
  "timestamptz(3)",
  "time",
  "interval",
  "boolean",
  "json",
  "jsonb",
  "uuid",
  "inet",
  "cidr",
  "bytea",
  "text[]",
  "int[]",
  "bit(4)",
  "varbit(4)",
  "varbit(9)",
  "varbit",
  "name",
  "oid",
  "xml",
];

describe("what the gate lets pass", () => {
  test("of types writes no table anew", async () => {
    const missed: string[] = [];
    let [run, quiet] = [0, 0];
    for (const from of types) {
      for (const to of types) {
        const before = `CREATE TABLE a (b ${from})`;
        const sql = `ALTER TABLE a ALTER b TYPE ${to}`;
        const plain = await rewrites(before, sql);
        const rewritten = plain ?? (await rewrites(before, `${sql} USING b::${to}`));
        if (rewritten === undefined) continue;
        run++;
        const told = tells(before, sql);
        if (!told) quiet++;
        if (rewritten && !told) missed.push(`${from} to ${to}`);
      }
    }
    expect(missed).toEqual([]);
    expect(run).toBeGreaterThan(300);
    expect(quiet).toBeGreaterThan(types.length);
  });

  test.each([
    "int",
    "int DEFAULT 3",
    "timestamptz DEFAULT now()",
    "timestamptz DEFAULT clock_timestamp()",
    "uuid DEFAULT gen_random_uuid()",
    "text DEFAULT lower('X')",
    "int GENERATED ALWAYS AS (x * 2) STORED",
    "int GENERATED ALWAYS AS IDENTITY",
    "bigserial",
    "serial4",
    "text DEFAULT current_user",
    "int DEFAULT random()",
    "int NOT NULL DEFAULT 3",
    'text COLLATE "C"',
    "varchar(10) DEFAULT 'x'",
    "jsonb DEFAULT jsonb_build_object('a', 1)",
    "text[] DEFAULT ARRAY['a']",
    "timestamptz DEFAULT now() + interval '1 day'",
  ])("ADD COLUMN b %s is told exactly where it writes the table anew", async (column) => {
    const [before, sql] = ["CREATE TABLE a (x int)", `ALTER TABLE a ADD COLUMN b ${column}`];
    expect(await rewrites(before, sql)).toBe(tells(before, sql));
  });

  test("of functions is nothing that PostgreSQL calls volatile, where it counts as steady", async () => {
    const rows = await session.query<{ name: string; volatile: boolean }>(`
      SELECT proname AS name, bool_or(provolatile = 'v') AS volatile FROM pg_catalog.pg_proc
      WHERE pronamespace = 'pg_catalog'::regnamespace GROUP BY proname`);
    const wrong = rows.filter(({ name, volatile }) => volatile && isSteady(name)).map(({ name }) => name);
    expect(wrong).toEqual([]);
  });
});

test.each([
  "CREATE INDEX CONCURRENTLY ON a (x)",
  "DROP INDEX CONCURRENTLY i",
  "REINDEX INDEX CONCURRENTLY i",
  "REINDEX SCHEMA public",
  "REINDEX DATABASE",
  "VACUUM",
  "VACUUM FULL",
  "CLUSTER",
  "ALTER SYSTEM SET work_mem = '1MB'",
  "CREATE DATABASE d",
  "DROP DATABASE d",
  "CREATE TABLESPACE t LOCATION '/nowhere'",
  "DROP TABLESPACE t",
  "CREATE SUBSCRIPTION s CONNECTION 'host=nowhere' PUBLICATION p",
  "ALTER DATABASE postgres SET TABLESPACE pg_default",
  "CREATE TABLE b (x int)",
  "ANALYZE",
  "REINDEX TABLE a",
  "CLUSTER a USING i",
  "REFRESH MATERIALIZED VIEW m",
  "ALTER TABLE a SET (fillfactor = 70)",
])("%s is told exactly where a transaction refuses it", async (sql) => {
  const [parsed] = parser.parse(sql);
  await session.query("BEGIN");
  try {
    await session.query(
      "CREATE TABLE a (x int); CREATE INDEX i ON a (x); CREATE MATERIALIZED VIEW m AS SELECT 1",
    );
    const code = await session.query(sql).then(
      () => undefined,
      (error: unknown) => (error as { code?: unknown }).code,
    );
    expect(outsideTransaction({ node: parsed!.node, text: sql }, parser) !== undefined).toBe(
      code === "25001",
    );
  } finally {
    await session.query("ROLLBACK");
  }
});
