import {
  assertKnownLayout,
  historyTables,
  planHistory,
  type HistoryPlace,
} from "../../core/migrations/history-layout";
import {
  emptyHistory,
  type AppliedMigration,
  type MigrationHistory,
  type RepeatableRow,
  type TrailEntry,
  type UnfinishedMigration,
} from "../../core/migrations/history";
import { problemError } from "../../core/problem";
import type { Statement } from "../../core/statement";
import { withAdvisoryLock } from "../advisory-lock";
import { applyStatements } from "../apply";
import type { Session } from "../session";
import { identifiedObjects } from "../repeatables/catalog";
import type { Waiting } from "../waiting";

const { layout, applied, progress, trail, repeatable } = historyTables;

/** A moment as ISO 8601 in UTC. */
export const moment = (column: string): string =>
  `pg_catalog.to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** What of the history a database has, and what a login may do with it; default this session's. */
export async function readHistoryPlace(session: Session, login?: string): Promise<HistoryPlace> {
  const [place] = await session.query<Omit<HistoryPlace, "layout"> & { visible: boolean }>(
    `WITH who AS (
       SELECT CASE WHEN $1::text IS NULL THEN current_user ELSE (
         SELECT r.rolname FROM pg_catalog.pg_roles AS r WHERE r.rolname = $1) END AS name)
    SELECT n.oid IS NOT NULL AS "hasSchema", m.oid IS NOT NULL AS "hasTables",
           coalesce(pg_catalog.has_schema_privilege(who.name, n.oid, 'USAGE')
             AND pg_catalog.has_table_privilege(who.name, m.oid, 'SELECT'), false) AS "mayRead",
           coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
             AND pg_catalog.has_table_privilege(m.oid, 'SELECT'), false) AS visible,
           coalesce(pg_catalog.has_table_privilege(who.name, m.oid, 'DELETE')
             AND pg_catalog.has_column_privilege(who.name, t.oid, 'note', 'INSERT'), false) AS "mayWrite"
    FROM who LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'pgstead'
    LEFT JOIN pg_catalog.pg_class AS m ON m.relnamespace = n.oid AND m.relname = 'migration'
    LEFT JOIN pg_catalog.pg_class AS t ON t.relnamespace = n.oid AND t.relname = 'migration_trail'`,
    [login ?? null],
  );
  if (place === undefined) throw new Error("the read of schema pgstead gave no row");
  const { visible, ...rest } = place;
  if (!visible) return { ...rest, layout: undefined };
  const [row] = await session.query<{ layout: number }>(`SELECT layout FROM ${layout}`);
  return { ...rest, layout: row?.layout };
}

/**
 * All that a database says of its migrations, in a few questions however many there are.
 *
 * @throws ProblemError where this login may not read it, or a later version of this program made it
 */
export async function readHistory(session: Session): Promise<MigrationHistory> {
  const place = await readKnownPlace(session);
  if (!place.hasTables) return emptyHistory;
  const [row] = await session.query<{
    history: { applied: AppliedMigration[]; unfinished: UnfinishedMigration | null };
  }>(`
    SELECT pg_catalog.json_build_object(
      'applied', (
        SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'version', version, 'name', name, 'checksum', checksum, 'transactional', transactional, 'origin', origin,
          'appliedAt', ${moment("applied_at")}, 'appliedBy', applied_by, 'durationMs', duration_ms)
          ORDER BY version::bigint), '[]'::json)
        FROM ${applied}),
      'unfinished', (
        SELECT pg_catalog.json_build_object(
          'version', version, 'name', name, 'direction', direction, 'done', done, 'running', running,
          'startedAt', ${moment("started_at")}, 'startedBy', started_by)
        FROM ${progress})) AS history`);
  if (row === undefined) throw new Error("the read of the history gave no row");
  const { applied: rows, unfinished } = row.history;
  // Layout 1 had none.
  const repeatables = place.layout === 1 ? [] : await readRepeatableRows(session);
  return { applied: rows, ...(unfinished === null ? {} : { unfinished }), repeatables };
}

/** The records of repeatable files, with what of their objects is gone. */
export async function readRepeatableRows(session: Session): Promise<RepeatableRow[]> {
  return session.query<RepeatableRow & Record<string, unknown>>(
    `WITH there AS (${identifiedObjects})
     SELECT r.path, r.checksum, r.objects, r.left_behind AS left, ${moment("r.applied_at")} AS "appliedAt",
            r.applied_by AS "appliedBy", r.duration_ms::int AS "durationMs",
            ARRAY(SELECT o FROM pg_catalog.unnest(r.objects || r.left_behind) AS o
                  WHERE NOT EXISTS (SELECT FROM there WHERE there.object = o)) AS missing
     FROM ${repeatable} AS r ORDER BY r.path`,
  );
}

/** Whether there is a history, which this session may read and this program knows. */
export async function hasHistory(session: Session): Promise<boolean> {
  return (await readKnownPlace(session)).hasTables;
}

/** What the history of a database is, which this session may read and this program knows. */
async function readKnownPlace(session: Session): Promise<HistoryPlace> {
  const place = await readHistoryPlace(session);
  assertKnownLayout(place);
  if (!place.hasTables || place.mayRead) return place;
  const hint = "run `migrate upgrade`: the administrator grants it then";
  throw problemError("pgstead.migration", "this login may not read the history of migrations", hint);
}

/** The trail, the newest entry first. */
export async function readTrail(
  session: Session,
  { since, limit }: { readonly since?: Date; readonly limit: number },
): Promise<TrailEntry[]> {
  if (!(await hasHistory(session))) return [];
  return session.query<TrailEntry & Record<string, unknown>>(
    `SELECT id::int, ${moment("at")} AS at, by, action, outcome, version, name, checksum,
            duration_ms::int AS "durationMs", note
     FROM ${trail} WHERE at >= coalesce($1::timestamptz, '-infinity') ORDER BY id DESC LIMIT $2`,
    [since?.toISOString() ?? null, limit],
  );
}

/** What every run takes in the database that it changes; the key is ASCII `pgsteadm`. */
export const historyLock = { key: "8099569398603408493", what: "another run migrates this database" };

/**
 * Makes the tables where they are not there, and lets the migrator keep the history in them. Two runs that are the first
 * ones do so one after the other.
 *
 * @param administrator a session in the managed database, of a login that may make a schema there
 */
export async function prepareHistory(
  administrator: Session,
  migrator: string | undefined,
  { waitSeconds = 600, ...waiting }: Waiting & { readonly waitSeconds?: number },
): Promise<void> {
  const plan = async (): Promise<Statement[]> =>
    planHistory(await readHistoryPlace(administrator, migrator), migrator);
  if ((await plan()).length === 0) return;
  const make = async (): Promise<void> => applyStatements(administrator, await plan());
  await withAdvisoryLock(administrator, { ...historyLock, waitSeconds }, make, waiting);
}
