import type { Node } from "libpg-query";
import { contentOf, contentsOf, namesOf, tableName, walk, walkType, type NodeOf } from "../ast";

/** How much a condition leaves out, as far as its text tells: nothing, perhaps nothing, some rows. */
export type Restriction = "none" | "weak" | "some";

/** What the names of a condition stand for. */
export interface ConditionScope {
  /** What the rows that are written are called: the table, or its alias. */
  readonly own: string;
  readonly table: string;
  /** What else the statement reads from, by the name that it has there; `undefined` is not a table. */
  readonly others: ReadonlyMap<string, string | undefined>;
  /** Whether a column of the table is known to have no NULL. */
  readonly isNotNull: (column: string) => boolean;
}

/**
 * How much `WHERE` leaves out.
 *
 * `true`, `1 = 1`, `id = id`, `ctid IS NOT NULL`, `now() > '2020-01-01'`, `EXISTS (SELECT 1 FROM b)`, `b.x = 1` of a table
 * that only stands beside, and `… OR true` are the same for every row. `email IS NOT NULL` and `name LIKE '%'` may be.
 */
export function restrictionOf(condition: Node | undefined, scope: ConditionScope): Restriction {
  if (condition === undefined) return "none";
  const of = (node: Node): Restriction => restrictionOf(node, scope);
  const { boolop, args = [] } = contentOf(condition, "BoolExpr") ?? {};
  if (boolop === "OR_EXPR") return isComplete(args, scope) ? "none" : least(args.map(of));
  if (boolop === "AND_EXPR") return ofAll(args, scope);
  if (boolop === "NOT_EXPR") return ofNot(condition, args[0], scope);
  const constant = contentOf(condition, "A_Const");
  // `WHERE false` and `WHERE NULL` leave all of them out.
  if (constant !== undefined)
    return constant.isnull === true || constant.boolval?.boolval !== true ? "some" : "none";
  const nullTest = contentOf(condition, "NullTest");
  if (nullTest?.nulltesttype === "IS_NOT_NULL") return ofNotNull(nullTest.arg, scope);
  const booleanTest = contentOf(condition, "BooleanTest");
  if (booleanTest?.booltesttype === "IS_TRUE") return restrictionOf(booleanTest.arg, scope);
  const [first] = contentOf(condition, "CoalesceExpr")?.args ?? [];
  if (contentOf(first, "A_Const") !== undefined) return restrictionOf(first, scope);
  if (contentOf(condition, "CaseExpr") !== undefined) return least(["weak", dependence(condition, scope)]);
  const link = contentOf(condition, "SubLink");
  if (link !== undefined && isWhole(link.testexpr, link.subselect, scope)) return "none";
  return ofComparison(condition, scope) ?? dependence(condition, scope);
}

const order: readonly Restriction[] = ["none", "weak", "some"];

function least(found: readonly Restriction[]): Restriction {
  return order.find((one) => found.includes(one)) ?? "none";
}

/** What joins the table to another one makes that one's columns count. */
function ofAll(args: readonly Node[], scope: ConditionScope): Restriction {
  const beside = (node: Node): boolean =>
    [...walkType(node, "ColumnRef")].some((column) => scope.others.has(qualifierOf(column) ?? ""));
  const joins = args.some(
    (arg) => beside(arg) && dependence(arg, scope) !== "none" && !contentOf(arg, "BoolExpr"),
  );
  const inner = joins ? { ...scope, others: tablesAlone(scope) } : scope;
  const found = args.map((arg) =>
    joins && beside(arg) && !isSameColumns(arg, scope) ? "some" : restrictionOf(arg, inner),
  );
  return order.findLast((one) => found.includes(one)) ?? "none";
}

/** Only what stands for the same table is left to compare with. */
function tablesAlone({ others, table }: ConditionScope): ReadonlyMap<string, string | undefined> {
  return new Map([...others].filter(([, other]) => other === table));
}

function ofNot(condition: Node, arg: Node | undefined, scope: ConditionScope): Restriction {
  const test = contentOf(arg, "NullTest");
  if (test?.nulltesttype === "IS_NULL") return ofNotNull(test.arg, scope);
  const { boolop, args = [] } = contentOf(arg, "BoolExpr") ?? {};
  if (boolop === "NOT_EXPR") return restrictionOf(args[0], scope);
  return hasTruth(condition) ? "none" : dependence(condition, scope);
}

/** `NOT (id = 1 AND false)` is every row: true and false turn around inside of a NOT. */
function hasTruth(condition: Node): boolean {
  return [...walkType(condition, "A_Const")].some(
    ({ boolval, isnull }) => boolval !== undefined || isnull === true,
  );
}

const systemColumns = ["ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"];

function ofNotNull(arg: Node | undefined, scope: ConditionScope): Restriction {
  const column = contentOf(arg, "ColumnRef");
  if (column === undefined) return least(["weak", dependence(arg, scope)]);
  if (scope.others.has(qualifierOf(column) ?? "")) return "none";
  const name = namesOf(column.fields).at(-1) ?? "";
  const isWholeRow = name === scope.own || contentsOf(column.fields, "A_Star").length > 0;
  return isWholeRow || systemColumns.includes(name) || scope.isNotNull(name) ? "none" : "weak";
}

/** `x IS NULL OR x IS NOT NULL` */
function isComplete(args: readonly Node[], scope: ConditionScope): boolean {
  const tests = args.map((arg) => contentOf(arg, "NullTest")).filter((test) => test !== undefined);
  const isNull = tests.filter(({ nulltesttype }) => nulltesttype === "IS_NULL");
  return tests.some(
    ({ nulltesttype, arg }) =>
      nulltesttype === "IS_NOT_NULL" && isNull.some((other) => isSame(arg, other.arg, scope)),
  );
}

