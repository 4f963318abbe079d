import { DatabaseError } from "pg";
import { characterOffset } from "../../core/migrations/source-text";
import type { MigrationStatement } from "../../core/migrations/statements";
import { ProblemError, type Problem } from "../../core/problem";

/** Why a migration stopped: what its user is told, and what the trail keeps, which quotes nothing of rows. */
export class MigrationFailure extends ProblemError {
  readonly code: string | undefined;

  constructor(
    problem: Problem,
    readonly note: string,
    options?: ErrorOptions,
  ) {
    super("a migration failed", [problem], options);
    this.code = options?.cause instanceof DatabaseError ? options.cause.code : undefined;
  }

  get problem(): Problem {
    const [problem] = this.problems;
    if (problem === undefined) throw new Error("a failure has a problem");
    return problem;
  }
}

/** The file that something is said of. */
export interface NamedFile {
  readonly migration: { readonly path: string };
}

/** What the server says of a statement: with the line of its position, and that line. */
export function statementFailure(
  { migration }: NamedFile,
  statement: MigrationStatement,
  error: unknown,
): unknown {
  if (!(error instanceof DatabaseError)) return error;
  const line = lineOf(statement, error);
  const text = statement.text.split("\n")[line - statement.firstLine]?.trim() ?? "";
  const { code = "no code", message, detail, where } = error;
  const said = [
    `${message} (${code})`,
    ...(detail === undefined ? [] : [detail]),
    ...(where === undefined ? [] : [where.split("\n")[0] ?? ""]),
    `in: ${text}`,
  ];
  const hint =
    error.hint ?? failureHints[code] ?? "mend the file, or the rows that it meets, and run this again";
  return new MigrationFailure(
    { path: `${migration.path}:${line}`, message: said.join("; "), hint },
    noteOf(error, line),
    { cause: error },
  );
}

/** What to do about codes of PostgreSQL's appendix A that are not of the file. */
export const failureHints: Readonly<Record<string, string>> = {
  "57014": "somebody cancelled it, or it took longer than --statement-timeout: give it more, or less to do",
  "57P01": "the server ended the session, as it does when it stops: run this again",
  "57P02": "another session crashed the server: look at its log, then run this again",
  "42501": "the owner may not do this: what only a superuser may is declared in the stack",
};

/** What the server says of the end of a transaction: of no statement of its file. */
export function endFailure({ migration }: NamedFile, error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  const { code = "no code", message, detail } = error;
  const said = [
    `${message} (${code})`,
    ...(detail === undefined ? [] : [detail]),
    "at the end of its transaction",
  ];
  const hint = error.hint ?? "a deferred constraint or trigger refused it: mend the rows, or the file";
  return new MigrationFailure({ path: migration.path, message: said.join("; "), hint }, noteOf(error), {
    cause: error,
  });
}

function lineOf({ text, firstLine }: MigrationStatement, { position }: DatabaseError): number {
  if (position === undefined) return firstLine;
  const before = text.slice(0, characterOffset(text, Number(position) - 1));
  return firstLine + before.split("\n").length - 1;
}

/** Codes and names of objects: messages and details quote values of rows. */
function noteOf(
  { code = "no code", schema, table, column, constraint }: DatabaseError,
  line?: number,
): string {
  const place = [schema, table].filter((name) => name !== undefined).join(".");
  return [
    code,
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(place === "" ? [] : [`table ${place}`]),
    ...(column === undefined ? [] : [`column ${column}`]),
    ...(constraint === undefined ? [] : [`constraint ${constraint}`]),
  ].join(", ");
}
