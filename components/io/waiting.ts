/** How a run that has to wait tells it, and is told to stop. */
export interface Waiting {
  readonly say: (text: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/** A wait that is shorter is not worth a line. */
const quietMs = 2_000;

/** For a loop that waits: called in each round it throws when the run is cancelled, and says once what is waited for. */
export function startWaiting({ say, signal }: Waiting): (reason: string) => Promise<void> {
  const since = Date.now();
  let hasSaid = false;
  return async (reason) => {
    signal.throwIfAborted();
    if (hasSaid || Date.now() - since < quietMs) return;
    hasSaid = true;
    await say(reason);
  };
}
