import { parseRepeatables } from "../../../../components/core/repeatables/parse-repeatables";
import type { Repeatable, RepeatableDirectory } from "../../../../components/core/repeatables/repeatable";
import type { SqlParser } from "../../../../components/core/migrations/sql-parser";
import { ProblemError } from "../../../../components/core/problem";

/** Reads files from their texts by name, such as `views/a.sql`. */
export function readTexts(
  parser: SqlParser,
  texts: Readonly<Record<string, string>>,
  others: readonly string[] = [],
): readonly Repeatable[] {
  const files = Object.entries(texts).map(([name, text]) => {
    const [directory = ""] = name.split("/");
    return {
      directory: directory as RepeatableDirectory,
      name,
      path: `sql/${name}`,
      text,
      checksum: `of ${text}`,
    };
  });
  return parseRepeatables({ files, others }, parser);
}

/** What is wrong with texts, without the hints. */
export function faultsOf(
  parser: SqlParser,
  texts: Readonly<Record<string, string>>,
  others: readonly string[] = [],
): string[] {
  try {
    readTexts(parser, texts, others);
    return [];
  } catch (error) {
    if (error instanceof ProblemError)
      return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
}
