import type { Problem } from "../../problem";
import { refuseStatement } from "../refusals";
import { SqlSyntaxError, type SqlParser } from "../sql-parser";
import { splitStatements, type FileReader, type MigrationStatement } from "../statements";
import { outsideTransaction } from "../transaction-block";
import type { OfflineSql, OfflineText } from "./offline-sql";

/** One direction of a revision. */
export interface OfflinePart {
  readonly statements: readonly MigrationStatement[];
  /** True where all of it is one transaction. */
  readonly transactional: boolean;
  /** What of it cannot be shown. */
  readonly hidden: readonly { readonly message: string; readonly line: number }[];
}

/** Reads what offline mode gave; what no migration may hold goes to `problems`. */
export function readOffline(
  path: string,
  { statements: texts, asked, failure }: OfflineSql,
  parser: SqlParser,
  problems: Problem[],
): OfflinePart {
  const hidden: { message: string; line: number }[] = [];
  const placed = withTransactions(texts).flatMap(({ sql, line, within }) => {
    const report: FileReader["report"] = (_line, told) => problems.push({ path: `${path}:${line}`, ...told });
    const statements = split(sql, line, report, parser, hidden);
    for (const statement of statements) {
      // A connection of its own ends with the revision, and what it SET with it.
      for (const told of refuseStatement(statement, false, parser)) report(line, told);
      const outside = within ? outsideTransaction(statement, parser) : undefined;
      if (outside === undefined) continue;
      const hint =
        "wrap it: `with op.get_context().autocommit_block():`, in a revision that may stop half-way";
      report(line, { message: `${outside} cannot run inside of a transaction`, hint });
    }
    return statements.map((statement) => ({ statement, within }));
  });
  if (failure !== undefined) {
    const message = `needs a connection, so that nobody can see what it does: ${failure.message}`;
    hidden.push({ message, line: failure.line ?? 1 });
  } else if (asked) {
    hidden.push({
      message: "asks for the connection, and may do other things with it than without",
      line: 1,
    });
  }
  return {
    statements: placed.map(({ statement }) => statement),
    transactional: placed.every(({ within }) => within),
    hidden,
  };
}

interface Placed {
  readonly sql: string;
  readonly line: number;
  /** True where it runs in the transaction that Alembic opens. */
  readonly within: boolean;
}

/** Takes out the BEGINs and COMMITs that Alembic writes. */
function withTransactions(texts: readonly OfflineText[]): Placed[] {
  let within = false;
  return texts.flatMap(({ sql, line }): Placed[] => {
    const [, word] = /^(BEGIN|COMMIT);$/.exec(sql) ?? [];
    if (word !== undefined) within = word === "BEGIN";
    return word !== undefined || line === null ? [] : [{ sql, line, within }];
  });
}

/** The statements of a text, each at the line that the text comes from. */
function split(
  text: string,
  line: number,
  report: FileReader["report"],
  parser: SqlParser,
  hidden: { message: string; line: number }[],
): MigrationStatement[] {
  try {
    const tokens = parser.scan(text) ?? [];
    const reader: FileReader = { text, tokens, report, lineOf: () => line };
    const statements = splitStatements(reader, { start: 0, end: text.length }, parser);
    return statements.map((statement) => ({ ...statement, firstLine: line, lastLine: line }));
  } catch (error) {
    if (!(error instanceof SqlSyntaxError)) throw error;
    hidden.push({ message: `its SQL cannot be read: ${error.message.split("\n")[0] ?? ""}`, line });
    return [];
  }
}
