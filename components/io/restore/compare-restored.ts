import type { BackupManifest } from "../../core/backup/manifest";
import type { ConnectionTarget } from "../../core/connection";
import { compareFacts } from "../../core/restore/compare";
import { readAlembicHeads } from "../alembic/heads";
import { countRows, readTables } from "../backup/snapshot";
import type { Session } from "../session";
import { untilAborted } from "../until-aborted";

/**
 * Compares a restored database with its backup's manifest: every table with the exact count of its rows, the extensions,
 * and the server's roles. Nobody may change it meanwhile.
 *
 * @param login one that reads every table
 * @returns what differs; empty: nothing does
 */
export async function compareRestored(
  login: ConnectionTarget,
  database: string,
  manifest: BackupManifest,
  signal: AbortSignal,
): Promise<string[]> {
  const options = { database, asItself: true, readOnly: true, applicationName: "pgstead restore" };
  return untilAborted(login, options, signal, async (session) => {
    await session.query("SET statement_timeout = 0; SET row_security = off");
    const tables = await countRows(session, await readTables(session));
    const extensions = await session.query<{ name: string }>(
      "SELECT extname::text AS name FROM pg_catalog.pg_extension",
    );
    const roles = await session.query<{ name: string }>(
      "SELECT rolname::text AS name FROM pg_catalog.pg_roles",
    );
    const names = (rows: readonly { readonly name: string }[]): string[] => rows.map(({ name }) => name);
    const alembic = await readAlembicHeads(session);
    const hashed = await readHashed(session);
    return compareFacts(manifest, {
      tables: tables.map((table) => ({ ...table, hashed: hashed.get(table.oid) ?? null })),
      extensions: names(extensions),
      roles: names(roles),
      alembic,
    });
  });
}

/** Tables below one that is partitioned by hash, with the topmost such one of each. */
async function readHashed(session: Session): Promise<ReadonlyMap<number, string>> {
  const rows = await session.query<{ oid: string; hashed: string }>(`
    SELECT DISTINCT ON (t.relid) t.relid::pg_catalog.oid::text AS oid, p.partrelid::text AS hashed
    FROM pg_catalog.pg_partitioned_table AS p
    CROSS JOIN LATERAL pg_catalog.pg_partition_tree(p.partrelid) AS t
    WHERE p.partstrat = 'h'
    ORDER BY t.relid, t.level DESC`);
  return new Map(rows.map(({ oid, hashed }) => [Number(oid), hashed]));
}
