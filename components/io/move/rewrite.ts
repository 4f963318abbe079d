import { setTimeout } from "node:timers/promises";
import { chunks } from "../../core/lists";
import { sayFailure } from "../../core/move/masking";
import type { Session } from "../session";

/**
 * Dead rows, their TOAST and index entries go, also of partitions and heirs.
 *
 * @param tables as SQL has them
 */
export async function rewriteTables(session: Session, tables: readonly string[]): Promise<void> {
  const all = await session.query<{ name: string }>(
    `WITH RECURSIVE below AS (
       SELECT t::pg_catalog.regclass::oid AS oid FROM pg_catalog.unnest($1::text[]) AS t
       UNION SELECT i.inhrelid FROM below AS b JOIN pg_catalog.pg_inherits AS i ON i.inhparent = b.oid)
     SELECT c.oid::pg_catalog.regclass::text AS name FROM below AS b JOIN pg_catalog.pg_class AS c ON c.oid = b.oid
     WHERE c.relkind = 'r' ORDER BY c.oid`,
    [tables],
  );
  for (const { name } of all) await session.query(`VACUUM (FULL) ${name}`);
}

/**
 * Statistics of the rows that are there now, and of no other: samples of values went into the catalogues. A table with parts
 * on another server has none as a whole, as that server would be asked.
 *
 * @returns tables without statistics, with why: that is no reason to give a copy up
 */
export async function renewStatistics(session: Session): Promise<readonly string[]> {
  const tables = await session.query<{ name: string; isReachable: boolean }>(reachableSql);
  const own = tables.filter(({ isReachable }) => isReachable).map(({ name }) => name);
  const notes: string[] = [];
  for (const part of chunks(own, 100)) notes.push(...(await analyze(session, part)));
  for (const catalog of ["pg_statistic", "pg_statistic_ext_data"])
    await session.query(`VACUUM (FULL) pg_catalog.${catalog}`);
  return notes;
}

/** All of them at once; where one cannot be looked at, each by itself. */
async function analyze(session: Session, tables: readonly string[]): Promise<readonly string[]> {
  try {
    await session.query(`ANALYZE ${tables.join(", ")}`);
    return [];
  } catch (error) {
    const [only] = tables;
    if (tables.length === 1) return [`${only ?? ""} has no statistics: ${sayFailure(error as Error)}`];
    const notes: string[] = [];
    for (const table of tables) notes.push(...(await analyze(session, [table])));
    return notes;
  }
}

const reachableSql = `
WITH RECURSIVE above AS (
  SELECT i.inhparent AS oid FROM pg_catalog.pg_inherits AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
  WHERE c.relkind = 'f'
  UNION SELECT i.inhparent FROM above AS a JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = a.oid)
SELECT c.oid::pg_catalog.regclass::text AS name, NOT EXISTS (SELECT FROM above AS a WHERE a.oid = c.oid) AS "isReachable"
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' ORDER BY c.oid`;

/** Longer than a standby waits before it tells what it needs (`wal_receiver_status_interval`, 10 s as PostgreSQL has it). */
const patienceMs = 15_000;

/**
 * Waits for whoever still sees rows as they were before now, as no rewrite leaves such rows out: standbys that tell what they
 * need, their slots, other sessions of the database.
 *
 * @returns who does so still
 */
export async function awaitHolders(session: Session, signal: AbortSignal): Promise<readonly string[]> {
  const [now] = await session.query<{ xid: string }>(
    "SELECT pg_catalog.pg_current_xact_id()::xid::text AS xid",
  );
  const end = Date.now() + patienceMs;
  for (;;) {
    const found = await session.query<{ what: string }>(holdersSql, [now?.xid]);
    if (found.length === 0 || Date.now() > end) return found.map(({ what }) => what);
    await setTimeout(500, undefined, { signal });
  }
}

const holdersSql = `
SELECT h.what FROM (
  SELECT pg_catalog.concat('standby ', application_name) AS what, backend_xmin AS oldest FROM pg_catalog.pg_stat_replication
  UNION ALL SELECT pg_catalog.concat('slot ', slot_name), xmin FROM pg_catalog.pg_replication_slots
  UNION ALL SELECT pg_catalog.concat('session ', pid, ' of ', usename), backend_xmin FROM pg_catalog.pg_stat_activity
  WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()) AS h
WHERE h.oldest IS NOT NULL AND pg_catalog.age(h.oldest) > pg_catalog.age($1::text::pg_catalog.xid)`;
