import { access } from "node:fs/promises";
import { join } from "node:path";
import type { ConnectionTarget } from "../../core/connection";
import { parseAmcheck } from "../../core/drill/amcheck";
import { quoteIdentifier } from "../../core/identifier";
import { runProgram } from "../process";
import { withSession, type Session } from "../session";

/** What a look at every page of tables and indexes found. */
export interface StructureCheck {
  /** What it was done with. */
  readonly by: "pg_amcheck" | "amcheck";
  readonly faults: readonly string[];
}

/** A look that could not be taken, and why. */
export interface NoStructureCheck {
  readonly by: null;
  readonly reason: string;
}

export interface AmcheckOrder {
  readonly administrator: ConnectionTarget;
  readonly database: string;
  /** Directories that may have pg_amcheck of this version. */
  readonly directories: readonly string[];
  readonly signal: AbortSignal;
}

/** A large server takes hours. */
const timeoutMs = 24 * 3_600_000;

/**
 * Checks tables and B-tree indexes of a database, each index against its table as well, with pg_amcheck; where that
 * program is not there, with the functions of extension amcheck, which it calls itself. It makes the extension.
 */
export async function checkStructure(order: AmcheckOrder): Promise<StructureCheck | NoStructureCheck> {
  const { administrator, database, signal } = order;
  const options = { database, applicationName: "pgstead drill" };
  const schema = await withSession(administrator, options, makeExtension);
  if (schema === undefined) return { by: null, reason: "extension amcheck is not there" };
  const program = await findProgram(order.directories);
  if (program === undefined) {
    const faults = await withSession(administrator, options, (session) =>
      checkByFunctions(session, schema, signal),
    );
    return { by: "amcheck", faults };
  }
  return { by: "pg_amcheck", faults: await runAmcheck(program, order) };
}

/** @returns its schema; undefined: it cannot be had */
async function makeExtension(session: Session): Promise<string | undefined> {
  const [available] = await session.query(
    "SELECT FROM pg_catalog.pg_available_extensions WHERE name = 'amcheck'",
  );
  if (available === undefined) return undefined;
  await session.query("CREATE EXTENSION IF NOT EXISTS amcheck WITH SCHEMA pg_catalog");
  const [found] = await session.query<{ name: string }>(
    `SELECT n.nspname::text AS name FROM pg_catalog.pg_extension AS e
     JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'`,
  );
  return found?.name;
}

async function findProgram(directories: readonly string[]): Promise<string | undefined> {
  for (const directory of directories) {
    const program = join(directory, "pg_amcheck");
    const isThere = await access(program).then(
      () => true,
      () => false,
    );
    if (isThere) return program;
  }
  return undefined;
}

async function runAmcheck(
  program: string,
  { administrator, database, signal }: AmcheckOrder,
): Promise<string[]> {
  const { host, port, user } = administrator;
  const args = [
    "--no-password",
    `--host=${host}`,
    `--port=${port}`,
    `--username=${user}`,
    "--heapallindexed",
    "--no-strict-names",
    `--maintenance-db=dbname='${database.replace(/[\\']/g, "\\$&")}'`,
    `--database=${exactPattern(database)}`,
  ];
  return parseAmcheck(await runProgram(program, args, { timeoutMs, signal }));
}

/** A name as psql's patterns take it word for word. */
function exactPattern(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

const tablesSql = `
SELECT c.oid::int8::text AS oid, c.oid::pg_catalog.regclass::text AS name
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_am AS a ON a.oid = c.relam
WHERE c.relkind IN ('r', 'm', 'S', 't') AND c.relpersistence <> 't' AND a.amname = 'heap' ORDER BY c.oid`;

const indexesSql = `
SELECT c.oid::int8::text AS oid, c.oid::pg_catalog.regclass::text AS name
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_am AS a ON a.oid = c.relam
JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
WHERE c.relkind = 'i' AND c.relpersistence <> 't' AND a.amname = 'btree' AND i.indisvalid AND i.indisready ORDER BY c.oid`;

interface Relation extends Record<string, unknown> {
  readonly oid: string;
  readonly name: string;
}

/** One statement each, so that the first broken one hides none. */
async function checkByFunctions(session: Session, schema: string, signal: AbortSignal): Promise<string[]> {
  const at = quoteIdentifier(schema);
  const faults: string[] = [];
  const look = async (kind: string, { oid, name }: Relation, sql: string): Promise<void> => {
    signal.throwIfAborted();
    try {
      const rows = await session.query<{ message: string | null }>(sql, [oid]);
      faults.push(
        ...rows.flatMap(({ message }) => (message === null ? [] : [`${kind} ${name}: ${message}`])),
      );
    } catch (error) {
      faults.push(`${kind} ${name}: ${(error as Error).message}`);
    }
  };
  for (const table of await session.query<Relation>(tablesSql)) {
    const sql = `SELECT v.msg AS message FROM ${at}.verify_heapam($1::oid::pg_catalog.regclass) AS v LIMIT 20`;
    await look("table", table, sql);
  }
  for (const index of await session.query<Relation>(indexesSql)) {
    const sql = `SELECT NULL::text AS message FROM ${at}.bt_index_check($1::oid::pg_catalog.regclass, true)`;
    await look("index", index, sql);
  }
  return faults;
}
