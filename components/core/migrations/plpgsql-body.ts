import type { Node } from "libpg-query";
import { contentOf, contentsOf, namesOf, type NodeOf } from "./ast";
import { SqlSyntaxError, type SqlParser } from "./sql-parser";

/** What a body in PL/pgSQL holds, wherever it stands in it: branches are not told apart. */
export interface PlpgsqlBody {
  /** SQL that it runs as it is written. */
  readonly statements: readonly string[];
  /** Expressions that it computes, as SQL. */
  readonly expressions: readonly string[];
  /** SQL that EXECUTE and its like put together while they run, as expressions. */
  readonly dynamic: readonly string[];
  readonly endsTransaction: boolean;
}

interface PlpgsqlExpression {
  readonly query: string;
  /** `RawParseMode` of PostgreSQL's parser: 0 a statement, 2 an expression, 3 and more an assignment. */
  readonly parseMode: number;
}

/** Fields of statements whose expression is SQL in the making: EXECUTE, FOR … IN EXECUTE, OPEN and RETURN QUERY EXECUTE. */
const dynamicFields = [
  ["PLpgSQL_stmt_dynexecute", "query"],
  ["PLpgSQL_stmt_dynfors", "query"],
  ["PLpgSQL_stmt_open", "dynquery"],
  ["PLpgSQL_stmt_return_query", "dynquery"],
] as const;

/**
 * Reads the body of a DO or of a CREATE FUNCTION.
 *
 * @throws SqlSyntaxError
 */
export function readPlpgsql(statement: string, parser: SqlParser): PlpgsqlBody {
  const tree = parser.parsePlpgsql(statement);
  const dynamic = dynamicFields.flatMap(([type, field]) =>
    [...named(tree, type)].flatMap((content) => [
      ...named((content as Record<string, unknown>)[field], expression),
    ]),
  ) as PlpgsqlExpression[];
  const all = [...named(tree, expression)] as PlpgsqlExpression[];
  return {
    statements: all.filter(({ parseMode }) => parseMode === 0).map(({ query }) => query),
    expressions: all.filter(({ parseMode }) => parseMode !== 0).map(asSelect),
    dynamic: dynamic.map(({ query }) => query),
    endsTransaction:
      !named(tree, "PLpgSQL_stmt_commit").next().done || !named(tree, "PLpgSQL_stmt_rollback").next().done,
  };
}

const expression = "PLpgSQL_expr";

function asSelect({ query, parseMode }: PlpgsqlExpression): string {
  return `SELECT ${parseMode === 2 ? query : query.replace(/^[^=]*?:?=/, "")}`;
}

/** Everything of a name in the tree. */
function* named(tree: unknown, name: string): Generator {
  if (typeof tree !== "object" || tree === null) return;
  for (const [key, content] of Object.entries(tree)) {
    if (key === name) yield content;
    yield* named(content, name);
  }
}

/** The SQL of an EXECUTE whose text is a constant; undefined where it is put together. */
export function constantSql(dynamic: string, parser: SqlParser): string | undefined {
  try {
    const [only] = parser.parse(`SELECT ${dynamic}`);
    const [target] = contentsOf(contentOf(only?.node, "SelectStmt")?.targetList, "ResTarget");
    return contentOf(target?.val, "A_Const")?.sval?.sval;
  } catch (error) {
    if (error instanceof SqlSyntaxError) return undefined;
    throw error;
  }
}

/** What DO and CREATE FUNCTION say of their code: the language, and the text where it is one. */
export function codeOf(options: readonly Node[] | undefined): { language: string; text?: string } {
  const found = contentsOf(options, "DefElem");
  const valueOf = (name: string): Node | undefined => found.find(({ defname }) => defname === name)?.arg;
  const body = valueOf("as");
  const [text = contentOf(body, "String")?.sval] = namesOf(contentOf(body, "List")?.items);
  const language = contentOf(valueOf("language"), "String")?.sval?.toLowerCase();
  return { language: language ?? "", ...(text === undefined ? {} : { text }) };
}

/** The body of a DO in PL/pgSQL, its language where none is given. */
export function doBody(
  statement: NodeOf<"DoStmt">,
  text: string,
  parser: SqlParser,
): PlpgsqlBody | undefined {
  const { language } = codeOf(statement.args);
  return language === "" || language === "plpgsql" ? readPlpgsql(text, parser) : undefined;
}
