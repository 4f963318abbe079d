import type { Waiting } from "../../../components/io/waiting";
import type { WriteLine } from "../progress";
import { cancelOnSignals } from "../migrate/run-steps";

/** Ctrl-C or SIGTERM came, and nothing is left of what was begun. */
export class CancelledError extends Error {}

/** Does something that Ctrl-C and SIGTERM have end by itself, so that nothing is left behind. */
export async function untilInterrupted<Result>(
  write: WriteLine,
  work: (waiting: Waiting) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const release = cancelOnSignals(() => {
    write("cancelling …");
    stop.abort(new Error("this run was cancelled"));
  });
  const say = (text: string): Promise<void> => {
    write(text);
    return Promise.resolve();
  };
  try {
    return await work({ say, signal: stop.signal });
  } catch (error) {
    throw stop.signal.aborted ? new CancelledError("this run was cancelled", { cause: error }) : error;
  } finally {
    release();
  }
}
