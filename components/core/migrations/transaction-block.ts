import type { Node } from "libpg-query";
import { contentOf, contentsOf, walkType, type NodeOf } from "./ast";
import { doBody } from "./plpgsql-body";
import { SqlSyntaxError, type SqlParser } from "./sql-parser";
import type { MigrationStatement } from "./statements";

/**
 * What of a statement cannot run inside of a transaction, in PostgreSQL's words; undefined: all of it can. The reference
 * pages of the commands say so ("cannot be executed inside a transaction block").
 */
export function outsideTransaction(
  { node, text }: Pick<MigrationStatement, "node" | "text">,
  parser: SqlParser,
): string | undefined {
  const fixed = (Object.keys(always) as (keyof typeof always)[]).find((type) => type in node);
  if (fixed !== undefined) return always[fixed];
  if (contentOf(node, "IndexStmt")?.concurrent === true) return "CREATE INDEX CONCURRENTLY";
  if (contentOf(node, "DropStmt")?.concurrent === true) return "DROP INDEX CONCURRENTLY";
  const block = contentOf(node, "DoStmt");
  if (block !== undefined)
    return endsTransaction(block, text, parser) ? "COMMIT or ROLLBACK in a DO block" : undefined;
  return ofReindex(node) ?? ofTable(node) ?? ofSubscription(node) ?? ofDatabase(node);
}

const always = {
  AlterSystemStmt: "ALTER SYSTEM",
  CreatedbStmt: "CREATE DATABASE",
  DropdbStmt: "DROP DATABASE",
  CreateTableSpaceStmt: "CREATE TABLESPACE",
  DropTableSpaceStmt: "DROP TABLESPACE",
} as const;

function ofReindex(node: Node): string | undefined {
  const { kind, params } = contentOf(node, "ReindexStmt") ?? {};
  if (hasOption(params, "concurrently")) return "REINDEX CONCURRENTLY";
  const wide = {
    REINDEX_OBJECT_SCHEMA: "SCHEMA",
    REINDEX_OBJECT_SYSTEM: "SYSTEM",
    REINDEX_OBJECT_DATABASE: "DATABASE",
  };
  return kind !== undefined && kind in wide ? `REINDEX ${wide[kind as keyof typeof wide]}` : undefined;
}

function ofTable(node: Node): string | undefined {
  if (contentOf(node, "VacuumStmt")?.is_vacuumcmd === true) return "VACUUM";
  const cluster = contentOf(node, "ClusterStmt");
  if (cluster !== undefined && cluster.relation === undefined) return "CLUSTER of all tables";
  const detaches = contentsOf(contentOf(node, "AlterTableStmt")?.cmds, "AlterTableCmd").some(
    ({ subtype, def }) =>
      subtype === "AT_DetachPartition" && contentOf(def, "PartitionCmd")?.concurrent === true,
  );
  return detaches ? "DETACH PARTITION CONCURRENTLY" : undefined;
}

function ofSubscription(node: Node): string | undefined {
  const created = contentOf(node, "CreateSubscriptionStmt");
  // Without a slot of its own it is a row of a catalogue.
  if (created !== undefined)
    return isOff(created.options, "create_slot", "connect") ? undefined : "CREATE SUBSCRIPTION";
  if ("DropSubscriptionStmt" in node) return "DROP SUBSCRIPTION";
  const { kind, options } = contentOf(node, "AlterSubscriptionStmt") ?? {};
  if (kind === "ALTER_SUBSCRIPTION_REFRESH") return "ALTER SUBSCRIPTION … REFRESH PUBLICATION";
  const changes = /_(?:SET|ADD|DROP)_PUBLICATION$/.test(kind ?? "");
  return changes && !isOff(options, "refresh")
    ? "ALTER SUBSCRIPTION … PUBLICATION with its refresh"
    : undefined;
}

function ofDatabase(node: Node): string | undefined {
  const moves = hasOption(contentOf(node, "AlterDatabaseStmt")?.options, "tablespace");
  return moves ? "ALTER DATABASE … SET TABLESPACE" : undefined;
}

function endsTransaction(block: NodeOf<"DoStmt">, text: string, parser: SqlParser): boolean {
  try {
    return doBody(block, text, parser)?.endsTransaction === true;
  } catch (error) {
    if (error instanceof SqlSyntaxError) return false; // the gate says that it cannot be read
    throw error;
  }
}

/** True where an option like `CONCURRENTLY` or `(FULL)` is there and not switched off. */
export function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  return contentsOf(options, "DefElem").some(({ defname }) => defname === name) && !isOff(options, name);
}

function isOff(options: readonly Node[] | undefined, ...names: readonly string[]): boolean {
  return contentsOf(options, "DefElem").some(({ defname = "", arg }) => {
    if (!names.includes(defname)) return false;
    // What is zero or false has no value in the parser's answer.
    const [flag, number] = [contentOf(arg, "Boolean"), contentOf(arg, "Integer")];
    if (flag !== undefined || number !== undefined) return !(flag?.boolval ?? number?.ival);
    return /^(?:false|off|no)$/i.test(contentOf(arg, "String")?.sval ?? "");
  });
}

/**
 * A value that ALTER TYPE … ADD VALUE makes and that a later statement writes: PostgreSQL has it unusable until the
 * transaction that made it has ended ("ALTER TYPE", Notes), unless the type is as new.
 */
export function usedNewValue(
  statements: readonly MigrationStatement[],
): { readonly statement: MigrationStatement; readonly value: string } | undefined {
  const created = new Set<string>();
  for (const [index, statement] of statements.entries()) {
    const made = contentOf(statement.node, "CreateEnumStmt");
    if (made !== undefined) created.add(JSON.stringify(made.typeName));
    const { newVal: value, oldVal, typeName } = contentOf(statement.node, "AlterEnumStmt") ?? {};
    if (value === undefined || oldVal !== undefined || created.has(JSON.stringify(typeName))) continue;
    const user = statements.slice(index + 1).find(({ node }) => writes(node, value));
    if (user !== undefined) return { statement: user, value };
  }
  return undefined;
}

function writes(node: Node, value: string): boolean {
  // The neighbour of a further value is no use of it.
  return [...walkType(node, "A_Const")].some(({ sval }) => sval?.sval === value);
}
