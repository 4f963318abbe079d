import { InvalidArgumentError, type Command } from "commander";
import { parseTime } from "../../../components/core/duration";
import { resolveLimits, type RunLimits } from "../../../components/core/migrations/retry";
import type { MigrationsConfig } from "../../config";

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
      parseLimit,
    )
    .option(
      "--statement-timeout <time>",
      "longest time of a statement, 0 is none (default: 15min)",
      parseLimit,
    )
    .option("--retry-for <time>", "for how long a blocked file is tried again (default: 10min)", parseLimit);
}

/** The bounds of a run: what the flags say, else what the stack's configuration says. */
export function limitsOf(
  { lockTimeout, statementTimeout, retryFor }: LimitArgs,
  { limits }: Pick<MigrationsConfig, "limits">,
): RunLimits {
  return resolveLimits(
    { lockTimeoutMs: lockTimeout, statementTimeoutMs: statementTimeout, retryForMs: retryFor },
    limits,
  );
}

/** As commander has it: in milliseconds, or a refusal. */
function parseLimit(text: string): number {
  const time = parseTime(text);
  if (time === undefined) throw new InvalidArgumentError("Write it such as 500ms, 2s, 15min or 1h.");
  return time;
}
