import { ProblemError } from "../../components/core/problem";
import { endOnSignals } from "./signals";

/** Exit code of a command that could not even begin: something is missing, or was asked for wrongly. */
const cannotBegin = 2;

/**
 * Runs a command line program: its result is the exit code, and a problem is printed with its hint and without a stack
 * trace.
 */
export function main(work: (args: readonly string[]) => Promise<number>): void {
  endOnSignals();
  void work(process.argv.slice(2))
    .catch((error: unknown) => {
      process.stderr.write(`${describe(error)}\n`);
      return cannotBegin;
    })
    .then((exitCode) => {
      process.exitCode = exitCode;
    });
}

function describe(error: unknown): string {
  if (error instanceof ProblemError) return `pgstead: ${error.message}`;
  return `pgstead: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
