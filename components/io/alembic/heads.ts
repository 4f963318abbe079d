import type { AlembicHead } from "../../core/backup/alembic-head";
import { quoteIdentifier } from "../../core/identifier";
import type { Session } from "../session";

/**
 * Version tables may have any name and lie in any schema (`version_table`, `version_table_schema` of env.py), so they are
 * known by their one column. Its length is often raised, as the usual 32 are few for ids that people write.
 */
const tablesSql = `
SELECT n.nspname::text AS schema, c.relname::text AS table
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relpersistence = 'p'
  AND n.nspname NOT IN ('information_schema', 'pgstead') AND n.nspname !~ '^pg_'
GROUP BY n.nspname, c.relname
HAVING pg_catalog.count(*) = 1 AND bool_and(a.attname = 'version_num'
  AND a.atttypid IN ('pg_catalog.varchar'::pg_catalog.regtype, 'pg_catalog.text'::pg_catalog.regtype))
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

/** What the version tables of Alembic in a database say, without asking any application. @param session one that reads them */
export async function readAlembicHeads(session: Session): Promise<AlembicHead[]> {
  const tables = await session.query<{ schema: string; table: string }>(tablesSql);
  const heads: AlembicHead[] = [];
  for (const { schema, table } of tables) {
    const rows = await session.query<{ version: string }>(
      `SELECT version_num::text AS version FROM ${quoteIdentifier(schema)}.${quoteIdentifier(table)} ORDER BY 1`,
    );
    heads.push({ schema, table, versions: rows.map(({ version }) => version).toSorted() });
  }
  return heads;
}
