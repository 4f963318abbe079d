import { quoteIdentifier } from "../identifier";
import { SqlSyntaxError, type SqlParser } from "../migrations/sql-parser";
import type { Problem } from "../problem";
import { unquote } from "../restore/dump-statements";

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

/** A name as it is, or in double quotes as SQL has it where it holds a dot. */
const part = String.raw`("(?:[^"]|"")+"|[^."]+)`;
const columnForm = new RegExp(`^${part}[.]${part}[.]${part}$`);

/** The parts of `app.users.email`; undefined: it is no such text. */
export function parseMaskedColumn(text: string): Omit<MaskingRule, "expression"> | undefined {
  const [found, ...parts] = columnForm.exec(text) ?? [];
  const [schema = "", table = "", column = ""] = parts.map(unquote);
  return found === undefined ? undefined : { schema, table, column };
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
  /** A foreign key that it is part of, or that refers to it; also of what inherits from the table. */
  readonly foreignKey: string | null;
  /** A partition or heir whose rows are on another server. */
  readonly elsewhere: string | null;
  /** Tables that this one is a partition or heir of. */
  readonly parents: readonly string[];
}

/** What keeps rules from masking: a column that is not there, or that no expression can be put into. */
export function checkColumns(rules: readonly MaskingRule[], found: readonly FoundColumn[]): Problem[] {
  return rules.flatMap((rule) => {
    const column = found.find((one) => nameOf(one) === nameOf(rule));
    const fault = column === undefined ? missing : (columnFault(column) ?? doubleFault(column, rules));
    return fault === undefined ? [] : [{ path: nameOf(rule), ...fault }];
  });
}

const missing = { message: "there is no such column", hint: "name it as it is now, or remove the rule" };

/** The second of two rules would see what the first has made. */
function doubleFault(
  { parents, column }: FoundColumn,
  rules: readonly MaskingRule[],
): Omit<Problem, "path"> | undefined {
  const parent = parents.find((one) => rules.some((rule) => nameOf(rule) === `${one}.${column}`));
  if (parent === undefined) return undefined;
  return { message: `is masked with ${parent}, which it is a part of`, hint: "remove one of the two rules" };
}

function columnFault(column: FoundColumn): Omit<Problem, "path"> | undefined {
  const { kind, isGenerated, isIdentity, foreignKey, elsewhere } = column;
  if (!["r", "p"].includes(kind))
    return { message: "is not of a table", hint: "mask the columns of the tables that it shows" };
  if (isGenerated) return { message: "is generated", hint: "mask the columns that it is computed from" };
  if (isIdentity) return { message: "is an identity that is always generated", hint: "remove the rule" };
  if (elsewhere !== null) {
    const hint = "mask the partitions that are here, each by its own name";
    return { message: `${elsewhere} is a part of its table, and its rows are on another server`, hint };
  }
  if (foreignKey === null) return undefined;
  const hint =
    "a key that says something about a person is to be replaced by one that does not, by a migration";
  return { message: `is part of foreign key ${foreignKey}: rows would lose each other`, hint };
}

/** One UPDATE a table, so that every expression sees the row as it was. */
export function maskTables(
  rules: readonly MaskingRule[],
): { readonly table: string; readonly sql: string }[] {
  return [...groupByTable(rules)].map(([table, own]) => ({
    table,
    sql: `UPDATE ${table} SET ${own.map(setColumn).join(", ")}`,
  }));
}

/** The UPDATE of one rule alone, which tells whether the server takes its expression. */
export function maskColumn(rule: MaskingRule): string {
  return `UPDATE ${tableOf(rule)} SET ${setColumn(rule)}`;
}

function setColumn({ column, expression }: MaskingRule): string {
  return `${quoteIdentifier(column)} = (${expression}\n)`;
}

function tableOf({ schema, table }: MaskingRule): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
}

/** What the server may say of a failure: messages about values hold them, and those of functions may. */
export function sayFailure({
  code = "",
  message,
}: {
  readonly code?: string | undefined;
  readonly message: string;
}): string {
  if (code === "" || /^(?:0A|23|25|3|40|42|53|54|55|57|58)/.test(code)) return message;
  return `the server says ${code}; its words are left out, as they may hold what is in a row`;
}

function groupByTable(rules: readonly MaskingRule[]): Map<string, MaskingRule[]> {
  const tables = new Map<string, MaskingRule[]>();
  for (const rule of rules) {
    const table = tableOf(rule);
    tables.set(table, [...(tables.get(table) ?? []), rule]);
  }
  return tables;
}
