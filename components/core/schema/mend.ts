import { objectOf, privilegesOf } from "./compare";
import type { PropertyChange, SchemaComparison, SchemaDifference } from "./difference";
import { columnDefinition, columnExtras, mendColumn, numbersOf } from "./mend-column";
import { makes, mendFires, mendIndex, viewSql } from "./mend-parts";
import { mendPrivileges } from "./mend-privileges";
import { createTable, mendTable, tableExtras } from "./mend-table";
import { alterOptions, alterRelation, commentSql, ownName, sqlKind, sqlObject } from "./mend-words";
import { keyOf, type SchemaObject, type SchemaSnapshot } from "./snapshot";

/** A statement that brings something to what it is to be. */
export interface MendStatement {
  /** Key of the difference that it mends. */
  readonly subject: string;
  readonly sql: string;
}

/** What goes first: what stands on something goes before that, and comes after it. */
const stages = [
  "undo",
  "part",
  "table",
  "drop",
  "column",
  "make",
  "index",
  "constraint",
  "foreign key",
  "say",
  "fire",
  "own",
] as const;
type Stage = (typeof stages)[number];

interface Placed extends MendStatement {
  readonly stage: Stage;
  /** Within its stage: as the objects were made. */
  readonly order: number;
}

/**
 * The statements that would make the actual schema what is expected: of tables, columns, constraints, indexes, views,
 * functions, triggers, policies, sequences, comments, owners and privileges. Of other kinds there are none.
 *
 * They are for a person to read: none uses CASCADE, and the server refuses what something else depends on.
 */
export function mendSchema(
  { differences }: Pick<SchemaComparison, "differences">,
  expected: SchemaSnapshot,
): MendStatement[] {
  const context = contextOf(expected, differences);
  const placed = differences.flatMap((difference) => mend(context, difference));
  const rank = ({ stage }: Placed): number => stages.indexOf(stage);
  return placed
    .toSorted((a, b) => rank(a) - rank(b) || a.order - b.order)
    .map(({ subject, sql }) => ({ subject, sql }));
}

interface Context {
  readonly version: number;
  /** What is to be a part of something, by its key. */
  readonly parts: ReadonlyMap<string, readonly SchemaObject[]>;
  /** Keys of what is made anew: its parts come with it. */
  readonly remade: ReadonlySet<string>;
}

function contextOf({ version, objects }: SchemaSnapshot, differences: readonly SchemaDifference[]): Context {
  const parts = new Map<string, SchemaObject[]>();
  for (const object of objects) {
    if (object.of === undefined) continue;
    const list = parts.get(object.of) ?? [];
    list.push(object);
    parts.set(object.of, list);
  }
  const remade = differences.filter(isRemade).map((difference) => keyOf(objectOf(difference)));
  return { version, parts, remade: new Set(remade) };
}

function mend(context: Context, difference: SchemaDifference): Placed[] {
  const { what, expected, actual } = difference;
  const object = objectOf(difference);
  if (object.of !== undefined && context.remade.has(object.of)) return [];
  const subject = keyOf(object);
  const placed = (stage: Stage, order: number, statements: readonly string[]): Placed[] =>
    statements.map((sql) => ({ subject, sql, stage, order }));
  const gone = (): Placed[] =>
    actual === undefined ? [] : placed(goingStage(actual), -orderOf(actual), drop(actual));
  if (what === "extra") return gone();
  if (expected === undefined) return [];
  // What a partition has from its parent, and a sequence that is its column's identity, come with those.
  const comesWith = object.from !== undefined || (object.kind === "sequence" && object.of !== undefined);
  if (what === "missing") return comesWith ? [] : make(context, expected, subject);
  if (isRemade(difference)) return [...gone(), ...make(context, expected, subject)];
  return [
    ...placed(changingStage(expected), orderOf(expected), change(context, difference, expected)),
    ...placed("own", 0, said(expected, difference.changes)),
  ];
}

