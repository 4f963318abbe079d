import { setTimeout as pause } from "node:timers/promises";
import { InvalidArgumentError, type Command } from "commander";
import { cancelOnSignals } from "./interrupt";

/** How often `--watch` looks where nothing is said, in seconds: as `watch` and `top` do it. */
const usualInterval = 2;

/** Adds `--watch` to a command that looks. */
export function declareWatch(command: Command): void {
  command.option(
    "--watch [seconds]",
    `look again every few seconds until Ctrl-C, and end as the last look did (default: ${usualInterval})`,
    (text: string) => {
      const seconds = Number(text);
      if (Number.isFinite(seconds) && seconds >= 1 && seconds <= 86_400) return seconds;
      throw new InvalidArgumentError("is to be a number of seconds, from 1 to 86400.");
    },
  );
}

/** Seconds between two looks; undefined: one look is asked for. */
export function watchInterval(watch: number | boolean | undefined): number | undefined {
  return watch === true ? usualInterval : watch === false ? undefined : watch;
}

/**
 * Looks, waits, and looks again until Ctrl-C or SIGTERM, or until a look says that it is the last.
 *
 * @returns what the last look gave; undefined: none was done
 */
export async function watching<Result>(
  seconds: number,
  look: () => Promise<{ readonly result: Result; readonly isLast: boolean }>,
): Promise<Result | undefined> {
  const stop = new AbortController();
  const release = cancelOnSignals(() => {
    stop.abort();
  });
  const stopped = new Promise<undefined>((resolve) => {
    stop.signal.addEventListener("abort", () => {
      resolve(undefined);
    });
  });
  try {
    let last = await Promise.race([look(), stopped]);
    const isStopped = (): boolean => stop.signal.aborted;
    while (last?.isLast === false && !isStopped()) {
      await pause(seconds * 1_000, undefined, { signal: stop.signal }).catch(() => undefined); // only by a signal
      if (isStopped()) break;
      // A look that hangs must not keep somebody who wants to go.
      last = (await Promise.race([look(), stopped])) ?? last;
    }
    return last?.result;
  } finally {
    release();
  }
}
