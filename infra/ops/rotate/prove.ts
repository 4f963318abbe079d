import type { ConnectionTarget } from "../../../components/core/connection";
import { readLoginSessions, type LoginSessions } from "../../../components/io/catalog/login-sessions";
import { LoginRefusedError, withSession } from "../../../components/io/session";
import { targetOf, type StackOutputs } from "../outputs";
import { lookInto } from "../sessions";
import type { Subject } from "./choose";

/** `refused` is said of the password; `unknown`: this machine may not log in as it, or the server did not answer. */
export type Proof = "accepted" | "refused" | "unknown";

/** A way in with a password; only ever held in memory. */
export interface Way {
  readonly target: ConnectionTarget;
  readonly database: string;
}

/** How a subject logs in, by the outputs of the stack. */
export function wayOf({ administrator, logins }: StackOutputs, { database, key }: Subject): Way | undefined {
  if (database === null) return { target: administrator, database: "postgres" };
  const found = logins.find((one) => one.database === database && one.key === key);
  return found === undefined ? undefined : targetOf(found, administrator);
}

/** Logs in, for real. */
export async function tryLogin(way: Way | undefined): Promise<Proof> {
  if (way === undefined) return "unknown";
  const { target, database } = way;
  const options = { database, statementTimeoutMs: 10_000, asItself: true, applicationName: "pgstead rotate" };
  try {
    await withSession(target, options, (session) => session.query("SELECT 1"));
    return "accepted";
  } catch (error) {
    return judge(error as Error);
  }
}

/** The password is judged before the limits of sessions and the right to log in are. */
function judge(error: Error): Proof {
  const { code, message = "" } = (error.cause ?? {}) as { code?: string; message?: string };
  if (code === "53300") return "accepted";
  if (!(error instanceof LoginRefusedError)) return "unknown";
  if (code === "28P01") return "refused";
  return code === "28000" && message.includes("is not permitted to log in") ? "refused" : "unknown";
}

/** Sessions of logins, as the administrator sees them. */
export function sessionsOf(
  { administrator }: StackOutputs,
  logins: readonly string[],
  before?: string,
): Promise<readonly LoginSessions[]> {
  return lookInto(administrator, "postgres", (session) => readLoginSessions(session, logins, before));
}

/** Whether any of the logins may not log in any more. */
export async function areShutOut(
  { administrator }: StackOutputs,
  logins: readonly string[],
): Promise<boolean> {
  const sql = "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = ANY ($1) AND NOT rolcanlogin";
  const rows = await lookInto(administrator, "postgres", (session) => session.query(sql, [logins]));
  return rows.length > 0;
}

/** `2 sessions (psql, web)` */
export function describeSessions({ sessions, applications }: LoginSessions): string {
  const names = applications.length === 0 ? "" : ` (${applications.join(", ")})`;
  return `${sessions} session${sessions === 1 ? "" : "s"}${names}`;
}
