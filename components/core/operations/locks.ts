import type { ServerSession } from "./sessions";

/** What a session waits for. */
export interface LockWait {
  /** `relation`, `transactionid`, `tuple`, `advisory`, …, as pg_locks has it. */
  readonly type: string;
  /** What is locked, for people: `table api.orders`, `a row of api.orders`, `transaction 812`, `advisory lock 42`. */
  readonly target: string;
  /** `AccessExclusiveLock`, … */
  readonly mode: string;
  readonly waitSeconds: number;
}

/** A session that waits for a lock, or that others wait for. */
export interface LockSession extends ServerSession {
  /** Null: it waits for nothing. */
  readonly wants: LockWait | null;
  /**
   * The sessions that it waits for, by pg_blocking_pids: those that hold a lock in its way, and those before it in the
   * queue. 0 is a prepared transaction, which has no session.
   */
  readonly blockedBy: readonly number[];
}

/** A transaction that is prepared, and holds its locks with nobody connected. */
export interface PreparedHolder {
  readonly name: string;
  readonly owner: string;
  readonly database: string;
  readonly preparedSeconds: number;
}

export interface AdvisoryLock {
  /** `42`, or `4, 2` of two numbers. */
  readonly key: string;
  readonly database: string;
  readonly mode: string;
  readonly pid: number | null;
  readonly granted: boolean;
}

export interface LockFacts {
  /** All that wait and all that they wait for, by pid. */
  readonly sessions: readonly LockSession[];
  /** Prepared transactions of the server: pid 0 is one of them. */
  readonly prepared: readonly PreparedHolder[];
  readonly advisory: readonly AdvisoryLock[];
}

/** A session in the tree, below the one that it waits for. */
export interface LockNode {
  /** 0: a prepared transaction. */
  readonly pid: number;
  readonly depth: number;
  /** Sessions below it. */
  readonly blocks: number;
  /** Others that it waits for besides the one above it. */
  readonly also: readonly number[];
}

/**
 * Who waits for whom, from those that wait for nobody down, each session once.
 *
 * The hundredth in a queue waits for the holder and for the 99 before it: it stands below the holder, who is the one to
 * look at; the others are in `also`. A circle ends by PostgreSQL's own deadlock_timeout; until then it begins at its
 * lowest pid.
 */
export function lockTree(sessions: readonly LockSession[]): LockNode[] {
  const waiting = new Map(
    sessions.flatMap(({ pid, blockedBy }) => (blockedBy.length > 0 ? [[pid, blockedBy]] : [])),
  );
  const pids = [...new Set([...sessions.map(({ pid }) => pid), ...[...waiting.values()].flat()])].toSorted(
    (a, b) => a - b,
  );
  const isRoot = (pid: number): boolean => !waiting.has(pid);
  const above = new Map(
    [...waiting].map(([pid, blockers]) => [pid, blockers.find(isRoot) ?? blockers[0] ?? 0]),
  );
  const nodes: LockNode[] = [];
  const seen = new Set<number>();
  const visit = (pid: number, depth: number): number => {
    seen.add(pid);
    const index = nodes.length;
    const also = (waiting.get(pid) ?? []).filter((other) => depth === 0 || other !== above.get(pid));
    nodes.push({ pid, depth, blocks: 0, also });
    const below = pids.filter((other) => above.get(other) === pid && !seen.has(other));
    const blocks = below.reduce((sum, other) => sum + 1 + (seen.has(other) ? 0 : visit(other, depth + 1)), 0);
    nodes[index] = { pid, depth, blocks, also };
    return blocks;
  };
  for (const pid of pids.filter(isRoot)) visit(pid, 0);
  for (const pid of pids) if (!seen.has(pid)) visit(pid, 0);
  return nodes.filter(({ pid, blocks, depth }) => depth > 0 || blocks > 0 || waiting.has(pid));
}

/** Pids that wait for a session, through others as well. */
export function blockedThrough(sessions: readonly LockSession[], pid: number): number[] {
  const found = new Set<number>();
  const add = (blocker: number): void => {
    for (const { pid: waiter, blockedBy } of sessions) {
      if (waiter === pid || found.has(waiter) || !blockedBy.includes(blocker)) continue;
      found.add(waiter);
      add(waiter);
    }
  };
  add(pid);
  return [...found].toSorted((a, b) => a - b);
}
