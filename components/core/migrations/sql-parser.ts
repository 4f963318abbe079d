import type { Node } from "libpg-query";
import { byteFinder, characterOffset } from "./source-text";

/** A statement as PostgreSQL's parser cuts it out: with the comments before it, and without its semicolon. */
export interface ParsedStatement {
  readonly node: Node;
  readonly start: number;
  readonly end: number;
}

/** A word, a sign or a comment of a text. */
export interface Token {
  readonly kind: "comment" | "other";
  readonly start: number;
  readonly end: number;
}

/** What the parser says of a text that is no SQL. */
export class SqlSyntaxError extends Error {
  constructor(
    message: string,
    /** Where in the text; undefined where the parser does not say. */
    readonly offset: number | undefined,
  ) {
    super(message);
  }
}

/** PostgreSQL's own grammar, version 18: it takes what 14 to 18 take. All offsets are of JavaScript's strings. */
export interface SqlParser {
  /** @throws SqlSyntaxError */
  readonly parse: (sql: string) => readonly ParsedStatement[];
  /**
   * The tokens of a text, also of one that is no SQL.
   *
   * @returns undefined: a quote or a comment does not end
   */
  readonly scan: (sql: string) => readonly Token[] | undefined;
  /**
   * The body of a DO or of a function in PL/pgSQL, as a tree of `PLpgSQL_…` nodes.
   *
   * @throws SqlSyntaxError
   */
  readonly parsePlpgsql: (statement: string) => unknown;
}

type Library = typeof import("libpg-query");

/** Loads the parser, which is 2 MB of WebAssembly: nothing else of the program pays for it. */
export async function loadSqlParser(): Promise<SqlParser> {
  const library = await import("libpg-query");
  await library.loadModule();
  return {
    parse: (sql) => parse(library, sql),
    scan: (sql) => scan(library, sql),
    parsePlpgsql(statement) {
      try {
        return library.parsePlPgSQLSync(statement);
      } catch (error) {
        throw syntaxError(error, statement);
      }
    },
  };
}

function parse(library: Library, sql: string): ParsedStatement[] {
  if (sql === "") return []; // which the library refuses
  try {
    const { stmts = [] } = library.parseSync(sql);
    const offsetOf = byteFinder(sql);
    return stmts.flatMap(({ stmt, stmt_location = 0, stmt_len }) => {
      if (stmt === undefined) return [];
      const end = stmt_len === undefined ? sql.length : offsetOf(stmt_location + stmt_len);
      return [{ node: stmt, start: offsetOf(stmt_location), end }];
    });
  } catch (error) {
    throw syntaxError(error, sql);
  }
}

function scan(library: Library, sql: string): Token[] | undefined {
  if (sql === "") return [];
  try {
    const offsetOf = byteFinder(sql);
    return library.scanSync(sql).tokens.map(({ start, end, tokenName }) => ({
      kind: tokenName.endsWith("COMMENT") ? "comment" : "other",
      start: offsetOf(start),
      end: offsetOf(end),
    }));
  } catch {
    // Whatever the scanner cannot read, the parser cannot either, and it says why and where.
    return undefined;
  }
}

function syntaxError(error: unknown, sql: string): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const { sqlDetails } = error as Error & { sqlDetails?: { cursorPosition: number } };
  // A parser that broke down has not read the text: that must not pass for a text without statements.
  const position = sqlDetails?.cursorPosition;
  const offset = position === undefined || position < 0 ? undefined : characterOffset(sql, position);
  return new SqlSyntaxError(error.message, offset);
}
