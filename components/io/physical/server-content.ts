import type { DatabaseError } from "pg";
import { renderHeads, type AlembicHead } from "../../core/backup/alembic-head";
import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import { chunks } from "../../core/lists";
import { historyTables } from "../../core/migrations/history-layout";
import type { DatabaseContent, ServerContent, TableContent } from "../../core/physical/restored-content";
import { readAlembicHeads } from "../alembic/heads";
import { withSession, type Session } from "../session";

/**
 * Counts the rows of every table of a server, each at its own moment. Reads only, and holds nobody up: a table that a
 * change keeps for itself is not counted. A server that stands still at a moment has those of transactions that were under
 * way then.
 *
 * @returns besides when the last transaction ended that was replayed; null: the server is none that replays
 */
export async function readServerContent(
  login: ConnectionTarget,
  signal: AbortSignal,
): Promise<ServerContent & { readonly newestCommit: number | null }> {
  const options = { readOnly: true, asItself: true, statementTimeoutMs: 0, applicationName: "pgstead ops" };
  const server = await withSession(login, options, readServer);
  const databases: DatabaseContent[] = [];
  for (const name of server.names) {
    signal.throwIfAborted();
    databases.push(
      await withSession(login, { ...options, database: name }, (session) =>
        readDatabase(session, name, signal),
      ),
    );
  }
  return { databases, roles: server.roles, newestCommit: server.newestCommit };
}

async function readServer(session: Session) {
  const databases = await session.query<{ name: string }>(
    `SELECT datname::text AS name FROM pg_catalog.pg_database
     WHERE datallowconn AND NOT datistemplate ORDER BY datname COLLATE "C"`,
  );
  const [replayed] = await session.query<{ at: number | null }>(
    `SELECT extract(epoch FROM CASE WHEN pg_catalog.pg_is_in_recovery()
       THEN pg_catalog.pg_last_xact_replay_timestamp() END)::float8 * 1000 AS at`,
  );
  const roles = await session.query<{ name: string }>(
    `SELECT rolname::text AS name FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname COLLATE "C"`,
  );
  return {
    names: databases.map(({ name }) => name),
    roles: roles.map(({ name }) => name),
    newestCommit: replayed?.at ?? null,
  };
}

async function readDatabase(session: Session, name: string, signal: AbortSignal): Promise<DatabaseContent> {
  await session.query("SET lock_timeout = '2s'");
  const tables = await session.query<Table & Record<string, unknown>>(tablesSql);
  const counted: TableContent[] = [];
  for (const part of chunks(tables, 20)) {
    signal.throwIfAborted();
    counted.push(...(await count(session, part)));
  }
  const heads = { migrationHead: await readHead(session), alembic: await readFreeHeads(session) };
  return { name, migrationHead: renderHeads(heads), tables: counted };
}

interface Table {
  readonly schema: string;
  readonly name: string;
  /** Whether somebody has it for himself. */
  readonly isLocked: boolean;
}

/** Members of extensions come with CREATE EXTENSION. */
const tablesSql = `
SELECT n.nspname::text AS schema, c.relname::text AS name, EXISTS (
  SELECT FROM pg_catalog.pg_locks AS l
  WHERE l.relation = c.oid AND l.granted AND l.mode = 'AccessExclusiveLock'
    AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
) AS "isLocked"
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

/** What is dropped, or locked, while it is counted is not known. */
async function count(session: Session, tables: readonly Table[]): Promise<readonly TableContent[]> {
  const free = tables.filter(({ isLocked }) => !isLocked);
  const counts = free.map(
    ({ schema, name }, index) =>
      `SELECT ${index} AS index, pg_catalog.count(*)::text AS rows FROM ONLY ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`,
  );
  const rows = new Map<Table, string>();
  try {
    const found =
      counts.length === 0
        ? []
        : await session.query<{ index: number; rows: string }>(counts.join(" UNION ALL "));
    for (const { index, rows: counted } of found) {
      const table = free[index];
      if (table !== undefined) rows.set(table, counted);
    }
  } catch (error) {
    if (!["55P03", "42P01", "3F000"].includes((error as DatabaseError).code ?? "")) throw error;
    if (tables.length > 1) return (await Promise.all(tables.map((table) => count(session, [table])))).flat();
  }
  return tables.map((table) => ({
    name: `${table.schema}.${table.name}`,
    rows: rows.get(table) ?? null,
  }));
}

/** A version table that a change keeps for itself tells nothing. */
async function readFreeHeads(session: Session): Promise<readonly AlembicHead[]> {
  try {
    return await readAlembicHeads(session);
  } catch (error) {
    if (!["55P03", "42P01", "3F000"].includes((error as DatabaseError).code ?? "")) throw error;
    return [];
  }
}

async function readHead(session: Session): Promise<string | null> {
  const [history] = await session.query<{ isThere: boolean }>(
    `SELECT pg_catalog.to_regclass('${historyTables.applied}') IS NOT NULL AS "isThere"`,
  );
  if (history?.isThere !== true) return null;
  const [head] = await session.query<{ version: string }>(
    `SELECT version::text AS version FROM ${historyTables.applied} ORDER BY version::bigint DESC LIMIT 1`,
  );
  return head?.version ?? null;
}
