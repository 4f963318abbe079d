import { setTimeout } from "node:timers/promises";
import { startWaiting, type Waiting } from "../waiting";
import { RepositoryBusyError, withRepository } from "./lock";

const pauseMs = 500;

/**
 * Works on a repository alone, as {@link withRepository}, once whoever works on it has ended.
 *
 * @param patienceMs how long it waits for that
 * @throws RepositoryBusyError with who holds it, after that time
 */
export async function whenFree<Result>(
  directory: string,
  what: string,
  { say, signal }: Waiting,
  use: (signal: AbortSignal) => Promise<Result>,
  patienceMs: number,
): Promise<Result> {
  const until = Date.now() + patienceMs;
  const wait = startWaiting({ say, signal });
  for (;;) {
    try {
      return await withRepository(directory, what, signal, use);
    } catch (error) {
      if (!(error instanceof RepositoryBusyError) || Date.now() >= until) throw error;
      await wait(`waiting for the repository of backups: ${error.problems[0]?.message ?? ""}`);
      await setTimeout(pauseMs, undefined, { signal });
    }
  }
}
