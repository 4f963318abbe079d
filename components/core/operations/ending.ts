import { isOwn, type ServerSession } from "./sessions";

/** `terminate` ends a session, `cancel` its statement. */
export type EndingWay = "terminate" | "cancel";

/**
 * What became of a session that was to be ended: `ended`; `remains` where it has not followed within the bound; `gone`
 * where it, or its statement, had ended by itself before.
 */
export type EndingOutcome = "ended" | "remains" | "gone";

/**
 * Why a session is not ended without `--force`: it belongs to those that keep the service up.
 *
 * @returns undefined where it may be
 */
export function refuseEnding(
  session: ServerSession,
  way: EndingWay,
): { readonly message: string; readonly hint: string } | undefined {
  const { application, backendType, state } = session;
  if (isOwn(session)) {
    return {
      message: `is a session of pgstead itself (${application})`,
      hint: "what it does is another command or a run of `up`: end that; or say --force",
    };
  }
  if (backendType === "walsender") {
    return {
      message: "is replication or a backup: a standby or a backup program gets the log by it",
      hint: "stop the other side; or say --force",
    };
  }
  if (backendType !== "client backend") {
    return {
      message: `is no client but the server's own work (${backendType === "" ? "hidden from this role" : backendType})`,
      hint: "it ends by itself when it is done; or say --force",
    };
  }
  if (way === "cancel" && state !== "active") {
    return {
      message: `runs no statement (${state}): there is nothing to cancel`,
      hint: "--terminate ends the session with its transaction; or say --force",
    };
  }
  return undefined;
}

/** Which idle sessions are to be ended. */
export interface IdleSelection {
  readonly minutes: number;
  readonly role?: string | undefined;
  readonly database?: string | undefined;
  /** Those that are idle in a transaction, instead of those without one. */
  readonly inTransaction: boolean;
}

/** The sessions that are idle as asked for: of clients, not of superusers unless named, never pgstead's own. */
export function selectIdle(sessions: readonly ServerSession[], selection: IdleSelection): ServerSession[] {
  const { minutes, role, database, inTransaction } = selection;
  return sessions.filter(
    (session) =>
      idleStates(inTransaction).includes(session.state) &&
      (session.stateSeconds ?? 0) >= minutes * 60 &&
      session.backendType === "client backend" &&
      !isOwn(session) &&
      (role === undefined ? !session.superuser : session.user === role) &&
      (database === undefined || session.database === database),
  );
}

export function idleStates(inTransaction: boolean): string[] {
  return inTransaction ? ["idle in transaction", "idle in transaction (aborted)"] : ["idle"];
}
