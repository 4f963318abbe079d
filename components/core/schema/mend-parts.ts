import type { PropertyChange } from "./difference";
import { numbersOf } from "./mend-column";
import { alterOptions, alterRelation, optionList, ownName, relationOf } from "./mend-words";
import type { SchemaObject } from "./snapshot";

/** The statements that make something which is one statement to make, and what is said of it right after. */
export const makes: Partial<Record<SchemaObject["kind"], (object: SchemaObject) => string[]>> = {
  sequence: ({ name, properties, ...rest }) => [
    `CREATE ${properties.unlogged === undefined ? "" : "UNLOGGED "}SEQUENCE ${name} AS ${properties.type ?? "bigint"} ${numbersOf({ name, properties, ...rest })}`,
  ],
  constraint: (object) => [
    `${alterRelation(object)} ADD CONSTRAINT ${ownName(object)} ${object.properties.definition ?? ""}`,
  ],
  index: (object) => [...indexSql(object), ...indexExtras(object)],
  view: (object) => [viewSql(object, "CREATE VIEW")],
  "materialized view": (object) => [viewSql(object, "CREATE MATERIALIZED VIEW")],
  function: ({ details }) => [trimmed(details.create)],
  procedure: ({ details }) => [trimmed(details.create)],
  trigger: (object) => [trimmed(object.properties.definition), ...fires(object)],
  rule: (object) => [trimmed(object.properties.definition), ...fires(object)],
  statistics: (object) => [trimmed(object.properties.definition), ...targeted(object)],
  policy: (object) => [policySql(object)],
};

/** On a partitioned table the server names the table alone: made like that the partitions would have none. */
function indexSql({ properties }: SchemaObject): string[] {
  const { definition } = properties;
  return definition === undefined ? [] : [definition.replace(" ON ONLY ", " ON ")];
}

/** What of an index is no part of its definition. */
function indexExtras({ name, properties }: SchemaObject): string[] {
  const { options, tablespace, "statistics targets": targets } = properties;
  return [
    ...(options === undefined ? [] : [`ALTER INDEX ${name} SET (${optionList(options)})`]),
    ...(tablespace === undefined ? [] : [`ALTER INDEX ${name} SET TABLESPACE ${tablespace}`]),
    ...statisticsTargets(name, targets, undefined),
  ];
}

/** What brings an index to what it is to be without making it anew. */
export function mendIndex({ name }: SchemaObject, changes: readonly PropertyChange[]): string[] {
  return changes.flatMap(({ property, expected, actual }) => {
    if (property === "valid") return expected === undefined ? [`REINDEX INDEX ${name}`] : [];
    if (property === "options") return alterOptions(`ALTER INDEX ${name}`, expected, actual);
    if (property === "tablespace") return [`ALTER INDEX ${name} SET TABLESPACE ${expected ?? "pg_default"}`];
    return property === "statistics targets" ? statisticsTargets(name, expected, actual) : [];
  });
}

/** Targets by number of the column: `1: 500`. */
function statisticsTargets(name: string, expected = "", actual = ""): string[] {
  const parse = (text: string): Map<string, string> =>
    new Map(text === "" ? [] : text.split(", ").map((one) => one.split(": ") as [string, string]));
  const [wanted, found] = [parse(expected), parse(actual)];
  const all = new Map([...[...found.keys()].map((column) => [column, "-1"] as const), ...wanted]);
  return [...all].map(
    ([column, target]) => `ALTER INDEX ${name} ALTER COLUMN ${column} SET STATISTICS ${target}`,
  );
}

/** A view with its options, which CREATE OR REPLACE would take away. */
export function viewSql({ name, properties }: SchemaObject, verb: string): string {
  const { options, definition, tablespace, "access method": method } = properties;
  return [
    `${verb} ${name}`,
    ...(method === undefined ? [] : [`USING ${method}`]),
    ...(options === undefined ? [] : [`WITH (${optionList(options)})`]),
    ...(tablespace === undefined ? [] : [`TABLESPACE ${tablespace}`]),
    `AS\n${trimmed(definition)}`,
  ].join(" ");
}

function policySql(policy: SchemaObject): string {
  const {
    "kind of policy": kind = "",
    command = "",
    roles = "",
    using,
    "with check": check,
  } = policy.properties;
  const clauses = [
    ...(using === undefined ? [] : [`USING (${using})`]),
    ...(check === undefined ? [] : [`WITH CHECK (${check})`]),
  ];
  return [
    `CREATE POLICY ${ownName(policy)} ON ${relationOf(policy)} AS ${kind.toUpperCase()} FOR ${command} TO ${roles}`,
    ...clauses,
  ].join(" ");
}

const states: Readonly<Record<string, string>> = {
  no: "DISABLE",
  "on replicas": "ENABLE REPLICA",
  always: "ENABLE ALWAYS",
};

/** When a trigger or rule fires, where that is not as it is made. */
function fires(object: SchemaObject): string[] {
  return object.properties.fires === undefined ? [] : [mendFires(object)];
}

export function mendFires(object: SchemaObject): string {
  const state = states[object.properties.fires ?? ""] ?? "ENABLE";
  return `${alterRelation(object)} ${state} ${object.kind.toUpperCase()} ${ownName(object)}`;
}

function targeted({ name, properties }: SchemaObject): string[] {
  const target = properties["statistics target"];
  return target === undefined ? [] : [`ALTER STATISTICS ${name} SET STATISTICS ${target}`];
}

function trimmed(sql = ""): string {
  return sql.trim().replace(/;$/, "");
}
