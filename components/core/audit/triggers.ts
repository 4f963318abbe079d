import { quoteIdentifier, quoteLiteral } from "../identifier";
import { nearest } from "../nearest";
import type { Plan, Refusal, Statement, Undeclared } from "../statement";
import { enableWords, referencing, triggerKinds, triggerName, type TriggerKind } from "./ddl-functions";
import type { ActualTable, ActualTrigger, AuditCatalog, AuditDeclaration, AuditedTable } from "./model";

/** The statements that put triggers onto every audited table, and take them from those that are none any more. */
export function planTriggers(declaration: AuditDeclaration, catalog: AuditCatalog): Plan {
  const plans = inOrder(catalog.tables).map((table) => planTable(declaration, table));
  return {
    statements: plans.flatMap(({ statements }) => statements),
    refusals: plans.flatMap(({ refusals }) => refusals),
    undeclared: [
      ...plans.flatMap(({ undeclared = [] }) => undeclared),
      ...missingTables(declaration, catalog.tables),
    ],
  };
}

function inOrder(tables: readonly ActualTable[]): ActualTable[] {
  const keyed = tables.map((table) => ({ table, text: `${table.schema}\0${table.name}` }));
  return keyed.toSorted((a, b) => (a.text < b.text ? -1 : 1)).map(({ table }) => table);
}

function planTable(declaration: AuditDeclaration, table: ActualTable): Plan {
  const declared = declarationOf(declaration, table);
  if (!declared?.audited) {
    return { statements: removeTriggers(declaration, table, declared), refusals: [] };
  }
  const isView = table.kind === "v" || table.kind === "m";
  // Views of an audited schema hold no rows: only one that is named is a mistake.
  const refusals =
    isView && !declaration.tables.includes(declared)
      ? []
      : [...refuseTable(declared, table), ...refuseTelling(declared, table)];
  if (isView || refusals.length > 0) return { statements: [], refusals };
  const unknown = table.isPartition
    ? []
    : declared.exclude.filter((column) => !table.columns.includes(column));
  return {
    statements: [...strangers(table), ...planTableTriggers(declaration, table, declared)],
    refusals: [],
    undeclared: unknown.map((column) => awaitedColumn(table, column)),
  };
}

/** What is declared of a table, its partitions included; undefined: nothing. */
export function declarationOf(
  { schemas, tables }: AuditDeclaration,
  { root }: Pick<ActualTable, "root">,
): AuditedTable | undefined {
  const named = tables.find(({ schema, name }) => schema === root.schema && name === root.name);
  if (named !== undefined) return named;
  return schemas.includes(root.schema) ? { ...root, audited: true, exclude: [] } : undefined;
}

