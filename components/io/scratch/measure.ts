import { setTimeout } from "node:timers/promises";
import type { ConnectionTarget } from "../../core/connection";
import {
  effectOf,
  type HeldLock,
  type MigrationEffect,
  type StoredDatabase,
  type StoredTable,
  type TableSize,
} from "../../core/migrations/effect";
import { emptyHistory } from "../../core/migrations/history";
import { countRows, readTables } from "../backup/snapshot";
import type { DoneStep, MigrationEngine, RunOutcome } from "../migrations/engine";
import type { Watcher } from "../migrations/watcher";
import { withSession, type Session } from "../session";
import type { Progress } from "../progress";

/** A run of a migration on real rows, with what it did. */
export interface MeasuredRun extends MigrationEffect {
  /** Files that it applied or took back; of one that failed, the one that did. */
  readonly files: readonly string[];
  readonly direction: DoneStep["direction"];
  /** Null: it failed. */
  readonly durationMs: number | null;
}

/** Sees which tables the session of a run has locked. */
export interface LockLog {
  /** For an engine that runs here: looks after each statement, and now and then while one runs. */
  readonly lookOn: (watcher: Watcher, pid: number) => Watcher;
  /** For one that tells it by itself. */
  readonly onLocks: (locks: readonly HeldLock[]) => void;
}

/** Between two looks while a statement runs. */
const betweenLooksMs = 100;

const locksSql = `
SELECT l.relation::int8::text AS oid, l.mode FROM pg_catalog.pg_locks AS l
WHERE l.pid = $1 AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384`;

/**
 * Has every run of an engine measured: its duration, the locks that it took, the tables that it wrote anew, and sizes.
 *
 * @param session a superuser's in the database, which nobody else uses
 * @param make makes the engine
 * @param progress says what runs, where it takes its time
 * @returns the engine, and what was measured so far
 */
export function measure(
  session: Session,
  make: (log: LockLog) => MigrationEngine,
  progress: Progress,
): { readonly engine: MigrationEngine; readonly runs: readonly MeasuredRun[] } {
  const log = openLockLog(session);
  const engine = make(log);
  const runs: MeasuredRun[] = [];
  return {
    runs,
    engine: {
      ...engine,
      async run(decide, repeating) {
        const before = await readStored(session);
        const wanted: { file: string; direction: DoneStep["direction"] }[] = [];
        log.begin();
        const steps = decide(emptyHistory);
        wanted.push(...steps.map(({ migration, direction }) => ({ file: migration.path, direction })));
        const what = wanted.map(({ file, direction }) => `${file} (${direction})`).join(", ");
        const outcome = await progress(
          what === "" ? "repeatable files" : what,
          engine.run(() => steps, repeating),
        );
        const locks = log.end(durationOf(outcome));
        const effect = effectOf(before, await readStored(session), locks);
        const isIdle = outcome.done.length === 0 && outcome.failure === undefined;
        if (!isIdle) runs.push({ ...effect, ...describe(outcome, wanted) });
        return outcome;
      },
    },
  };
}

function describe(
  outcome: RunOutcome,
  wanted: readonly { readonly file: string; readonly direction: DoneStep["direction"] }[],
): Pick<MeasuredRun, "files" | "direction" | "durationMs"> {
  const [first] = wanted;
  // Repeatable files are no steps.
  const files = first === undefined ? outcome.done.map(({ file }) => file) : wanted.map(({ file }) => file);
  return {
    files,
    direction: first?.direction ?? "repeat",
    durationMs: outcome.failure === undefined ? durationOf(outcome) : null,
  };
}