const orderOf = ({ details }: SchemaObject): number => Number(details.order ?? 0);

const made = new Set(["table", "view", "materialized view", "function", "procedure", "sequence"]);

function comingStage({ kind, details }: SchemaObject): Stage {
  if (made.has(kind)) return "make";
  if (kind === "constraint") return details.type === "f" ? "foreign key" : "constraint";
  return kind === "column" || kind === "index" ? kind : "fire";
}

function changingStage(object: SchemaObject): Stage {
  return object.kind === "table" ? "say" : comingStage(object);
}

function goingStage({ kind, details }: SchemaObject): Stage {
  if (["trigger", "policy", "rule", "view", "materialized view", "statistics"].includes(kind)) return "undo";
  if (kind === "constraint") return details.type === "f" ? "undo" : "part";
  if (kind === "column" || kind === "index") return "part";
  return kind === "table" ? "table" : "drop";
}

/** What no ALTER or CREATE OR REPLACE changes. */
function isRemade({ what, expected, actual, changes }: SchemaDifference): boolean {
  if (what !== "changed" || expected === undefined || actual === undefined) return false;
  const has = (...properties: readonly string[]): boolean =>
    changes.some(({ property }) => properties.includes(property));
  switch (expected.kind) {
    case "view":
      return has("definition") && !begins(expected.details.columns, actual.details.columns);
    case "materialized view":
    case "trigger":
    case "rule":
    case "index":
    case "statistics":
      return has("definition");
    case "constraint":
      return has("definition") && !isUnproven(expected, actual);
    case "policy":
      return has("command", "kind of policy", "roles", "using", "with check");
    case "function":
    case "procedure":
      return has("arguments", "result", "window");
    default:
      return false;
  }
}

/** CREATE OR REPLACE VIEW adds columns at the end and changes none. */
function begins(expected = "", actual = ""): boolean {
  return expected === actual || expected.startsWith(`${actual}, `);
}

/** The same constraint, whose old rows nobody has looked at. */
function isUnproven(expected: SchemaObject, actual: SchemaObject): boolean {
  return actual.properties.definition === `${expected.properties.definition ?? ""} NOT VALID`;
}

function drop(object: SchemaObject): string[] {
  const { kind } = object;
  if (kind === "column") return [`${alterRelation(object)} DROP COLUMN ${ownName(object)}`];
  if (kind === "constraint") return [`${alterRelation(object)} DROP CONSTRAINT ${ownName(object)}`];
  if (kind === "table" || makes[kind] !== undefined) return [`DROP ${sqlObject(object)}`];
  return [];
}

/** Makes something with all its parts, and says of it what is said. */
function make(context: Context, object: SchemaObject, subject: string): Placed[] {
  const placed = (stage: Stage, statements: readonly string[]): Placed[] =>
    statements.map((sql) => ({ subject, sql, stage, order: orderOf(object) }));
  const parts = context.parts.get(keyOf(object)) ?? [];
  const columns = parts.filter(({ kind }) => kind === "column");
  const isTable = object.kind === "table";
  const statements = isTable
    ? [createTable(object, columns, (column) => identityOf(context, column))]
    : object.kind === "column"
      ? [
          `${alterRelation(object)} ADD COLUMN ${columnDefinition(object, identityOf(context, object))}`,
          ...columnExtras(object),
        ]
      : (makes[object.kind]?.(object) ?? []);
  const below = parts
    .filter(({ kind, from }) => kind !== "sequence" && from === undefined)
    .flatMap((part) =>
      part.kind === "column" && (isTable || made.has(object.kind))
        ? [...placed("say", isTable ? columnExtras(part) : []), ...placed("own", saidOfNew(part))]
        : make(context, part, subject),
    );
  return [
    ...placed(comingStage(object), statements),
    ...(isTable ? placed("say", tableExtras(object)) : []),
    ...placed("say", ownedBy(object)),
    ...below,
    ...placed("own", statements.length === 0 && object.kind !== "index" ? [] : saidOfNew(object)),
  ];
}

