import type { Node } from "libpg-query";
import { dotted, walk, walkType } from "../ast";
import { isSteady } from "./known-functions";

/**
 * Whether a default is one value for all rows. Then ADD COLUMN keeps it beside the table and writes no row, since
 * PostgreSQL 11 ("ALTER TABLE", Notes). A function that is not known may be volatile.
 */
export function isOneValue(value: Node): boolean {
  const calls = [...walkType(value, "FuncCall")];
  if ([...walk(value)].some(({ type }) => type === "SubLink")) return false;
  return calls.every(({ funcname }) => isSteady(dotted(funcname)));
}
