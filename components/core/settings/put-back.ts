import type { Plan, Statement } from "../statement";
import { autoFile } from "./catalog";

/** How postgresql.auto.conf is, against what it was before a stack changed it. */
export interface ActualPutBack {
  readonly isSame: boolean;
  /** No shell of POSIX there: what a session may write it writes through one. */
  readonly isWindows: boolean;
  /** Settings that the file has and the running server has not, as they change with a restart only. */
  readonly waiting: readonly string[];
}

/** The words of the steps. */
const writeWords = `put ${autoFile} back as it was before this stack`;
const restartWords = "restart the server";

/** True for the step that restarts the server. */
export function isRestartOfPutBack({ sql }: Statement): boolean {
  return sql === restartWords;
}

/**
 * What makes postgresql.auto.conf what it was before a stack changed it, hand-made changes since then included: they are
 * what the next run of the stack would have taken out.
 *
 * @param mayRestart where false, what waits for a restart is told in a note
 */
export function planPutBack({ isSame, isWindows, waiting }: ActualPutBack, mayRestart: boolean): Plan {
  const step = (sql: string, reason: string, more: Pick<Statement, "risk" | "kind">): Statement => {
    return { sql, reason, ...more, step: true, transactional: false };
  };
  if (!isSame && isWindows) {
    const note = `${autoFile} stays as it is: it cannot be written on Windows; ALTER SYSTEM RESET takes single settings out`;
    return { statements: [], refusals: [], notes: [note] };
  }
  if (!isSame) {
    const reason = "the stack looks after it no more; the server reads it";
    return { statements: [step(writeWords, reason, { risk: "none", kind: "setting" })], refusals: [] };
  }
  if (waiting.length === 0) return { statements: [], refusals: [] };
  const list = waiting.join(", ");
  const verb = waiting.length === 1 ? "changes" : "change";
  if (!mayRestart) {
    const note = `${list} ${verb} back with the next restart of the server only, which this run may not do`;
    return { statements: [], refusals: [], notes: [note] };
  }
  const reason = `${list} ${verb} back only with it; all sessions are ended`;
  return { statements: [step(restartWords, reason, { risk: "restart", kind: "server" })], refusals: [] };
}
