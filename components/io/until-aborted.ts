import type { ConnectionTarget } from "../core/connection";
import { openCancellable, type CancellableSession, type SessionOptions } from "./session";

/**
 * Works in a session of its own until the signal: then the statement that runs is cancelled on the server, and what is
 * thrown is the signal's reason rather than what the server said of it.
 *
 * @throws whatever a session or the work throws; the signal's reason
 */
export async function untilAborted<Result>(
  login: ConnectionTarget,
  options: SessionOptions,
  signal: AbortSignal,
  use: (session: CancellableSession) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const session = await openCancellable(login, options);
  const cancel = (): void => void session.cancel().catch(() => undefined);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    return await use(session);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    await session.close();
  }
}