function durationOf({ done }: RunOutcome): number {
  return done.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

interface OpenLockLog extends LockLog {
  begin(): void;
  /** @param durationMs from the first statement on; what is held until the end is held so long */
  end(durationMs: number): readonly HeldLock[];
}

/** What is locked, from look to look. */
function keepLocks(session: Session) {
  const open = new Map<string, { readonly oid: number; readonly mode: string; readonly since: number }>();
  const closed: HeldLock[] = [];
  const close = (key: string, at: number): void => {
    const lock = open.get(key);
    if (lock === undefined) return;
    open.delete(key);
    const { oid, mode, since } = lock;
    closed.push({ oid, mode, heldMs: Math.max(0, Math.round(at - since)) });
  };
  return {
    closed,
    closeAll(at: number) {
      for (const key of [...open.keys()]) close(key, at);
    },
    /** @param since the start of the statement after which, or in which, it looks */
    async look(pid: number, since: number) {
      const found = await session.query<{ oid: string; mode: string }>(locksSql, [pid]);
      const keys = new Set(found.map(({ oid, mode }) => `${oid} ${mode}`));
      for (const key of [...open.keys()].filter((one) => !keys.has(one))) close(key, since);
      for (const { oid, mode } of found) {
        const key = `${oid} ${mode}`;
        if (!open.has(key)) open.set(key, { oid: Number(oid), mode, since });
      }
    },
  };
}

function openLockLog(session: Session): OpenLockLog {
  let kept = keepLocks(session);
  let began: number | undefined;
  return {
    begin() {
      kept = keepLocks(session);
      began = undefined;
    },
    end(durationMs) {
      const now = performance.now();
      // Of a run that failed nobody knows its duration.
      const isKnown = began !== undefined && durationMs > 0;
      kept.closeAll(isKnown ? Math.min(now, (began ?? now) + durationMs) : now);
      return kept.closed;
    },
    onLocks(locks) {
      kept.closed.push(...locks);
    },
    lookOn: (watcher, pid) => ({
      ...watcher,
      during(label, work) {
        const since = performance.now();
        began ??= since;
        return whileLooking(watcher.during(label, work), () => kept.look(pid, since));
      },
    }),
  };
}

/** Looks now and then while something runs, and once when it is over. */
async function whileLooking<Result>(work: Promise<Result>, look: () => Promise<void>): Promise<Result> {
  const over = new AbortController();
  const looking = (async () => {
    for (;;) {
      await setTimeout(betweenLooksMs, undefined, { signal: over.signal });
      await look();
    }
  })().catch(() => undefined); // it is over; or the session is lost, which the last look tells
  try {
    return await work;
  } finally {
    over.abort();
    await looking;
    await look();
  }
}

/** What a database has on disk; nobody writes to it meanwhile. */
export async function readStored(session: Session): Promise<StoredDatabase> {
  const tables = await session.query<Record<keyof StoredTable, string | null> & { name: string }>(`
    SELECT c.oid::int8::text AS oid, pg_catalog.concat_ws('.', n.nspname, c.relname) AS name,
      pg_catalog.pg_relation_filenode(c.oid)::int8::text AS file,
      pg_catalog.pg_relation_size(c.oid)::text AS "ownBytes", pg_catalog.pg_total_relation_size(c.oid)::text AS bytes
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgstead')
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`);
  const [size] = await session.query<{ bytes: string }>(
    "SELECT pg_catalog.pg_database_size(pg_catalog.current_database())::text AS bytes",
  );
  return {
    bytes: Number(size?.bytes ?? 0),
    tables: tables.map(({ oid, name, file, ownBytes, bytes }) => ({
      oid: Number(oid),
      name,
      file: file === null ? null : Number(file),
      ownBytes: Number(ownBytes),
      bytes: Number(bytes),
    })),
  };
}

/** Rows, exactly, and bytes of every table that holds some. */
export async function readSizes(administrator: ConnectionTarget, database: string): Promise<TableSize[]> {
  const options = { database, asItself: true, applicationName: "pgstead scratch" };
  return withSession(administrator, options, async (session) => {
    const { tables } = await readStored(session);
    const bytes = new Map(tables.map((table) => [table.oid, table.bytes]));
    const counted = await countRows(session, await readTables(session));
    return counted
      .filter(({ kind, schema }) => kind === "r" && schema !== "pgstead")
      .map(({ oid, schema, name, rows }) => ({
        table: `${schema}.${name}`,
        rows,
        bytes: bytes.get(oid) ?? null,
      }));
  });
}
