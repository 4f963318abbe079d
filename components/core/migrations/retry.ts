/** Bounds of a run: how long it may hold up others, and how long it tries. */
export interface RunLimits {
  /**
   * Longest wait for a lock (`lock_timeout`), in milliseconds: whoever comes after waits behind a migration that waits,
   * so that this is what the application may feel.
   *
   * @default 2 s
   */
  readonly lockTimeoutMs: number;
  /**
   * Longest time of a statement (`statement_timeout`), in milliseconds; 0 is none. Builds of indexes CONCURRENTLY have
   * none.
   *
   * @default 15 min
   */
  readonly statementTimeoutMs: number;
  /** How often a file is tried while others are in its way; default 20. */
  readonly attempts: number;
  /** For how long, in milliseconds; default 10 min. */
  readonly retryForMs: number;
}

export const defaultLimits: RunLimits = {
  lockTimeoutMs: 2_000,
  statementTimeoutMs: 15 * 60_000,
  attempts: 20,
  retryForMs: 10 * 60_000,
};

/** What somebody says of the bounds, in milliseconds; what is not said stays as it is. */
export interface ChosenLimits {
  readonly lockTimeoutMs?: number | undefined;
  readonly statementTimeoutMs?: number | undefined;
  readonly retryForMs?: number | undefined;
}

/** The bounds of a run. */
export function resolveLimits(chosen: ChosenLimits, otherwise: RunLimits = defaultLimits): RunLimits {
  const { lockTimeoutMs, statementTimeoutMs, retryForMs } = chosen;
  return {
    ...otherwise,
    ...(lockTimeoutMs === undefined ? {} : { lockTimeoutMs }),
    ...(statementTimeoutMs === undefined ? {} : { statementTimeoutMs }),
    // So many that time is what ends it.
    ...(retryForMs === undefined ? {} : { retryForMs, attempts: 1_000 }),
  };
}

/** Longest pause between two attempts, in milliseconds. */
const longestPauseMs = 30_000;

/**
 * Pause after a failed attempt, in milliseconds: twice as long each time, up to 30 s, less up to a half, so that runs
 * that met once do not meet again.
 *
 * @param attempt counts from 1
 * @param random from 0 to 1
 */
export function pauseAfter(attempt: number, random: number): number {
  const whole = Math.min(longestPauseMs, 500 * 2 ** (attempt - 1));
  return Math.round(whole * (1 - random / 2));
}

/**
 * Codes of PostgreSQL's appendix A that are gone when the same is tried again: `lock_not_available`,
 * `deadlock_detected`, `serialization_failure`.
 */
const passing = new Set(["55P03", "40P01", "40001"]);

/** True for an error that is others' doing, and may be gone when the same is tried again. */
export function mayPass(code: string | undefined): boolean {
  return code !== undefined && passing.has(code);
}