function sqlName({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** A trigger of ours under another name would record everything twice. */
function strangers({ schema, name, triggers }: ActualTable): Statement[] {
  const names = triggerKinds.map(triggerName);
  return triggers
    .filter((trigger) => !names.includes(trigger.name))
    .map((trigger) => ({
      sql: `DROP TRIGGER ${quoteIdentifier(trigger.name)} ON ${sqlName({ schema, name })}`,
      reason: `it runs ${trigger.function} and is none of ours`,
      risk: "lock",
      kind: "audit",
    }));
}

/** The triggers that are not as they are to be, and one statement that has them fire always. */
function planTableTriggers(
  declaration: AuditDeclaration,
  table: ActualTable,
  { exclude }: AuditedTable,
): Statement[] {
  const words = [table.isPartition ? "partition" : "table", ...exclude];
  const kinds = triggerKinds.map((kind) => {
    const found = table.triggers.find(({ name }) => name === triggerName(kind));
    const fault = found === undefined ? missingReason(declaration, table) : triggerFault(found, kind, words);
    return { kind, fault, enabled: found?.enabled ?? "" };
  });
  const made = kinds.flatMap(({ kind, fault }) =>
    fault === undefined ? [] : [createTrigger(table, kind, words, fault)],
  );
  const off = kinds.filter(({ fault, enabled }) => fault !== undefined || enabled !== "A");
  return off.length === 0 ? made : [...made, enableTriggers(table, off)];
}

function createTrigger(
  table: ActualTable,
  kind: TriggerKind,
  words: readonly string[],
  reason: string,
): Statement {
  const list = words.map((word) => quoteLiteral(word).trim()).join(", ");
  return {
    sql: `CREATE OR REPLACE TRIGGER ${quoteIdentifier(triggerName(kind))} AFTER ${kind.event.toUpperCase()} ON ${sqlName(table)} ${referencing(kind)}FOR EACH STATEMENT EXECUTE FUNCTION "audit".${quoteIdentifier(`record_${kind.event}`)}(${list})`,
    reason,
    risk: "lock",
    kind: "audit",
  };
}

interface OffTrigger {
  readonly kind: TriggerKind;
  /** Why it is made anew; undefined: it is only off. */
  readonly fault: string | undefined;
  readonly enabled: string;
}

function enableTriggers(table: ActualTable, triggers: readonly OffTrigger[]): Statement {
  const words = triggers.map(({ kind }) => enableWords(quoteIdentifier(triggerName(kind))));
  const off = triggers
    .filter(({ fault }) => fault === undefined)
    .map(({ kind, enabled }) => `${kind.event} is ${states[enabled] ?? "off"}`);
  return {
    sql: `ALTER TABLE ONLY ${sqlName(table)} ${words.join(", ")}`,
    reason: off.length === 0 ? "also on a replica and in a restore" : off.join(", "),
    risk: "lock",
    kind: "audit",
  };
}

const states: Readonly<Record<string, string>> = {
  D: "disabled",
  O: "off while session_replication_role is replica",
  R: "on only while session_replication_role is replica",
};

function missingReason({ schemas }: AuditDeclaration, { isPartition, root }: ActualTable): string {
  const place = schemas.includes(root.schema) ? `schema ${root.schema} is audited` : "it is audited";
  return isPartition ? `a partition of ${root.schema}.${root.name}, which is audited` : place;
}

function triggerFault(found: ActualTrigger, kind: TriggerKind, words: readonly string[]): string | undefined {
  if (found.function !== `audit.record_${kind.event}`) return `the server's runs ${found.function}`;
  const { oldTable, newTable } = kind;
  const alike = found.type === kind.type && found.oldTable === oldTable && found.newTable === newTable;
  if (!alike || found.narrowed) return "the server's fires at something else";
  if (found.arguments.join("\0") === words.join("\0")) return undefined;
  return `the server's is for ${renderWords(found.arguments)}`;
}

function renderWords([what = "nothing", ...exclude]: readonly string[]): string {
  return `a ${what}${exclude.length === 0 ? "" : ` without ${exclude.join(", ")}`}`;
}

/** The trail stays as it is. */
function removeTriggers(
  { schemas }: AuditDeclaration,
  table: ActualTable,
  declared: AuditedTable | undefined,
): Statement[] {
  const why = declared === undefined && !schemas.includes(table.root.schema) ? "is not declared" : "is false";
  return table.triggers.map(({ name }) => ({
    sql: `DROP TRIGGER ${quoteIdentifier(name)} ON ${sqlName(table)}`,
    reason: `audit of ${table.schema}.${table.name} ${why}: the trail keeps what it has`,
    risk: "lock",
    kind: "audit",
  }));
}

function refuseTable(declared: AuditedTable, table: ActualTable): Refusal[] {
  const path = `${table.schema}.${table.name}`;
  const subject = `table ${path}`;
  const apart = `or leave it out: pgstead:audit: { tables: { ${table.root.schema}.${table.root.name}: false } }`;
  if (table.kind === "f") {
    const hint = `audit it where its rows are, ${apart}`;
    return [{ subject, message: "a foreign table cannot be audited: its rows are another server's", hint }];
  }
  if (table.kind === "v" || table.kind === "m") {
    const hint = "name the tables that it reads";
    return [{ subject, message: "it is a view, which holds no rows", hint }];
  }
  if (table.key.length === 0) {
    const hint = `add one (ALTER TABLE ${path} ADD PRIMARY KEY …), ${apart}`;
    return [
      { subject, message: "it is to be audited and has no primary key, which tells its rows apart", hint },
    ];
  }
  const secret = table.key.filter((column) => declared.exclude.includes(column));
  if (secret.length === 0) return [];
  const hint = "remove it from exclude, or give the table another primary key";
  return [
    { subject, message: `its key ${secret.join(", ")} is excluded: its rows could not be told apart`, hint },
  ];
}

/** A column that is left out was renamed: the guard leaves it out under its new name, which nobody has declared. */
function refuseTelling(
  { exclude }: AuditedTable,
  { schema, name, columns, triggers, root }: ActualTable,
): Refusal[] {
  const gone = exclude.filter((column) => !columns.includes(column));
  const kept = new Set(triggers.flatMap(({ arguments: [, ...words] }) => words));
  const undeclared = columns.filter((column) => kept.has(column) && !exclude.includes(column));
  if (gone.length === 0 || undeclared.length === 0) return [];
  const left = undeclared.join(", ");
  return [
    {
      subject: `table ${schema}.${name}`,
      message: `${left} is left out on the server, and is not declared: ${gone.join(", ")} is, and is not there`,
      hint: `if it was renamed, write its new name: pgstead:audit: { tables: { ${root.schema}.${root.name}: { exclude: [${left}] } } }; if not, remove ${gone.join(", ")}`,
    },
  ];
}

/** A migration may make them: what is named is no mistake yet. */
function missingTables({ tables }: AuditDeclaration, found: readonly ActualTable[]): Undeclared[] {
  const names = found.map(({ schema, name }) => `${schema}.${name}`);
  return tables
    .map(({ schema, name }) => `${schema}.${name}`)
    .filter((name) => !names.includes(name))
    .map((name) => awaited(`table ${name}`, "audited as declared", nearest(name, names)));
}

function awaitedColumn({ schema, name, columns }: ActualTable, column: string): Undeclared {
  return awaited(`column ${column} of table ${schema}.${name}`, "left out", nearest(column, columns));
}

function awaited(subject: string, what: string, meant: string | undefined): Undeclared {
  const question = meant === undefined ? "" : `; or is ${meant} meant?`;
  return {
    kind: "audit",
    subject,
    message: `not there: ${what} after the migrations that make it${question}`,
  };
}
