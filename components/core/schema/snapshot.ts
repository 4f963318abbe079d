/** Every kind of schema object, in the order in which a report tells them. */
export const schemaKinds = [
  "database",
  "schema",
  "extension",
  "language",
  "type",
  "attribute",
  "domain",
  "sequence",
  "table",
  "foreign table",
  "column",
  "constraint",
  "index",
  "view",
  "materialized view",
  "function",
  "procedure",
  "aggregate",
  "trigger",
  "rule",
  "policy",
  "statistics",
  "operator",
  "operator class",
  "operator family",
  "cast",
  "collation",
  "conversion",
  "transform",
  "access method",
  "text search configuration",
  "text search dictionary",
  "text search parser",
  "text search template",
  "foreign data wrapper",
  "foreign server",
  "user mapping",
  "publication",
  "subscription",
  "event trigger",
  "default privileges",
  "role settings",
] as const;

export type SchemaKind = (typeof schemaKinds)[number];

/** One thing of a schema: a table, one of its columns, a function. */
export interface SchemaObject {
  readonly kind: SchemaKind;
  /** As people say it and SQL takes it: `app.orders`, `app.orders.total`, `app.add(integer, integer)`; quoted where needed. */
  readonly name: string;
  /** Key of what it is a part of and goes with: the table of a column. */
  readonly of?: string;
  /** Key of what it follows: of an index of a partition, the index of the partitioned table. */
  readonly from?: string;
  /** What it is, by name, as text; what is at its default is not there. */
  readonly properties: Readonly<Record<string, string>>;
  /** Roles that have other privileges than a new object gives them: `SELECT, UPDATE`, or `none`. */
  readonly privileges?: Readonly<Record<string, string>>;
  /** What is not compared, and serves to make it again. */
  readonly details: Readonly<Record<string, string>>;
}

/** Everything that a database has and its rows do not. */
export interface SchemaSnapshot {
  /** `server_version_num` of the server that it was read from. */
  readonly version: number;
  readonly objects: readonly SchemaObject[];
}

/** What an object is called among all of them: `table app.orders`. */
export function keyOf({ kind, name }: Pick<SchemaObject, "kind" | "name">): string {
  return `${kind} ${name}`;
}
