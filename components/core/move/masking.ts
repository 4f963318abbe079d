import { quoteIdentifier } from "../identifier";
import { SqlSyntaxError, type SqlParser } from "../migrations/sql-parser";
import type { Problem } from "../problem";

/** What a column is to hold in a copy. */
export interface MaskingRule {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** SQL over the columns of the same row. */
  readonly expression: string;
}

/** Rules as they are written: `app.users.email` and an expression. */
export type WrittenMasking = Readonly<Record<string, string>>;

/** The parts of `app.users.email`; undefined: it is no such text. */
export function parseMaskedColumn(text: string): Omit<MaskingRule, "expression"> | undefined {
  const parts = text.split(".");
  const [schema = "", table = "", column = ""] = parts;
  return parts.length === 3 && parts.every((part) => part !== "") ? { schema, table, column } : undefined;
}

/** Rules whose columns were looked at before. */
export function toRules(written: WrittenMasking): MaskingRule[] {
  return Object.entries(written).flatMap(([key, expression]) => {
    const place = parseMaskedColumn(key);
    return place === undefined ? [] : [{ ...place, expression }];
  });
}

/** What of the rules is no SQL, or more than one expression. */
export function checkExpressions(rules: readonly MaskingRule[], parser: SqlParser): Problem[] {
  return rules.flatMap((rule) => {
    const message = expressionFault(rule.expression, parser);
    if (message === undefined) return [];
    const hint = "write one expression over the columns of the row, such as md5(email) || '@example.com'";
    return [{ path: nameOf(rule), message, hint }];
  });
}

/** `app.users.email`, for people. */
export function nameOf({ schema, table, column }: Omit<MaskingRule, "expression">): string {
  return `${schema}.${table}.${column}`;
}

function expressionFault(expression: string, parser: SqlParser): string | undefined {
  try {
    const [first, ...rest] = parser.parse(`SELECT (${expression}\n)`);
    const select = first === undefined || !("SelectStmt" in first.node) ? undefined : first.node.SelectStmt;
    const parts = Object.keys(select ?? {}).filter((key) => !ownParts.includes(key));
    const isOne = rest.length === 0 && select?.targetList?.length === 1 && parts.length === 0;
    return isOne ? undefined : "is more than one expression";
  } catch (error) {
    if (error instanceof SqlSyntaxError) return `is no expression: ${error.message}`;
    throw error;
  }
}

/** What `SELECT (1)` has, and nothing that an expression could add by closing the parenthesis. */
const ownParts = ["targetList", "limitOption", "op"];

/** A column of a restored database that a rule is about. */
export interface FoundColumn {
  readonly schema: string;
  readonly table: string;
  /** Of pg_class. */
  readonly kind: string;
  readonly column: string;
  readonly isGenerated: boolean;
  /** GENERATED ALWAYS AS IDENTITY. */
  readonly isIdentity: boolean;
  /** A foreign key that it is part of, or that refers to it. */
  readonly foreignKey: string | null;
}

/** What keeps rules from masking: a column that is not there, or that no expression can be put into. */
export function checkColumns(rules: readonly MaskingRule[], found: readonly FoundColumn[]): Problem[] {
  return rules.flatMap((rule) => {
    const column = found.find((one) => nameOf(one) === nameOf(rule));
    const fault = column === undefined ? missing : columnFault(column);
    return fault === undefined ? [] : [{ path: nameOf(rule), ...fault }];
  });
}

const missing = { message: "there is no such column", hint: "name it as it is now, or remove the rule" };

function columnFault(column: FoundColumn): Omit<Problem, "path"> | undefined {
  const { kind, isGenerated, isIdentity, foreignKey } = column;
  if (!["r", "p"].includes(kind))
    return { message: "is not of a table", hint: "mask the columns of the tables that it shows" };
  if (isGenerated) return { message: "is generated", hint: "mask the columns that it is computed from" };
  if (isIdentity) return { message: "is an identity that is always generated", hint: "remove the rule" };
  if (foreignKey === null) return undefined;
  const hint =
    "a key that says something about a person is to be replaced by one that does not, by a migration";
  return { message: `is part of foreign key ${foreignKey}: rows would lose each other`, hint };
}

/** One UPDATE a table, so that every expression sees the row as it was. */
export function maskTables(
  rules: readonly MaskingRule[],
): { readonly table: string; readonly sql: string }[] {
  return [...groupByTable(rules)].map(([table, own]) => {
    const set = own.map(({ column, expression }) => `${quoteIdentifier(column)} = (${expression}\n)`);
    return { table, sql: `UPDATE ${table} SET ${set.join(", ")}` };
  });
}

function groupByTable(rules: readonly MaskingRule[]): Map<string, MaskingRule[]> {
  const tables = new Map<string, MaskingRule[]>();
  for (const rule of rules) {
    const table = `${quoteIdentifier(rule.schema)}.${quoteIdentifier(rule.table)}`;
    tables.set(table, [...(tables.get(table) ?? []), rule]);
  }
  return tables;
}
