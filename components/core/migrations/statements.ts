import type { Node } from "libpg-query";
import type { Problem } from "../problem";
import { isDirective, parseAcknowledgement, type Acknowledgement } from "./acknowledgement";
import type { SqlParser, Token } from "./sql-parser";

/** One statement of a migration. */
export interface MigrationStatement {
  /** From its first word to its last, without the comments around it and without the semicolon. */
  readonly text: string;
  /** Line of the file of its first word. */
  readonly firstLine: number;
  readonly lastLine: number;
  /** As PostgreSQL's parser gives it; `location`s are not of the file. */
  readonly node: Node;
  /** What stands before it and was not asked for yet. */
  readonly acknowledgements: readonly Acknowledgement[];
}

/** Some of a file's text: from an offset to another. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A file while it is read. */
export interface FileReader {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly lineOf: (offset: number) => number;
  readonly report: (line: number, problem: Omit<Problem, "path">) => void;
}

/**
 * Cuts a part of a file into its statements, as PostgreSQL's grammar does.
 *
 * @throws SqlSyntaxError its offset counts from the start of the part
 */
export function splitStatements(file: FileReader, part: Range, parser: SqlParser): MigrationStatement[] {
  const tokens = file.tokens.filter(({ start }) => start >= part.start && start < part.end);
  const words = tokens.filter(({ kind }) => kind === "other");
  const comments = tokens.filter(({ kind }) => kind === "comment");
  let [word, comment] = [0, 0];
  const taken = (offset: number): Token[] => {
    const from = comment;
    while ((comments[comment]?.start ?? Infinity) < offset) comment++;
    return comments.slice(from, comment);
  };
  const statements = parser.parse(file.text.slice(part.start, part.end)).map(({ node, start, end }) => {
    while ((words[word]?.start ?? Infinity) < part.start + start) word++;
    const first = words[word]?.start ?? part.start + start;
    const before = taken(first);
    let last = first;
    for (; (words[word]?.start ?? Infinity) < part.start + end; word++) last = words[word]?.end ?? last;
    reportMisplaced(file, taken(last));
    return {
      text: file.text.slice(first, last),
      firstLine: file.lineOf(first),
      lastLine: file.lineOf(last),
      node,
      acknowledgements: readAcknowledgements(file, before),
    };
  });
  reportMisplaced(file, taken(Infinity));
  return statements;
}

function readAcknowledgements(file: FileReader, comments: readonly Token[]): Acknowledgement[] {
  return comments.flatMap(({ start, end }) => {
    const comment = file.text.slice(start, end);
    if (!isDirective(comment)) return [];
    const line = file.lineOf(start);
    const before = file.text.slice(file.text.lastIndexOf("\n", start - 1) + 1, start);
    if (before.trim() !== "") {
      const hint = "write it on a line of its own, directly before its statement";
      file.report(line, { message: "allows something behind a statement", hint });
      return [];
    }
    const read = parseAcknowledgement(comment, line);
    if ("target" in read) return [read];
    file.report(line, read);
    return [];
  });
}

/** Tells of directives that are before no statement. */
export function reportMisplaced(file: FileReader, comments: readonly Token[]): void {
  for (const { start, end } of comments) {
    if (!isDirective(file.text.slice(start, end))) continue;
    const hint = "move it to a line of its own directly before its statement, or delete it";
    file.report(file.lineOf(start), { message: "allows nothing: it is before no statement", hint });
  }
}
