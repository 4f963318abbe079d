import type { PresentState, PresentTable } from "../../core/restore/loss";
import { besideKind, type BesideKind } from "../../core/restore/names";
import { historyTables } from "../../core/migrations/history-layout";
import { chunks } from "../../core/lists";
import { quoteIdentifier } from "../../core/identifier";
import { readAlembicHeads } from "../alembic/heads";
import type { Session } from "../session";

/** A larger table is not counted to the end before somebody is asked. */
const countedBytes = 256 * 1024 * 1024;

/** What a database has now. @param session in it, of a login that reads all of it */
export async function readPresent(session: Session): Promise<PresentState> {
  await session.query("SET row_security = off");
  const [row] = await session.query<{ size: string; sessions: number; history: boolean }>(`
    SELECT pg_catalog.pg_database_size(pg_catalog.current_database())::text AS size,
      (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_stat_activity AS a
       WHERE a.datname = pg_catalog.current_database() AND a.backend_type = 'client backend'
         AND a.pid <> pg_catalog.pg_backend_pid()) AS sessions,
      pg_catalog.to_regclass('${historyTables.applied}') IS NOT NULL AS history`);
  const migrations =
    row?.history === true
      ? await session.query<{ version: string; name: string }>(
          `SELECT version::text AS version, name FROM ${historyTables.applied} ORDER BY version::bigint`,
        )
      : [];
  return {
    tables: await readTableCounts(session),
    migrations,
    alembic: await readAlembicHeads(session),
    size: Number(row?.size ?? 0),
    sessions: row?.sessions ?? 0,
  };
}

interface Measured extends Record<string, unknown> {
  readonly schema: string;
  readonly name: string;
  readonly bytes: string;
  readonly estimate: string;
}

async function readTableCounts(session: Session): Promise<PresentTable[]> {
  const tables = await session.query<Measured>(
    `
    SELECT n.nspname::text AS schema, c.relname::text AS name, pg_catalog.pg_relation_size(c.oid)::text AS bytes,
      greatest(c.reltuples, s.n_live_tup, 0)::bigint::text AS estimate
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_stat_all_tables AS s ON s.relid = c.oid
    WHERE c.relkind = 'r' AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
  );
  const counted = new Map<string, string>();
  for (const part of chunks(tables.filter(isSmall), 50)) {
    const counts = part.map(
      ({ schema, name }, index) =>
        `SELECT ${index} AS at, pg_catalog.count(*)::text AS rows FROM ONLY ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`,
    );
    for (const { at, rows } of await session.query<{ at: number; rows: string }>(
      counts.join(" UNION ALL "),
    )) {
      counted.set(keyOf(part[at]), rows);
    }
  }
  return tables.map((table) => {
    const { schema, name, estimate } = table;
    return isSmall(table)
      ? { schema, name, rows: counted.get(keyOf(table)) ?? "0", isExact: true }
      : { schema, name, rows: estimate, isExact: false };
  });
}

const isSmall = ({ bytes }: Measured): boolean => Number(bytes) <= countedBytes;

const keyOf = (table: Measured | undefined): string => JSON.stringify([table?.schema, table?.name]);

/** A database that a restore has made beside another one. */
export interface BesideDatabase {
  readonly name: string;
  readonly kind: BesideKind;
  readonly isOpen: boolean;
  /** -1: none. */
  readonly connectionLimit: number;
  /** In bytes; null where the login may not know. */
  readonly size: number | null;
}

/** What restores have left beside a database, the newest first; and whether the database itself is there. */
export async function readBeside(
  maintenance: Session,
  database: string,
): Promise<{ readonly isThere: boolean; readonly beside: readonly BesideDatabase[] }> {
  const found = await maintenance.query<Omit<BesideDatabase, "kind" | "size"> & { size: string | null }>(`
    SELECT d.datname::text AS name, d.datallowconn AS "isOpen", d.datconnlimit AS "connectionLimit",
      CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT') THEN pg_catalog.pg_database_size(d.oid)::text END AS size
    FROM pg_catalog.pg_database AS d ORDER BY d.datname DESC`);
  return {
    isThere: found.some(({ name }) => name === database),
    beside: found.flatMap(({ size, ...one }) => {
      const kind = besideKind(one.name, database);
      return kind === undefined ? [] : [{ ...one, kind, size: size === null ? null : Number(size) }];
    }),
  };
}
