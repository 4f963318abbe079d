import type { Problem } from "../problem";
import { parseFileName } from "./file-name";
import { parseHeader, type Header } from "./header";
import type { LineRange, Migration, MigrationFile } from "./migration";
import { findParts, reportHeaderSql, type Parts } from "./parts";
import { copyFromStdin, refuseStatement } from "./refusals";
import { placeFinder, type Place } from "./source-text";
import { SqlSyntaxError, type SqlParser, type Token } from "./sql-parser";
import { splitStatements, type FileReader, type MigrationStatement, type Range } from "./statements";
import { outsideTransaction, usedNewValue } from "./transaction-block";

/** A file, with all that is wrong with it; no migration where anything is. */
export interface ReadMigration {
  readonly migration?: Migration;
  readonly problems: readonly Problem[];
}

/** Reads one file: its name, its header, its parts and their statements. */
export function parseMigration(file: MigrationFile, parser: SqlParser): ReadMigration {
  const problems: Problem[] = [];
  const report: FileReader["report"] = (line, problem) => {
    problems.push({ path: `${file.path}:${line}`, ...problem });
  };
  const name = parseFileName(file.name);
  if ("message" in name) problems.push({ ...name, path: file.path });
  const { text } = file;
  const place = placeFinder(text);
  if (text.includes("\0")) {
    // The parser ends there, and would not see what follows.
    const hint = "delete it: PostgreSQL has no text with a zero byte";
    report(place(text.indexOf("\0")).line, { message: "holds a zero byte", hint });
    return { problems };
  }
  const tokens = parser.scan(text);
  if (tokens === undefined) {
    return { problems: [...problems, unendedProblem(file, parser)] };
  }
  const reader: FileReader = { text, tokens, report, lineOf: (offset) => place(offset).line };
  const parts = findParts(reader);
  const header = parseHeader(text.slice(0, parts?.up.start ?? text.length).split("\n"), report);
  if (parts === undefined) return { problems };
  reportHeaderSql(reader, parts.up.start);
  const split = (part: Range | undefined): readonly MigrationStatement[] => {
    if (part === undefined || reportMetaCommands(reader, part)) return [];
    try {
      return checked(splitStatements(reader, part, parser), header, reader, parser);
    } catch (error) {
      problems.push(syntaxProblem(file, part, error));
      return [];
    }
  };
  const [up, down] = [split(parts.up), split(parts.down)];
  if (problems.length === 0) reportEmpty(parts, { up, down }, header, reader);
  if (problems.length > 0 || "message" in name) return { problems };
  const { path, checksum } = file;
  const upLines = linesOf(parts.up, reader);
  return { problems, migration: { ...name, ...header, path, checksum, upLines, up, down } };
}

/** From the marker to the line before the next one. */
function linesOf({ start, end }: Range, { lineOf, text }: FileReader): LineRange {
  return { first: lineOf(start), last: lineOf(text[end - 1] === "\n" ? end - 1 : end) };
}

/** Tells of psql's commands; true where there is one, as the rest is no SQL then. */
export function reportMetaCommands(reader: FileReader, part: Range): boolean {
  const isCommand = ({ kind, start, end }: Token): boolean =>
    kind === "other" && start >= part.start && start < part.end && reader.text.slice(start, end) === "\\";
  const lines = new Set(reader.tokens.filter(isCommand).map(({ start }) => reader.lineOf(start)));
  const copyLine = lines.size === 0 ? undefined : findCopy(reader.text.slice(part.start, part.end));
  if (copyLine !== undefined) {
    reader.report(reader.lineOf(part.start + copyLine), copyFromStdin);
    return true;
  }
  for (const line of lines) {
    const command = reader.text.split("\n")[line - 1]?.trim() ?? "";
    const hint = "write SQL: a migration is not run by psql; what \\i includes goes into the file itself";
    reader.report(line, { message: `"${command}" is a command of psql`, hint });
  }
  return lines.size > 0;
}

/** Where a COPY … FROM STDIN begins in a text that is no SQL because of its rows. */
function findCopy(text: string): number | undefined {
  return /^[ \t]*copy\b[^;]*?\bfrom\s+stdin\b/im.exec(text)?.index;
}

/** What of a part PostgreSQL could not read. */
export function syntaxProblem(
  { text, path }: Pick<MigrationFile, "text" | "path">,
  part: Range,
  error: unknown,
): Problem {
  if (!(error instanceof SqlSyntaxError)) throw error;
  const place = placeFinder(text);
  const copy = findCopy(text.slice(part.start, part.start + (error.offset ?? 0)));
  if (copy !== undefined) return { path: `${path}:${place(part.start + copy).line}`, ...copyFromStdin };
  const { line, column }: Place = place(part.start + (error.offset ?? 0));
  const shown = text.split("\n")[line - 1]?.trim() ?? "";
  const hint = "mend it: this is how PostgreSQL 18 reads it";
  return {
    path: `${path}:${line}:${column}`,
    message: `${error.message.split("\n")[0] ?? ""}, in: ${shown}`,
    hint,
  };
}

/** A text with a quote or a comment that does not end. */
export function unendedProblem(file: Pick<MigrationFile, "text" | "path">, parser: SqlParser): Problem {
  try {
    parser.parse(file.text);
  } catch (error) {
    return syntaxProblem(file, { start: 0, end: file.text.length }, error);
  }
  const hint = "is there a quote or a comment that does not end?";
  return { path: file.path, message: "PostgreSQL's scanner cannot read it", hint };
}

/** The statements of a part, with what no migration may hold told. */
function checked(
  statements: readonly MigrationStatement[],
  { transactional }: Header,
  { report }: FileReader,
  parser: SqlParser,
): readonly MigrationStatement[] {
  for (const statement of statements) {
    for (const told of refuseStatement(statement, transactional, parser)) report(statement.firstLine, told);
    const outside = transactional ? outsideTransaction(statement, parser) : undefined;
    if (outside !== undefined) {
      const hint =
        "write `-- transaction: none` in the header, and nothing else into this file that could be half done";
      report(statement.firstLine, { message: `${outside} cannot run inside of a transaction`, hint });
    }
  }
  const used = transactional ? usedNewValue(statements) : undefined;
  if (used !== undefined) {
    const hint =
      "move ALTER TYPE … ADD VALUE to a file of its own before this one, or write `-- transaction: none`";
    const message = `'${used.value}' is a new value of a type, and cannot be used before its transaction has ended`;
    report(used.statement.firstLine, { message, hint });
  }
  return statements;
}

function reportEmpty(
  parts: Parts,
  { up, down }: Pick<Migration, "up" | "down">,
  { irreversible }: Header,
  { report, lineOf }: FileReader,
): void {
  if (up.length === 0) {
    report(lineOf(parts.up.start), {
      message: "does nothing",
      hint: "write its statements, or delete the file",
    });
  }
  const line = lineOf(parts.down?.start ?? parts.up.start);
  if (irreversible !== undefined && down.length > 0) {
    const hint = "delete the down part, or `-- irreversible: …`";
    report(line, { message: "is irreversible and has a way back", hint });
  }
  if (irreversible === undefined && down.length === 0) {
    const hint =
      "write what takes it back below `-- migrate:down`, or `-- irreversible: <reason>` in the header";
    report(line, { message: "has no way back", hint });
  }
}
