import type { Node } from "libpg-query";
import { contentOf, walk, walkType } from "../ast";

/**
 * Whether a condition leaves some rows out, as far as its text tells.
 *
 * `WHERE true`, `1 = 1`, `id = id`, `now() > '2020-01-01'` and `… OR true` do not: they are the same for every row.
 */
export function restricts(condition: Node | undefined): boolean {
  if (condition === undefined) return false;
  const { boolop, args = [] } = contentOf(condition, "BoolExpr") ?? {};
  if (boolop === "OR_EXPR") return args.every(restricts);
  if (boolop === "AND_EXPR") return args.some(restricts);
  if (boolop === "NOT_EXPR") return dependsOnRow(condition) && !hasTruth(condition);
  const constant = contentOf(condition, "A_Const");
  // `WHERE false` and `WHERE NULL` leave all of them out.
  if (constant !== undefined) return constant.isnull === true || constant.boolval?.boolval !== true;
  const { lexpr, rexpr } = contentOf(condition, "A_Expr") ?? {};
  if (lexpr !== undefined && isSame(lexpr, rexpr)) return false;
  return dependsOnRow(condition);
}

/** `NOT (id = 1 AND false)` is every row: true and false turn around inside of a NOT. */
function hasTruth(condition: Node): boolean {
  return [...walkType(condition, "A_Const")].some(
    ({ boolval, isnull }) => boolval !== undefined || isnull === true,
  );
}

/** Columns, what another table holds, a parameter, a cursor: anything that may differ from row to row. */
function dependsOnRow(condition: Node): boolean {
  const kinds = ["ColumnRef", "RangeVar", "ParamRef", "CurrentOfExpr"];
  return [...walk(condition)].some(({ type }) => kinds.includes(type));
}

function isSame(one: Node, other: Node | undefined): boolean {
  const text = (node: Node | undefined): string =>
    JSON.stringify(node, (key, value: unknown) => (key === "location" ? undefined : value));
  return text(one) === text(other);
}
