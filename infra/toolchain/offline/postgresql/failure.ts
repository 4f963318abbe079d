import { DatabaseError } from "pg";
import { ProblemError, problemError } from "../../../../components/core/problem";
import { errorMessage } from "../../../../components/core/error-message";

/** An object of the server, as messages name it. */
export interface Subject {
  readonly type: "role" | "database" | "schema" | "extension";
  readonly name: string;
  /** Database in which it lies; none for what belongs to the whole server. */
  readonly database?: string;
  /** Must not appear in a message. */
  readonly password?: string | undefined;
}

/** Runs something about an object; what goes wrong names the object, what was tried, and what to do. */
export async function about<Result>(
  subject: Subject,
  action: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProblemError) throw error; // says already which and what
    throw describeFailure(subject, action, error);
  }
}

export function describeFailure(subject: Subject, action: string, error: unknown): ProblemError {
  const place = subject.database === undefined ? "" : ` in database "${subject.database}"`;
  const path = `${subject.type} "${subject.name}"${place}`;
  if (!(error instanceof DatabaseError)) {
    const text = errorMessage(error);
    return problemError(
      path,
      `could not be ${action}: ${redact(text, subject)}`,
      "is the server still up? then run the same command again",
    );
  }
  const { message, detail, hint, code = "" } = error;
  const told = `could not be ${action}: ${message} (SQLSTATE ${code})${detail === undefined ? "" : `: ${detail}`}`;
  const advice =
    hint ?? hints[code]?.(subject) ?? "see the server's log, and the rights of the provider's login";
  return problemError(path, redact(told, subject), redact(advice, subject));
}

function redact(text: string, { password }: Subject): string {
  return password === undefined || password === "" ? text : text.replaceAll(password, "[password]");
}

const adopt = ({ type, name, database }: Subject): string => {
  const token = `postgresql:index/${type}:${type.charAt(0).toUpperCase()}${type.slice(1)}`;
  const id = database === undefined ? name : `${database}.${name}`;
  return `to take over the one that exists: pulumi import ${token} <resource> ${id}`;
};
const forget = (): string =>
  "it, or what it needs, is not there: pulumi refresh takes what is gone out of the state";
const empty = ({ type }: Subject): string =>
  type === "role"
    ? "give its objects away in every database first (REASSIGN OWNED BY … TO …; DROP OWNED BY …), or set skipDropRole"
    : "move or drop what depends on it first, or set dropCascade to drop it as well";

/** What to do, by SQLSTATE (manual, appendix A), where PostgreSQL gives no hint of its own. */
const hints: Readonly<Record<string, (subject: Subject) => string>> = {
  "22023": () => "the name or the value is not one that this server knows",
  "2BP01": empty,
  "3D000": forget,
  "3F000": () => "create the schema first: a Schema resource, and dependsOn it",
  "42501": () => "the provider's login may not do this: connect as a superuser, or as the owner",
  "42704": forget,
  "42710": adopt,
  "42P04": adopt,
  "42P06": adopt,
  "55006": () => "something uses it: end its sessions, prepared transactions and replication slots",
  "58P01": () => "the extension's files are not installed on the server's host",
  "0A000": () => "the extension's files are not installed on the server's host, or this server cannot do it",
};