function identityOf({ parts }: Context, column: SchemaObject): SchemaObject | undefined {
  return parts.get(keyOf(column))?.find(({ kind }) => kind === "sequence");
}

function ownedBy({ kind, name, properties }: SchemaObject): string[] {
  const column = properties["owned by"];
  return kind === "sequence" && column !== undefined ? [`ALTER SEQUENCE ${name} OWNED BY ${column}`] : [];
}

function saidOfNew(object: SchemaObject): string[] {
  const changes = (properties: Readonly<Record<string, string>>, prefix = ""): PropertyChange[] =>
    Object.entries(properties).map(([name, expected]) => ({
      property: prefix + name,
      expected,
      actual: undefined,
    }));
  const { owner, comment } = object.properties;
  const said_ = { ...(owner === undefined ? {} : { owner }), ...(comment === undefined ? {} : { comment }) };
  return said(object, [...changes(said_), ...changes(object.privileges ?? {}, privilegesOf)]);
}

/** What is said of an object of any kind: whose it is, who may do what, and its comment. */
function said(object: SchemaObject, changes: readonly PropertyChange[]): string[] {
  // Nobody knows its name here: the one that it is compared with has another.
  if (object.kind === "database") return [];
  return changes.flatMap(({ property, expected, actual }) => {
    if (property === "comment") return [commentSql(object, expected)];
    if (property === "owner" && expected !== undefined) {
      return [`ALTER ${sqlKind(object)} ${object.name} OWNER TO ${expected}`];
    }
    if (!property.startsWith(privilegesOf)) return [];
    return mendPrivileges(object, property.slice(privilegesOf.length), expected, actual);
  });
}

/** What changes an object in place. */
function change(context: Context, { changes, actual }: SchemaDifference, expected: SchemaObject): string[] {
  const has = (property: string): boolean => changes.some((one) => one.property === property);
  switch (expected.kind) {
    case "table":
      return mendTable(expected, changes);
    case "column":
      return mendColumn(expected, changes, {
        version: context.version,
        identity: identityOf(context, expected),
      });
    case "index":
      return mendIndex(expected, changes);
    case "constraint":
      return has("definition") ? [`${alterRelation(expected)} VALIDATE CONSTRAINT ${ownName(expected)}`] : [];
    case "trigger":
    case "rule":
      return has("fires") ? [mendFires(expected)] : [];
    case "view":
    case "materialized view":
      if (has("definition")) return [viewSql(expected, "CREATE OR REPLACE VIEW")];
      return has("options")
        ? alterOptions(
            `ALTER ${sqlKind(expected)} ${expected.name}`,
            expected.properties.options,
            actual?.properties.options,
          )
        : [];
    case "function":
    case "procedure":
      return changes.every(({ property }) => isSaid(property))
        ? []
        : (makes[expected.kind]?.(expected) ?? []);
    case "sequence":
      return mendSequence(expected, changes);
    default:
      return [];
  }
}

const isSaid = (property: string): boolean =>
  property === "owner" || property === "comment" || property.startsWith(privilegesOf);

function mendSequence(sequence: SchemaObject, changes: readonly PropertyChange[]): string[] {
  const { name, properties } = sequence;
  const own = changes.filter(({ property }) => !isSaid(property)).map(({ property }) => property);
  if (own.length === 0) return [];
  const cycle = properties.cycle === undefined ? " NO CYCLE" : "";
  return [
    `ALTER SEQUENCE ${name} AS ${properties.type ?? "bigint"} ${numbersOf(sequence)}${cycle}`,
    ...(own.includes("owned by")
      ? [`ALTER SEQUENCE ${name} OWNED BY ${properties["owned by"] ?? "NONE"}`]
      : []),
    ...(own.includes("unlogged")
      ? [`ALTER SEQUENCE ${name} SET ${properties.unlogged === undefined ? "LOGGED" : "UNLOGGED"}`]
      : []),
  ];
}
