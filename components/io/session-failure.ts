import { DatabaseError } from "pg";
import { renderPlace, type ConnectionTarget } from "../core/connection";
import { ProblemError, problemError } from "../core/problem";
import type { SshError } from "../core/ssh/failure";
import { describeTlsFailure } from "./tls";

/** The server could not be reached at all: nothing is known about what it holds. */
export class ServerUnreachableError extends Error {}

/** The SSH host on the way to it lets nobody through, or is gone. */
export class WayClosedError extends ServerUnreachableError {
  constructor(
    place: string,
    readonly why: SshError,
  ) {
    const [problem] = why.problems;
    const told = `${why.title}: ${problem?.message ?? ""}; hint: ${problem?.hint ?? ""}`;
    super(`no way to PostgreSQL at ${place}: ${told}`, { cause: why });
  }
}

/** It takes connections and does not answer: it is stopped, or waits for a disk or for memory. */
export class ServerHungError extends ServerUnreachableError {}

/** It answers that it takes no sessions now: it starts, recovers or stops. */
export class ServerNotReadyError extends ServerUnreachableError {}

/** The server answered and refused the login (wrong password, no such role, pg_hba). */
export class LoginRefusedError extends Error {}

/** The server has no connection left for this login (53300). */
export class ServerFullError extends ProblemError {}

/** Who wants what from which server. */
export interface Attempt {
  readonly target: ConnectionTarget;
  readonly database: string;
  readonly timeoutMs: number;
  /** Whether the host took the connection: what is silent then is PostgreSQL itself. */
  readonly isConnected: boolean;
}

/** What a failed login means. */
export function connectFailure(attempt: Attempt, error: unknown): Error {
  const { target, database } = attempt;
  const who = `${target.user} on database ${database} at ${renderPlace(target)}`;
  if (error instanceof LoginRefusedError) return error;
  if (error instanceof DatabaseError) return refusal(who, target, error);
  // The client's own check of the server's side of SCRAM.
  if (error instanceof Error && error.message.startsWith("SASL")) {
    return new LoginRefusedError(`login of ${who}: ${error.message}`, { cause: error });
  }
  return describeTlsFailure(target, error) ?? noAnswer(attempt, error);
}

/** Starting up, shutting down, ended by a crash of another session: there is no server to speak of yet, or any more. */
const comingOrGoing = new Set(["57P03", "57P01", "57P02"]);

function refusal(who: string, target: ConnectionTarget, error: DatabaseError): Error {
  const { code = "no code", message } = error;
  if (comingOrGoing.has(code)) {
    const detail = error.detail === undefined ? "" : ` (${error.detail})`;
    const text = `no answer from PostgreSQL at ${renderPlace(target)}: ${message}${detail}`;
    return new ServerNotReadyError(text, { cause: error });
  }
  // Class 28 is a refused login; 3D000 a database that does not exist, 42501 one without CONNECT for this login.
  if (code.startsWith("28") || ["3D000", "42501"].includes(code)) {
    return new LoginRefusedError(`login of ${who}: ${message}`, { cause: error });
  }
  if (code === "53300") {
    const problems = [{ path: "", message: `${who}: ${message} (${code})`, hint: fullHint(message) }];
    return new ServerFullError("the server has no connection left", problems, { cause: error });
  }
  const hint = isPooler(error)
    ? "is a pooler such as PgBouncer in between? Locks and settings of a session need the server itself: give its own host and port."
    : (error.hint ?? "the server is there and does not take this session: see its log.");
  return problemError(who, `${message} (${code})`, hint, { cause: error });
}

/** PostgreSQL has one code for four limits; they are told apart by its text, in the languages that begin alike. */
function fullHint(message: string): string {
  const own = / for (role|database) "/.exec(message)?.[1];
  if (own !== undefined) {
    return `its CONNECTION LIMIT is reached: end a session of that ${own}, or raise the ${own}'s connectionLimit`;
  }
  if (message.includes("reserved")) {
    return "the other connections are kept for superusers and monitoring: `connections` shows who has the rest, `terminate-idle` ends what does nothing";
  }
  return "all of max_connections are taken, the reserved ones too: have clients close theirs, or end some on the server's host: kill -TERM <pid of a backend>, never -KILL; then `connections` works again";
}

/** PgBouncer takes no settings with the start packet, which every server since 7.4 does. */
function isPooler(error: DatabaseError): boolean {
  return error.code === "08P01" && /unsupported startup parameter/i.test(error.message);
}

function noAnswer({ target, timeoutMs, isConnected }: Attempt, error: unknown): Error {
  const reason =
    error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
  const place = renderPlace(target);
  if (isConnected && reason === "timeout expired") return hung(place, timeoutMs, { cause: error });
  return new ServerUnreachableError(`no answer from PostgreSQL at ${place}: ${reason}`, { cause: error });
}

/** Of a server that owes an answer. */
export function hung(place: string, timeoutMs: number, options: ErrorOptions = {}): ServerHungError {
  const text = `no answer from PostgreSQL at ${place}: it takes connections and said nothing for ${timeoutMs / 1_000} s`;
  return new ServerHungError(text, options);
}
