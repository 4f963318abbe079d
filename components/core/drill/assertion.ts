import type { DrillAssertion } from "./plan";

/** What a query gave, as far as is looked at: two rows at most. */
export interface AssertionAnswer {
  /** Number of the first column's type; undefined: there is no column. */
  readonly type: number | undefined;
  /** First columns. */
  readonly values: readonly unknown[];
}

/** Number of type boolean. */
const boolean = 16;

/** Why an assertion does not hold; undefined: it does. */
export function judgeAnswer({ type, values }: AssertionAnswer): string | undefined {
  if (values.length === 0) return "gave no row, and has to give one";
  if (values.length > 1) return "gave more than one row, and has to give one";
  if (type !== boolean) return "gave something that is not true or false";
  const [value] = values;
  if (value === true) return undefined;
  return value === null ? "gave NULL, which is not true" : "is false";
}

/** How an assertion is called where it does not hold: its place in the list, and its text in one line. */
export function renderAssertion(sql: string, index: number): string {
  const line = sql.replace(/\s+/g, " ").trim();
  return `assertion ${index + 1} (${line.length > 100 ? `${line.slice(0, 99)}…` : line})`;
}

/** The assertions of one database, with their places in the list of all. */
export function assertionsOf(
  assertions: readonly DrillAssertion[],
  database: string,
): readonly { readonly sql: string; readonly index: number }[] {
  return assertions.flatMap(({ database: own, sql }, index) => (own === database ? [{ sql, index }] : []));
}
