import type { ConnectionTarget } from "../../core/connection";
import {
  checkColumns,
  maskColumn,
  maskTables,
  nameOf,
  sayFailure,
  type FoundColumn,
  type MaskingRule,
} from "../../core/move/masking";
import { problemError, ProblemError, type Problem } from "../../core/problem";
import type { Session } from "../session";
import { untilAborted } from "../until-aborted";
import { leaveOut } from "./leave-out";
import { awaitHolders, rewriteTables } from "./rewrite";
import { silenceWhile } from "./silence";

/** What masking came to. */
export interface Masked {
  /** Rows of each table that has rules. */
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
  /** What was left out besides. */
  readonly notes: readonly string[];
}

/** Sessions of a copy tell the server's log nothing of the rows that they work on. */
export const silentSession =
  "SET statement_timeout = 0; SET row_security = off; SET log_statement = 'none'; SET log_min_messages = fatal; SET log_min_error_statement = panic";

/**
 * Masks a restored database that nobody else can connect to: every rule, the trail of audits, and what dead rows, TOAST and
 * indexes still have of them. Jobs that run by themselves are put to rest.
 *
 * @param login a superuser: row-level security hides nothing, triggers and foreign keys do not see it
 * @throws ProblemError with every rule that cannot be followed; then nothing is masked
 */
export async function maskDatabase(
  login: ConnectionTarget,
  database: string,
  rules: readonly MaskingRule[],
  signal: AbortSignal,
): Promise<Masked> {
  const options = { database, asItself: true, applicationName: "pgstead copy" };
  return untilAborted(login, options, signal, async (session) => {
    await session.query(silentSession);
    await assertRules(session, rules);
    const { tables, notes } = await maskRows(session, rules);
    const holders = tables.length === 0 ? [] : await awaitHolders(session, signal);
    await rewriteTables(
      session,
      tables.map(({ table }) => table),
    );
    return { tables, notes: [...notes, ...holders.map(heldBy)] };
  });
}

const heldBy = (who: string): string =>
  `${who} still sees rows as they were, so that the files keep them: VACUUM FULL the masked tables again when it no longer does`;

async function assertRules(session: Session, rules: readonly MaskingRule[]): Promise<void> {
  const found = await session.query<FoundColumn & Record<string, unknown>>(columnsSql, [
    rules.map(({ schema }) => schema),
    rules.map(({ table }) => table),
    rules.map(({ column }) => column),
  ]);
  const problems = checkColumns(rules, found);
  const wrong = new Set(problems.map(({ path }) => path));
  for (const rule of rules) if (!wrong.has(nameOf(rule))) problems.push(...(await tryRule(session, rule)));
  if (problems.length > 0) throw new ProblemError("the masking rules do not fit the database", problems);
}

/** The server plans it, and runs nothing of it. */
async function tryRule(session: Session, rule: MaskingRule): Promise<Problem[]> {
  try {
    await session.query(`EXPLAIN ${maskColumn(rule)}`);
    return [];
  } catch (error) {
    const hint = "write an expression that the server takes; names outside of pg_catalog with their schema";
    return [{ path: nameOf(rule), message: sayFailure(error as Error), hint }];
  }
}

/** A column of a table, with what its partitions and heirs say of it. */
const columnsSql = `
WITH RECURSIVE wanted AS (
  SELECT c.oid, c.relkind, n.nspname, c.relname, r.c AS name
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS r (s, t, c)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = r.s
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.t),
below AS (
  SELECT DISTINCT oid AS root, oid FROM wanted
  UNION SELECT b.root, i.inhrelid FROM below AS b JOIN pg_catalog.pg_inherits AS i ON i.inhparent = b.oid),
above AS (
  SELECT DISTINCT oid AS root, oid FROM wanted
  UNION SELECT a.root, i.inhparent FROM above AS a JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = a.oid)
SELECT w.nspname::text AS schema, w.relname::text AS "table", w.relkind::text AS kind, a.attname::text AS "column",
  a.attgenerated <> '' AS "isGenerated", a.attidentity = 'a' AS "isIdentity",
  (SELECT min(k.conname)::text FROM below AS b
   JOIN pg_catalog.pg_attribute AS own ON own.attrelid = b.oid AND own.attname = a.attname
   JOIN pg_catalog.pg_constraint AS k ON k.contype = 'f' AND ((k.conrelid = b.oid AND own.attnum = ANY (k.conkey))
     OR (k.confrelid = b.oid AND own.attnum = ANY (k.confkey)))
   WHERE b.root = w.oid) AS "foreignKey",
  (SELECT min(b.oid::pg_catalog.regclass::text) FROM below AS b JOIN pg_catalog.pg_class AS f ON f.oid = b.oid
   WHERE b.root = w.oid AND b.oid <> w.oid AND f.relkind = 'f') AS elsewhere,
  ARRAY(SELECT pg_catalog.format('%s.%s', n.nspname, f.relname) FROM above AS p JOIN pg_catalog.pg_class AS f ON f.oid = p.oid
   JOIN pg_catalog.pg_namespace AS n ON n.oid = f.relnamespace WHERE p.root = w.oid AND p.oid <> w.oid) AS parents
FROM wanted AS w
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = w.oid AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped`;

/** All of it or nothing. */
async function maskRows(session: Session, rules: readonly MaskingRule[]): Promise<Masked> {
  const tables: { table: string; rows: number }[] = [];
  const at = { table: "masking" };
  await session.query("BEGIN");
  try {
    await session.query("SET LOCAL session_replication_role = replica");
    const notes = await silenceWhile(session, async () => {
      for (const { table, sql } of maskTables(rules)) {
        at.table = table;
        tables.push({ table, rows: await maskTable(session, table, sql) });
      }
      at.table = "masking";
      return leaveOut(session);
    });
    await session.query("COMMIT");
    return { tables, notes };
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined); // what failed first is the error to show
    if (error instanceof ProblemError) throw error;
    const hint = "change the expressions so that what they give fits the table, then run this again";
    throw problemError(`masking ${at.table}`, sayFailure(error as Error), hint, { cause: error });
  }
}

/** Every row of a table; a row that kept out of it would stay as it was. */
async function maskTable(session: Session, table: string, sql: string): Promise<number> {
  const [counted] = await session.query<{ masked: string; rows: string }>(
    `WITH masked AS (${sql} RETURNING 1)
     SELECT pg_catalog.count(*)::text AS masked, (SELECT pg_catalog.count(*)::text FROM ${table}) AS rows FROM masked`,
  );
  if (counted !== undefined && counted.masked === counted.rows) return Number(counted.rows);
  throw problemError(
    table,
    `${counted?.masked ?? ""} of its ${counted?.rows ?? ""} rows were masked`,
    "is there a rule ON UPDATE? please report it with this text",
  );
}
