import type { PropertyChange } from "./difference";
import { columnDefinition } from "./mend-column";
import { alterOptions, optionList } from "./mend-words";
import type { SchemaObject } from "./snapshot";

/** A table as CREATE TABLE makes it: with its columns, without what is said of it afterwards. */
export function createTable(
  table: SchemaObject,
  columns: readonly SchemaObject[],
  identityOf: (column: SchemaObject) => SchemaObject | undefined,
): string {
  const { properties, name } = table;
  const parent = properties["partition of"];
  const own = columns.filter(({ details }) => details.inherited === undefined);
  const list = own.map((column) => `  ${columnDefinition(column, identityOf(column))}`).join(",\n");
  const body = parent === undefined ? `(\n${list}\n)` : `PARTITION OF ${parent} ${properties.bound ?? ""}`;
  return `CREATE ${properties.unlogged === undefined ? "" : "UNLOGGED "}TABLE ${name} ${body}${tail(properties)}`;
}

function tail(properties: Readonly<Record<string, string>>): string {
  const { options, inherits, tablespace } = properties;
  const stored = [
    ...(options === undefined ? [] : [optionList(options)]),
    ...(properties["toast options"] === undefined ? [] : [optionList(properties["toast options"], "toast.")]),
  ];
  return [
    ...(inherits === undefined ? [] : [`INHERITS (${inherits})`]),
    ...(properties["partitioned by"] === undefined ? [] : [`PARTITION BY ${properties["partitioned by"]}`]),
    ...(properties["access method"] === undefined ? [] : [`USING ${properties["access method"]}`]),
    ...(stored.length === 0 ? [] : [`WITH (${stored.join(", ")})`]),
    ...(tablespace === undefined ? [] : [`TABLESPACE ${tablespace}`]),
  ]
    .map((word) => ` ${word}`)
    .join("");
}

/** What is said of a table once its columns and indexes are there. */
export function tableExtras(table: SchemaObject): string[] {
  const said = ["row security", "row security forced", "replica identity", "clustered on"];
  return said.flatMap((property) => {
    const expected = table.properties[property];
    return expected === undefined ? [] : mendTable(table, [{ property, expected, actual: undefined }]);
  });
}

/** What brings a table to what it is to be. */
export function mendTable(table: SchemaObject, changes: readonly PropertyChange[]): string[] {
  const alter = `ALTER TABLE ${table.name}`;
  const moved = changes.filter(({ property }) => property === "bound" || property === "partition of");
  return [
    ...(moved.length === 0 ? [] : attach(table, moved)),
    ...changes.flatMap((change) => mends[change.property]?.(alter, change, table) ?? []),
  ];
}

/** A partition has another bound, or another parent. */
function attach({ name, properties }: SchemaObject, changes: readonly PropertyChange[]): string[] {
  const parent = properties["partition of"];
  const change = changes.find(({ property }) => property === "partition of");
  const before = change === undefined ? parent : change.actual;
  return [
    ...(before === undefined ? [] : [`ALTER TABLE ${before} DETACH PARTITION ${name}`]),
    ...(parent === undefined
      ? []
      : [`ALTER TABLE ${parent} ATTACH PARTITION ${name} ${properties.bound ?? ""}`]),
  ];
}

type Mend = (alter: string, change: PropertyChange, table: SchemaObject) => string[];

const mends: Readonly<Record<string, Mend>> = {
  unlogged: (alter, { expected }) => [`${alter} SET ${expected === undefined ? "LOGGED" : "UNLOGGED"}`],
  "access method": (alter, { expected }) => [`${alter} SET ACCESS METHOD ${expected ?? "heap"}`],
  tablespace: (alter, { expected }) => [`${alter} SET TABLESPACE ${expected ?? "pg_default"}`],
  options: (alter, { expected, actual }) => alterOptions(alter, expected, actual),
  "toast options": (alter, { expected, actual }) => alterOptions(alter, expected, actual, "toast."),
  "row security": (alter, { expected }) => [
    `${alter} ${expected === undefined ? "DISABLE" : "ENABLE"} ROW LEVEL SECURITY`,
  ],
  "row security forced": (alter, { expected }) => [
    `${alter} ${expected === undefined ? "NO FORCE" : "FORCE"} ROW LEVEL SECURITY`,
  ],
  "replica identity": (alter, { expected = "default" }) => [
    `${alter} REPLICA IDENTITY ${expected.startsWith("index ") ? `USING INDEX ${expected.slice(6)}` : expected.toUpperCase()}`,
  ],
  "clustered on": (alter, { expected }) => [
    expected === undefined ? `${alter} SET WITHOUT CLUSTER` : `${alter} CLUSTER ON ${expected}`,
  ],
  inherits: (alter, { expected, actual }) => [
    ...listOf(actual).flatMap((name) =>
      listOf(expected).includes(name) ? [] : [`${alter} NO INHERIT ${name}`],
    ),
    ...listOf(expected).flatMap((name) =>
      listOf(actual).includes(name) ? [] : [`${alter} INHERIT ${name}`],
    ),
  ],
};

function listOf(names: string | undefined): string[] {
  return names === undefined ? [] : names.split(", ");
}
