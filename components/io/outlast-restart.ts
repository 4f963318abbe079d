import { setTimeout } from "node:timers/promises";
import { DatabaseError } from "pg";
import { ServerUnreachableError } from "./session";
import { startWaiting, type Waiting } from "./waiting";

/** Longest time that a server may take to come back. */
const restartSeconds = 120;

/**
 * Begins again where the server was restarted before the work began: a run that changes settings ends the sessions of
 * those that wait for its lock, and they have changed nothing yet.
 *
 * @param attempt calls `began` before its first change; from then on its failures are its own
 */
export async function outlastRestart<Result>(
  attempt: (began: () => void) => Promise<Result>,
  waiting: Waiting,
): Promise<Result> {
  let lost: { readonly deadline: number; readonly wait: (reason: string) => Promise<void> } | undefined;
  for (;;) {
    const work = { hasBegun: false };
    try {
      return await attempt(() => {
        work.hasBegun = true;
      });
    } catch (error) {
      // A server that was never there is told at once.
      if (isEnded(error))
        lost ??= { deadline: Date.now() + restartSeconds * 1000, wait: startWaiting(waiting) };
      const isComing = isEnded(error) || error instanceof ServerUnreachableError;
      if (work.hasBegun || lost === undefined || !isComing || Date.now() > lost.deadline) throw error;
      await lost.wait(`the server was stopped or restarted: waiting up to ${restartSeconds} s for it`);
      await setTimeout(100);
    }
  }
}

/** What the client says of a connection that ended without a word, and of the next question on it. */
const lostConnection = /^(?:Connection terminated|Client has encountered a connection error)/;

/** The session was ended by a shutdown; or the connection was lost without a word. */
function isEnded(error: unknown): boolean {
  if (error instanceof DatabaseError) return error.code === "57P01";
  return error instanceof Error && lostConnection.test(error.message);
}