function ofComparison(condition: Node, scope: ConditionScope): Restriction | undefined {
  const { kind, name, lexpr, rexpr } = contentOf(condition, "A_Expr") ?? {};
  if (lexpr === undefined || rexpr === undefined) return undefined;
  const compared = asCompared(condition, scope);
  const right = contentOf(rexpr, "List")?.items ?? contentOf(rexpr, "A_ArrayExpr")?.elements ?? [rexpr];
  const isRange = kind === "AEXPR_BETWEEN";
  if (
    isRange
      ? right.every((one) => isSame(lexpr, one, compared))
      : right.some((one) => isSame(lexpr, one, compared))
  )
    return "none";
  const pattern = contentOf(rexpr, "A_Const")?.sval?.sval;
  if (pattern === undefined) {
    const link = contentOf(rexpr, "SubLink");
    return link?.subLinkType === "ARRAY_SUBLINK" && isWhole(lexpr, link.subselect, scope)
      ? "none"
      : undefined;
  }
  const isLike = kind === "AEXPR_LIKE" || kind === "AEXPR_ILIKE" || kind === "AEXPR_SIMILAR";
  const takesAll = isLike
    ? /^%+$/
    : /^~\*?$/.test(namesOf(name).at(-1) ?? "")
      ? /^\^?(?:\.\*)?\$?$/
      : undefined;
  return takesAll?.test(pattern) === true ? least(["weak", dependence(condition, scope)]) : undefined;
}

/** `a.id = b.id` where both are the same table: it leaves nothing out by itself, as `a.id < b.id` does. */
function isSameColumns(condition: Node, scope: ConditionScope): boolean {
  const { lexpr, rexpr } = contentOf(condition, "A_Expr") ?? {};
  return lexpr !== undefined && isSame(lexpr, rexpr, asCompared(condition, scope));
}

/** Two rows of a table have the same value only where they are asked for equal ones. */
function asCompared(condition: Node, scope: ConditionScope): ConditionScope {
  const { name } = contentOf(condition, "A_Expr") ?? {};
  return namesOf(name).at(-1) === "=" ? scope : { ...scope, others: new Map() };
}

/** `id IN (SELECT id FROM a)` of the table itself. */
function isWhole(test: Node | undefined, select: Node | undefined, scope: ConditionScope): boolean {
  const found = contentOf(select, "SelectStmt");
  if (test === undefined || found === undefined) return false;
  const {
    targetList = [],
    fromClause = [],
    whereClause,
    limitCount,
    limitOffset,
    groupClause,
    havingClause,
  } = found;
  if ([whereClause, limitCount, limitOffset, havingClause].some((part) => part !== undefined)) return false;
  const [from, ...more] = contentsOf(fromClause, "RangeVar");
  if (from === undefined || more.length > 0 || groupClause !== undefined) return false;
  if (tableName(from) !== scope.table || targetList.length !== 1) return false;
  const value = contentsOf(targetList, "ResTarget")[0]?.val;
  const name = from.alias?.aliasname ?? from.relname ?? "";
  return isSame(test, value, { ...scope, others: new Map([[name, scope.table]]) });
}

/** Whether something may differ from row to row; what only its names leave open is weak. */
function dependence(node: Node | undefined, scope: ConditionScope): Restriction {
  let found: Restriction = "none";
  const links: NodeOf<"SubLink">[] = [];
  for (const { type, content } of walk(node, ({ type: entered }) => entered !== "SubLink")) {
    if (type === "ParamRef" || type === "CurrentOfExpr") return "some";
    if (type === "SubLink") links.push(content as NodeOf<"SubLink">);
    else if (type === "ColumnRef" && !scope.others.has(qualifierOf(content as NodeOf<"ColumnRef">) ?? ""))
      found = "some";
  }
  for (const { testexpr, subselect } of links) {
    const inside = [dependence(testexpr, scope), dependenceOfSelect(subselect, scope)];
    found = order.findLast((one) => one === found || inside.includes(one)) ?? found;
  }
  return found;
}

/** A query inside of a condition asks for the row where it names its table; without a name nobody can tell. */
function dependenceOfSelect(select: Node | undefined, { own }: ConditionScope): Restriction {
  const named = [...walkType(select, "RangeVar")].map(({ alias, relname }) => alias?.aliasname ?? relname);
  const columns = [...walkType(select, "ColumnRef")].filter(({ fields }) => namesOf(fields).length > 0);
  if (!named.includes(own) && columns.some((column) => qualifierOf(column) === own)) return "some";
  return columns.some((column) => qualifierOf(column) === undefined) ? "weak" : "none";
}

/** `b` of `b.x` and `app.b.x` */
function qualifierOf({ fields = [] }: NodeOf<"ColumnRef">): string | undefined {
  return fields.length > 1 ? contentOf(fields.at(-2), "String")?.sval : undefined;
}

/** The same expression, whichever of its names the table has in it. */
function isSame(one: Node | undefined, other: Node | undefined, scope: ConditionScope): boolean {
  const isOwn = (name: string | undefined): boolean =>
    name === scope.own || (name !== undefined && scope.others.get(name) === scope.table);
  const text = (node: Node | undefined): string =>
    JSON.stringify(node, (key, value: unknown) => {
      if (key === "location") return undefined;
      if (key !== "ColumnRef") return value;
      const column = value as NodeOf<"ColumnRef">;
      return isOwn(qualifierOf(column)) ? { fields: column.fields?.slice(-1) } : value;
    });
  return one !== undefined && text(one) === text(other);
}
