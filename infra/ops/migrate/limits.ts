import { InvalidArgumentError, type Command } from "commander";
import { defaultLimits, type RunLimits } from "../../../components/core/migrations/retry";

/** Options of every command that runs migrations. */
export interface LimitArgs {
  readonly lockTimeout?: number;
  readonly statementTimeout?: number;
  readonly retryFor?: number;
}

/** Adds the bounds of a run, in PostgreSQL's units. */
export function declareLimits(command: Command): Command {
  return command
    .option(
      "--lock-timeout <time>",
      "longest wait for a lock, and so of those who wait behind it (default: 2s)",
      parseTime,
    )
    .option(
      "--statement-timeout <time>",
      "longest time of a statement, 0 is none (default: 15min)",
      parseTime,
    )
    .option("--retry-for <time>", "for how long a blocked file is tried again (default: 10min)", parseTime);
}

export function limitsOf({ lockTimeout, statementTimeout, retryFor }: LimitArgs): RunLimits {
  return {
    ...defaultLimits,
    ...(lockTimeout === undefined ? {} : { lockTimeoutMs: lockTimeout }),
    ...(statementTimeout === undefined ? {} : { statementTimeoutMs: statementTimeout }),
    // So many that time is what ends it.
    ...(retryFor === undefined ? {} : { retryForMs: retryFor, attempts: 1_000 }),
  };
}

const units = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["min", 60_000],
  ["h", 3_600_000],
]);

/** A time as PostgreSQL writes it, `500ms`, in milliseconds. */
function parseTime(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,6})\s*([a-z]*)$/.exec(text) ?? [];
  const factor = digits === "0" && unit === "" ? 1 : units.get(unit);
  if (digits === undefined || factor === undefined)
    throw new InvalidArgumentError("Write it such as 500ms, 2s, 15min or 1h.");
  return Number(digits) * factor;
}
