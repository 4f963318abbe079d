import { contentDigest } from "../../core/content-digest";
import { identifierBytes, maxIdentifierBytes, quoteIdentifier } from "../../core/identifier";
import { problemError } from "../../core/problem";
import type { Session } from "../session";

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** What belongs to a table, as its catalogue tells. */
export interface TablePlan {
  readonly table: TableName;
  readonly oid: string;
  /** Itself, and its partitions. */
  readonly tables: readonly TableName[];
  /** Statements that make its foreign keys. */
  readonly foreignKeys: readonly string[];
  /** Statements that make those of other tables to it. */
  readonly referencing: readonly string[];
  /** Statements that make its statistics: pg_dump leaves them out of a table. */
  readonly statistics: readonly string[];
  /** Of pg_dump, to dump it whole. */
  readonly options: readonly string[];
}

/** @throws ProblemError for a table that cannot come back alone */
export async function readTablePlan(session: Session, table: TableName): Promise<TablePlan> {
  const [found] = await session.query<{ oid: string; kind: string; version: number }>(
    `SELECT c.oid::int8::text AS oid, c.relkind::text AS kind,
       pg_catalog.current_setting('server_version_num')::int AS version
     FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2`,
    [table.schema, table.name],
  );
  if (found === undefined) throw new Error(`table ${table.schema}.${table.name} did not come back`);
  const { oid, kind, version } = found;
  if (kind === "p" && version < 160_000) {
    const hint = "bring the database back beside with --into, and take the table from there";
    throw problemError(
      `${table.schema}.${table.name}`,
      "is partitioned, which takes PostgreSQL 16 or newer",
      hint,
    );
  }
  const tables = await session.query<TableName & Record<string, unknown>>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name
     FROM pg_catalog.pg_partition_tree($1::int8::oid) AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.relid
     JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace`,
    [oid],
  );
  const pattern = `"${table.schema.replaceAll('"', '""')}"."${table.name.replaceAll('"', '""')}"`;
  return {
    table,
    oid,
    tables: [table, ...tables.filter(({ schema, name }) => schema !== table.schema || name !== table.name)],
    foreignKeys: await foreignKeys(session, "conrelid", oid),
    referencing: await foreignKeys(session, "confrelid", oid),
    statistics: await statisticsOf(session, oid),
    options: [kind === "p" ? `--table-and-children=${pattern}` : `--table=${pattern}`],
  };
}

async function foreignKeys(session: Session, side: "conrelid" | "confrelid", oid: string): Promise<string[]> {
  const rows = await session.query<{ sql: string }>(
    `SELECT pg_catalog.format('ALTER TABLE %s ADD CONSTRAINT %I %s;', k.conrelid::pg_catalog.regclass, k.conname,
       pg_catalog.pg_get_constraintdef(k.oid)) AS sql
     FROM pg_catalog.pg_constraint AS k
     WHERE k.contype = 'f' AND k.conparentid = 0 AND k.${side} = $1::int8::oid
       AND (k.conrelid <> k.confrelid OR '${side}' = 'conrelid')
     ORDER BY k.conname`,
    [oid],
  );
  return rows.map(({ sql }) => sql);
}

/**
 * Gives a table of a database that is thrown away another name, with everything that has a name of its own beside it, so
 * that it can stand beside the one that it was. It loses its foreign keys and triggers.
 *
 * @returns how it is dumped then
 */
export async function renameTable(session: Session, plan: TablePlan, as: TableName): Promise<TablePlan> {
  const { table, oid, tables } = plan;
  if (tables.length > 1 || (await isPartitioned(session, oid))) {
    const hint = "bring the database back beside with --into, and take the table from there";
    throw problemError(
      `${table.schema}.${table.name}`,
      "is partitioned, and comes back under its own name only",
      hint,
    );
  }
  const parts = await session.query<{ sql: string; name: string }>(partsSql, [oid]);
  for (const { sql, name } of parts) {
    // Of the same name in another schema everything keeps its own.
    if (name !== "" && as.name === table.name) continue;
    const named = name === "" ? "" : quoteIdentifier(newName(name, table.name, as.name));
    await session.query(sql.replace(/\$name$/, () => named));
  }
  const place = `${quoteIdentifier(table.schema)}.${quoteIdentifier(table.name)}`;
  if (as.name !== table.name)
    await session.query(`ALTER TABLE ${place} RENAME TO ${quoteIdentifier(as.name)}`);
  if (as.schema !== table.schema) await moveTable(session, oid, as.schema);
  const pattern = `"${as.schema.replaceAll('"', '""')}"."${as.name.replaceAll('"', '""')}"`;
  return {
    ...plan,
    tables: [as],
    statistics: await statisticsOf(session, oid),
    options: [`--table=${pattern}`],
  };
}

/** Its statistics stay where they are otherwise; the schema may be newer than the backup. */
async function moveTable(session: Session, oid: string, schema: string): Promise<void> {
  const target = quoteIdentifier(schema);
  await session.query(`CREATE SCHEMA IF NOT EXISTS ${target}`);
  const moved = await session.query<{ sql: string }>(
    `SELECT pg_catalog.format('ALTER TABLE %s SET SCHEMA ', $1::int8::oid::pg_catalog.regclass) AS sql
     UNION ALL
     SELECT pg_catalog.format('ALTER STATISTICS %I.%I SET SCHEMA ', n.nspname, s.stxname)
     FROM pg_catalog.pg_statistic_ext AS s JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
     WHERE s.stxrelid = $1::int8::oid`,
    [oid],
  );
  for (const { sql } of moved) await session.query(sql + target);
}

async function statisticsOf(session: Session, oid: string): Promise<string[]> {
  await session.query("SET search_path = ''");
  const rows = await session.query<{ sql: string }>(
    `SELECT pg_catalog.concat_ws('; ', pg_catalog.pg_get_statisticsobjdef(s.oid),
       pg_catalog.format('ALTER STATISTICS %I.%I OWNER TO %I', n.nspname, s.stxname, pg_catalog.pg_get_userbyid(s.stxowner)),
       pg_catalog.format('COMMENT ON STATISTICS %I.%I IS %L', n.nspname, s.stxname,
         pg_catalog.obj_description(s.oid, 'pg_statistic_ext'))) AS sql
     FROM pg_catalog.pg_statistic_ext AS s JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
     WHERE s.stxrelid = $1::int8::oid ORDER BY s.stxname`,
    [oid],
  );
  return rows.map(({ sql }) => sql);
}

async function isPartitioned(session: Session, oid: string): Promise<boolean> {
  const rows = await session.query(
    "SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = $1::int8::oid AND c.relkind = 'p'",
    [oid],
  );
  return rows.length > 0;
}

/** `users_pkey` of users is `users_restored_pkey` of users_restored. */
function newName(name: string, from: string, to: string): string {
  const whole = name.startsWith(from) ? to + name.slice(from.length) : `${to}_${name}`;
  if (identifierBytes(whole) <= maxIdentifierBytes) return whole;
  const end = `_${contentDigest(whole)}`;
  let start = whole;
  while (identifierBytes(start + end) > maxIdentifierBytes) start = Array.from(start).slice(0, -1).join("");
  return start + end;
}

/** In this order: what goes, then what is renamed; a key's index is renamed with it. */
const partsSql = `
WITH t AS (SELECT $1::int8::oid AS oid),
table_name AS (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
  FROM t JOIN pg_catalog.pg_class AS c USING (oid) JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace)
SELECT sql, name FROM (
  SELECT 1 AS step, CASE p.relkind
      WHEN 'p' THEN pg_catalog.format('ALTER TABLE %s DETACH PARTITION %s', i.inhparent::pg_catalog.regclass, table_name.name)
      ELSE pg_catalog.format('ALTER TABLE %s NO INHERIT %s', table_name.name, i.inhparent::pg_catalog.regclass) END AS sql,
    '' AS name
  FROM t CROSS JOIN table_name JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = t.oid
  JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
  UNION ALL
  SELECT 2, pg_catalog.format('ALTER TABLE %s DROP CONSTRAINT %I', table_name.name, k.conname), ''
  FROM t CROSS JOIN table_name JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype = 'f'
  UNION ALL
  SELECT 2, pg_catalog.format('DROP TRIGGER %I ON %s', g.tgname, table_name.name), ''
  FROM t CROSS JOIN table_name JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = t.oid AND NOT g.tgisinternal
    AND g.tgparentid = 0
  UNION ALL
  SELECT 3, pg_catalog.format('ALTER TABLE %s RENAME CONSTRAINT %I TO $name', table_name.name, k.conname), k.conname
  FROM t CROSS JOIN table_name JOIN pg_catalog.pg_constraint AS k ON k.conrelid = t.oid AND k.contype IN ('p', 'u', 'x')
  UNION ALL
  SELECT 4, pg_catalog.format('ALTER INDEX %I.%I RENAME TO $name', n.nspname, c.relname), c.relname
  FROM t JOIN pg_catalog.pg_index AS x ON x.indrelid = t.oid JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
  UNION ALL
  SELECT 5, pg_catalog.format('ALTER SEQUENCE %I.%I RENAME TO $name', n.nspname, c.relname), c.relname
  FROM t JOIN pg_catalog.pg_depend AS d ON d.refobjid = t.oid AND d.deptype IN ('a', 'i')
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  JOIN pg_catalog.pg_class AS c ON c.oid = d.objid AND c.relkind = 'S'
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  UNION ALL
  SELECT 6, pg_catalog.format('ALTER STATISTICS %I.%I RENAME TO $name', n.nspname, s.stxname), s.stxname
  FROM t JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = t.oid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
) AS parts ORDER BY step, sql`;
