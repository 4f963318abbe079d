import { problemError } from "../problem";

/**
 * What a statement of a dump is for: `create`: CREATE DATABASE; `database`: what else is said of the database itself, and is
 * sent from another one; `event trigger`: comes last, so that none sees the rest; `encoding`: how the script is written;
 * `authorization`: who the next ones are sent as; `content`: everything else.
 */
export type DumpPart = "create" | "database" | "event trigger" | "encoding" | "authorization" | "content";

/** A name as SQL has it, as a part of a pattern. */
export const identifier = String.raw`(?:"(?:[^"]|"")*"|[^\s";,()]+)`;

/** As pg_dump writes each statement about a database: what stands before the database's name. */
const beforeDatabase = new RegExp(
  `^(?:${[
    "CREATE DATABASE",
    "ALTER DATABASE",
    "COMMENT ON DATABASE",
    `ALTER ROLE ${identifier} IN DATABASE`,
    `SECURITY LABEL FOR ${identifier} ON DATABASE`,
    "(?:GRANT|REVOKE) [A-Z, ]+ ON DATABASE",
  ].join("|")}) `,
);

/** Whatever else names a database: sent with the content it would change the one that is live. */
const anyDatabase = /^(?:CREATE|ALTER|DROP|GRANT|REVOKE|COMMENT|SECURITY LABEL|UPDATE)\b[^'"$(]*\bDATABASE\b/;

function unknownForm(statement: string): Error {
  return problemError(
    "the dump",
    `speaks of a database in a way that is not known: ${statement.slice(0, 80)}`,
    "please report it with this text; psql and pg_restore bring it back by hand",
  );
}

const eventTrigger =
  /^(?:(?:CREATE|ALTER) EVENT TRIGGER |(?:COMMENT|SECURITY LABEL FOR \S+) ON EVENT TRIGGER )/;

/**
 * Tells what a statement is for by its first words; it begins with no space and no comment.
 *
 * @throws ProblemError for one that names a database in a way that pg_dump does not
 */
export function partOf(statement: string): DumpPart {
  if (statement.startsWith("CREATE DATABASE ")) return "create";
  if (beforeDatabase.test(statement)) return "database";
  if (anyDatabase.test(statement)) throw unknownForm(statement);
  if (eventTrigger.test(statement)) return "event trigger";
  if (statement.startsWith("SET client_encoding = ")) return "encoding";
  return /^(?:SET|RESET) SESSION AUTHORIZATION\b/.test(statement) ? "authorization" : "content";
}

/**
 * A statement about a database as it is said of another one.
 *
 * @param from the database's name in the dump
 * @throws ProblemError where it is about neither
 */
export function renameDatabase(statement: string, from: string, to: string): string {
  const before = beforeDatabase.exec(statement)?.[0];
  const rest = statement.slice(before?.length);
  const found = [quoted(from), from].find(
    (name) => rest.startsWith(name) && /^[\s;]/.test(rest.slice(name.length)),
  );
  if (before !== undefined && found !== undefined) return before + quoted(to) + rest.slice(found.length);
  throw problemError(
    "the dump",
    `speaks of another database than ${from}: ${statement.slice(0, 80)}`,
    "is it the dump that the manifest was written for?",
  );
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `CONNECTION LIMIT` of a database's own statements; -1: none. */
export function connectionLimitOf(statements: readonly string[]): number {
  const limits = statements.flatMap(
    (text) => /^ALTER DATABASE .* CONNECTION LIMIT = (-?\d+);$/.exec(text)?.[1] ?? [],
  );
  return Number(limits.at(-1) ?? -1);
}

/** What CREATE DATABASE says of the new one beside its name, without its tablespace if it has one. */
export function databaseOptions(
  statement: string,
  from: string,
): { readonly options: string; readonly tablespace: string | null } {
  const renamed = renameDatabase(statement, from, "x");
  const options = renamed.slice(`CREATE DATABASE "x"`.length).replace(/;$/, "");
  const [tablespace = null] = new RegExp(` TABLESPACE = (${identifier})$`).exec(options)?.slice(1) ?? [];
  return {
    options: tablespace === null ? options : options.slice(0, -` TABLESPACE = ${tablespace}`.length),
    tablespace: tablespace === null ? null : unquote(tablespace),
  };
}

/** The name that an identifier of a dump stands for. */
export function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
