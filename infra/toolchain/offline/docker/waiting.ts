import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds that the official plugin waits for an object that is still in use. */
const releasedWithin = 30_000;

/**
 * Tries again every second, for half a minute, while the engine says that something is in use: what uses it may be on
 * its way out.
 */
export async function whileInUse(
  isInUse: (error: unknown) => boolean,
  attempt: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + releasedWithin;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!isInUse(error) || Date.now() >= deadline) throw error;
    }
    await sleep(1_000, undefined, { signal }).catch(() => undefined); // the next attempt says that it was cancelled
  }
}
