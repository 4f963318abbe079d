import type { Waiting } from "../../components/io/waiting";
import type { WriteLine } from "./progress";

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

/** npm passes Ctrl-C on to a process that the terminal has told already: both are one. */
const sameSignalMs = 1_000;

/** Has Ctrl-C and SIGTERM cancel; one that comes a while after the first ends the process. */
export function cancelOnSignals(cancel: () => void): () => void {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const release = (): void => {
    for (const signal of signals) process.removeListener(signal, interrupt);
  };
  let isCancelled = false;
  const interrupt = (): void => {
    if (isCancelled) return;
    isCancelled = true;
    setTimeout(release, sameSignalMs).unref();
    cancel();
  };
  for (const signal of signals) process.on(signal, interrupt);
  return release;
}
