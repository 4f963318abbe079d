import { loadModule, normalizeSync, parseSync } from "libpg-query";
import { maskValues } from "./shape";

/** Takes the values out of a statement. */
export type Mask = (statement: string) => string;

/**
 * PostgreSQL's own normaliser (that of pg_stat_statements, in libpg-query): `WHERE id = 5` is `WHERE id = $1`, and
 * `PASSWORD 'x'` is `PASSWORD $3`. It leaves the texts of some statements, such as options, and reads no statement that
 * was cut off: what it leaves goes by our own rule.
 */
export async function loadMask(): Promise<Mask> {
  await loadModule();
  return (statement) => maskValues(normalized(statement));
}

function normalized(statement: string): string {
  try {
    // Of what is no statement the normaliser gives its error message, with a piece of the text, and throws nothing.
    parseSync(statement);
    return normalizeSync(statement);
  } catch {
    // No statement that the grammar of 18 takes, or a part of one.
    return statement;
  }
}
