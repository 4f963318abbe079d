import { auditSchema, logTable } from "../../core/audit/model";
import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import { checkColumns, maskTables, type FoundColumn, type MaskingRule } from "../../core/move/masking";
import { problemError, ProblemError } from "../../core/problem";
import type { Session } from "../session";
import { untilAborted } from "../until-aborted";

/** What masking came to. */
export interface Masked {
  /** Rows of each table that has rules. */
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
  /** What was left out besides. */
  readonly notes: readonly string[];
}

/**
 * Masks a restored database that nobody else can connect to: every rule, the trail of audits, what is computed from rows
 * (materialized views, statistics), and what dead rows, TOAST and indexes still have of them. Logins at other servers go.
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
    await session.query("SET statement_timeout = 0; SET row_security = off");
    await assertRules(session, rules);
    const masked = await maskRows(session, rules);
    await rewrite(
      session,
      masked.tables.map(({ table }) => table),
    );
    return masked;
  });
}

async function assertRules(session: Session, rules: readonly MaskingRule[]): Promise<void> {
  const [me] = await session.query<{ is: boolean }>(
    "SELECT rolsuper AS is FROM pg_catalog.pg_roles WHERE rolname = current_user",
  );
  if (me?.is !== true) {
    throw problemError(
      "masking",
      "needs a superuser: triggers and foreign keys would see it, and row-level security could hide rows from it",
      "copy to a stack whose managing login is one",
    );
  }
  const found = await session.query<FoundColumn & Record<string, unknown>>(columnsSql, [
    rules.map(({ schema }) => schema),
    rules.map(({ table }) => table),
    rules.map(({ column }) => column),
  ]);
  const problems = checkColumns(rules, found);
  if (problems.length > 0) throw new ProblemError("the masking rules do not fit the database", problems);
}

const columnsSql = `
SELECT n.nspname::text AS schema, c.relname::text AS "table", c.relkind::text AS kind, a.attname::text AS "column",
  a.attgenerated <> '' AS "isGenerated", a.attidentity = 'a' AS "isIdentity",
  (SELECT min(k.conname)::text FROM pg_catalog.pg_constraint AS k
   WHERE k.contype = 'f' AND ((k.conrelid = c.oid AND a.attnum = ANY (k.conkey))
     OR (k.confrelid = c.oid AND a.attnum = ANY (k.confkey)))) AS "foreignKey"
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS r (s, t, c)
JOIN pg_catalog.pg_namespace AS n ON n.nspname = r.s
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.t
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attname = r.c AND a.attnum > 0 AND NOT a.attisdropped`;

/** All of it or nothing. */
async function maskRows(session: Session, rules: readonly MaskingRule[]): Promise<Masked> {
  const tables: { table: string; rows: number }[] = [];
  await session.query("BEGIN");
  try {
    await session.query("SET LOCAL session_replication_role = replica");
    for (const { table, sql } of maskTables(rules)) {
      const [counted] = await session.query<{ rows: string }>(
        `WITH masked AS (${sql} RETURNING 1) SELECT pg_catalog.count(*)::text AS rows FROM masked`,
      );
      tables.push({ table, rows: Number(counted?.rows ?? 0) });
    }
    const notes = await leaveOut(session);
    await session.query("COMMIT");
    return { tables, notes };
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined); // what failed first is the error to show
    const hint = "change the expressions so that what they give fits the table, then run this again";
    throw problemError("masking", (error as Error).message, hint, { cause: error });
  }
}

/** What rules per column do not reach. */
async function leaveOut(session: Session): Promise<string[]> {
  const notes: string[] = [];
  const trail = `${auditSchema}.${logTable}`;
  const [found] = await session.query<{ is: boolean }>(
    "SELECT pg_catalog.to_regclass($1) IS NOT NULL AS is",
    [trail],
  );
  if (found?.is === true) {
    // After the rows: triggers that are always enabled have seen them change.
    await session.query(`TRUNCATE ${quoteIdentifier(auditSchema)}.${quoteIdentifier(logTable)}`);
    notes.push(`${trail} is empty: its entries hold rows as they were`);
  }
  const others = await session.query<{ what: string; sql: string }>(otherServersSql);
  for (const { sql } of others) await session.query(sql);
  notes.push(...others.map(({ what }) => `${what} is left out: it logs in at another server`));
  const [large] = await session.query<{ count: string }>(
    "SELECT pg_catalog.count(*)::text AS count FROM pg_catalog.pg_largeobject_metadata",
  );
  if (Number(large?.count ?? 0) > 0) notes.push(`${large?.count ?? ""} large objects are as they were`);
  return notes;
}

const otherServersSql = `
SELECT pg_catalog.format('user mapping of %s for server %s', usename, srvname) AS what,
  pg_catalog.format('DROP USER MAPPING FOR %s SERVER %I',
    CASE umuser WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(usename) END, srvname) AS sql
FROM pg_catalog.pg_user_mappings
UNION ALL
SELECT pg_catalog.format('subscription %s', subname), pg_catalog.format(s.sql, subname)
FROM pg_catalog.pg_subscription,
  (VALUES ('ALTER SUBSCRIPTION %I DISABLE', 1), ('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', 2),
    ('DROP SUBSCRIPTION %I', 3)) AS s (sql, step)
WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`;

/** Dead rows, their TOAST and index entries, what was computed from them, and the samples of their values go. */
async function rewrite(session: Session, tables: readonly string[]): Promise<void> {
  const views = await session.query<{ name: string }>(
    `SELECT c.oid::pg_catalog.regclass::text AS name FROM pg_catalog.pg_class AS c
     WHERE c.relkind = 'm' AND c.relispopulated ORDER BY c.oid`,
  );
  for (const { name } of views) await session.query(`REFRESH MATERIALIZED VIEW ${name}`);
  for (const table of tables) await session.query(`VACUUM (FULL) ${table}`);
  await session.query("ANALYZE");
  for (const catalog of ["pg_statistic", "pg_statistic_ext_data"])
    await session.query(`VACUUM (FULL) pg_catalog.${catalog}`);
}
