import { setTimeout } from "node:timers/promises";
import type { ConnectionTarget } from "../../core/connection";
import { openSession, type Session } from "../session";

/** A session that a migration waits for. The text of its query may hold secrets, and is not asked for. */
export interface Blocker {
  readonly pid: number;
  readonly application: string;
  readonly user: string;
  /** ISO 8601 in UTC; null where the watching login may not see it. */
  readonly queryStart: string | null;
}

/** Looks at a session from another one while its statements take long. */
export interface Watcher {
  /** Watches while something runs. */
  during<Result>(label: string, work: Promise<Result>): Promise<Result>;
  /** Whom the last statement was seen to wait for. */
  readonly blockers: () => readonly Blocker[];
  close(): Promise<void>;
}

export interface WatcherOptions {
  /** A login that sees what sessions do, such as the administrator. */
  readonly target: ConnectionTarget;
  readonly database: string;
  /** The session that is watched. */
  readonly pid: number;
  readonly lockTimeoutMs: number;
  readonly say: (text: string) => Promise<void>;
  /** Of the session that watches; default `pgstead migrate (watching)`. */
  readonly applicationName?: string;
}

/** Between two looks; a line about the same work comes every other look at most. */
const betweenLooksMs = 1_000;
const betweenLinesMs = 4_000;
/** A person starts to wonder after this time. */
const patienceMs = 2_000;

export function createWatcher(options: WatcherOptions): Watcher {
  const { target, database, pid, lockTimeoutMs, say } = options;
  const { applicationName = "pgstead migrate (watching)" } = options;
  let session: Promise<Session> | undefined;
  let blockers: readonly Blocker[] = [];
  const open = (): Promise<Session> =>
    (session ??= openSession(target, { database, asItself: true, applicationName }));
  const watch = async (label: string, signal: AbortSignal): Promise<void> => {
    const since = Date.now();
    let lastLine = since + patienceMs - betweenLinesMs;
    await setTimeout(Math.min(500, lockTimeoutMs / 2), undefined, { signal });
    for (;;) {
      const seen = await look(await open(), pid);
      if (seen.blockers.length > 0) blockers = seen.blockers;
      const line = seen.progress ?? (seen.blockers.length > 0 ? waitsFor(seen.blockers) : undefined);
      if (line !== undefined && Date.now() - since >= patienceMs && Date.now() - lastLine >= betweenLinesMs) {
        lastLine = Date.now();
        await say(`${label}: ${line}`);
      }
      await setTimeout(betweenLooksMs, undefined, { signal });
    }
  };
  return {
    async during(label, work) {
      blockers = [];
      const over = new AbortController();
      const watching = watch(label, over.signal).catch(async (error: unknown) => {
        // What cannot be watched runs all the same.
        if (!over.signal.aborted) await say(`${label}: cannot be watched: ${(error as Error).message}`);
      });
      try {
        return await work;
      } finally {
        over.abort();
        await watching;
      }
    },
    blockers: () => blockers,
    async close() {
      await (await session?.catch(() => undefined))?.close(); // one that never opened has been told
    },
  };
}

/** `waits for session 123 (application shop-web of shop_app, query since 2026-03-14T15:09:26Z)` */
export function waitsFor(blockers: readonly Blocker[]): string {
  const names = blockers.map(({ pid, application, user, queryStart }) => {
    const since = queryStart === null ? "" : `, query since ${queryStart}`;
    return `session ${pid} (application ${application === "" ? "without a name" : application} of ${user}${since})`;
  });
  return `waits for ${names.join(", ")}`;
}

interface Look {
  readonly blockers: readonly Blocker[];
  /** How far VACUUM, ANALYZE or the build of an index is. */
  readonly progress?: string;
}

async function look(session: Session, pid: number): Promise<Look> {
  const [blockers, [build]] = await Promise.all([
    session.query<Blocker & Record<string, unknown>>(
      `SELECT a.pid, coalesce(a.application_name, '') AS application, coalesce(a.usename, 'the server')::text AS user,
              pg_catalog.to_char(a.query_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "queryStart"
       FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = ANY (pg_catalog.pg_blocking_pids($1)) ORDER BY a.pid`,
      [pid],
    ),
    session.query<{ phase: string; done: string; total: string }>(progressSql, [pid]),
  ]);
  if (build === undefined) return { blockers };
  const [done, total] = [Number(build.done), Number(build.total)];
  const share = total > 0 ? `, ${Math.floor((100 * done) / total)}%` : "";
  const waiting = blockers.length > 0 ? `, ${waitsFor(blockers)}` : "";
  return { blockers, progress: `${build.phase}${share}${waiting}` };
}

/** What the server tells of long works; a phase of which it counts nothing has a total of 0. */
const progressSql = `
SELECT phase, greatest(blocks_done, tuples_done)::text AS done, greatest(blocks_total, tuples_total)::text AS total
FROM pg_catalog.pg_stat_progress_create_index WHERE pid = $1
UNION ALL
SELECT phase, CASE phase WHEN 'scanning heap' THEN heap_blks_scanned ELSE heap_blks_vacuumed END::text,
  CASE WHEN phase IN ('scanning heap', 'vacuuming heap') THEN heap_blks_total ELSE 0 END::text
FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = $1
UNION ALL
SELECT phase, sample_blks_scanned::text, sample_blks_total::text
FROM pg_catalog.pg_stat_progress_analyze WHERE pid = $1
UNION ALL
SELECT phase, heap_blks_scanned::text, CASE WHEN phase LIKE '%scanning heap' THEN heap_blks_total ELSE 0 END::text
FROM pg_catalog.pg_stat_progress_cluster WHERE pid = $1`;
