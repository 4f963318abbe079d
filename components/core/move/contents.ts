import type { Node } from "libpg-query";
import type { SqlParser } from "../migrations/sql-parser";
import { leftOut, settingOf } from "./held-back";

/** A column of a table of a backup. */
export interface WrittenColumn {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** Without its schema: `varchar`. */
  readonly type: string;
}

/** What the schema of a backup tells before anything is restored. */
export interface BackupContents {
  readonly columns: readonly WrittenColumn[];
  /** `app.visits_2026` and what it is a partition of. */
  readonly partitions: readonly { readonly child: string; readonly parent: string }[];
  /** What a copy has no part of. */
  readonly leftOut: readonly string[];
  /** Names of settings of its database. */
  readonly settings: readonly string[];
}

/** @param statements of a dump's schema, without comments before them */
export function readContents(statements: readonly string[], parser: SqlParser): BackupContents {
  const nodes = statements
    .filter((text) => isOfTables.test(text))
    .flatMap((text) => parser.parse(text).map(({ node }) => node));
  return {
    columns: nodes.flatMap(columnsOf),
    partitions: nodes.flatMap(partitionsOf),
    leftOut: statements.flatMap((text) => leftOut(text) ?? []),
    settings: statements.flatMap((text) => settingOf(text) ?? []),
  };
}

const isOfTables = /^CREATE (?:UNLOGGED )?TABLE |^ALTER TABLE (?:ONLY )?[^;]* ATTACH PARTITION /;

function columnsOf(node: Node): WrittenColumn[] {
  if (!("CreateStmt" in node)) return [];
  const { relation, tableElts = [] } = node.CreateStmt;
  return tableElts.flatMap((element) => {
    if (!("ColumnDef" in element)) return [];
    const { colname: column = "", typeName } = element.ColumnDef;
    const last = typeName?.names?.at(-1);
    const type = last !== undefined && "String" in last ? (last.String.sval ?? "") : "";
    return [{ schema: relation?.schemaname ?? "", table: relation?.relname ?? "", column, type }];
  });
}

function partitionsOf(node: Node): BackupContents["partitions"][number][] {
  if (!("AlterTableStmt" in node)) return [];
  const { relation, cmds = [] } = node.AlterTableStmt;
  return cmds.flatMap((command) => {
    const definition = "AlterTableCmd" in command ? command.AlterTableCmd.def : undefined;
    if (definition === undefined || !("PartitionCmd" in definition)) return [];
    return [{ child: nameOf(definition.PartitionCmd.name), parent: nameOf(relation) }];
  });
}

function nameOf(relation: { readonly schemaname?: string; readonly relname?: string } | undefined): string {
  return `${relation?.schemaname ?? ""}.${relation?.relname ?? ""}`;
}
