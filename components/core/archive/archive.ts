import { quoteIdentifier, quoteLiteral } from "../identifier";
import type { ObjectName } from "../repeatables/objects";
import { nameSql } from "../repeatables/objects";

/** Rows of one relation that are archived together, into one file. */
export interface ArchiveUnit {
  /** A table, or a partition. */
  readonly relation: Required<ObjectName>;
  /** The table that the partition is one of: all of it is archived. */
  readonly partitionOf?: Required<ObjectName>;
  /** Of a table: the column that says how old a row is. */
  readonly column?: string;
  /** ISO 8601, in UTC: rows before it are archived. */
  readonly before: string;
  /** In their order. */
  readonly columns: readonly ArchivedColumn[];
}

export interface ArchivedColumn {
  readonly name: string;
  /** As `format_type` has it. */
  readonly type: string;
}

/** What a file has to hold, and what a table has: how many rows, and a sum over the text of each. */
export interface RowsFingerprint {
  readonly rows: string;
  readonly hash: string;
}

/** What lies beside a file of rows, and is written once that is verified. */
export interface ArchiveManifest extends RowsFingerprint {
  readonly format: 1;
  readonly database: string;
  readonly relation: Required<ObjectName>;
  readonly partitionOf: Required<ObjectName> | null;
  readonly column: string | null;
  readonly before: string;
  readonly columns: readonly ArchivedColumn[];
  readonly file: string;
  readonly bytes: number;
  /** Of the compressed file, in hexadecimal. */
  readonly sha256: string;
  readonly archivedAt: string;
  readonly server: string;
  /** How the rows come back. */
  readonly restore: string;
}

/** Settings that the text of a value depends on: the same rows have the same sum in every session. */
export const sameText = `SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1;
 SET LOCAL bytea_output = 'hex'; SET LOCAL timezone = 'UTC'; SET LOCAL lc_monetary = 'C'; SET LOCAL xmloption = 'content';
 SET LOCAL search_path = pg_catalog; SET LOCAL row_security = off`;

/** The name of the file, without its ending: one for each relation and moment. */
export function archiveName(database: string, { relation, partitionOf, before }: ArchiveUnit): string {
  // What a file system takes everywhere; two names that differ elsewhere only are told apart by the manifest.
  const plain = (text: string): string => text.replace(/[^\p{L}\p{N}_-]/gu, "_");
  const names = [database, relation.schema, relation.name].map(plain).join(".");
  return partitionOf === undefined ? `${names}-before-${before.replace(/[-:]|\.\d+/g, "")}` : names;
}

const listOf = ({ columns }: ArchiveUnit): string =>
  columns.map(({ name }) => quoteIdentifier(name)).join(", ");

function condition({ column, before }: ArchiveUnit): string {
  return column === undefined
    ? ""
    : ` WHERE ${quoteIdentifier(column)} < ${quoteLiteral(before)}::pg_catalog.timestamptz`;
}

/** COPY of the rows out of the server. */
export function copyOut(unit: ArchiveUnit): string {
  return `COPY (SELECT ${listOf(unit)} FROM ${nameSql(unit.relation)}${condition(unit)}) TO STDOUT (FORMAT text, ENCODING 'UTF8')`;
}

const copyTable = `"pg_temp"."pgstead_archived"`;

/** A table of this session alone that takes the rows of a file. */
export function makeCopyTable({ relation }: ArchiveUnit): string {
  return `CREATE TEMPORARY TABLE "pgstead_archived" (LIKE ${nameSql(relation)}) ON COMMIT DROP`;
}

/** COPY of a file's rows into that table. */
export function copyIn(unit: ArchiveUnit): string {
  return `COPY ${copyTable} (${listOf(unit)}) FROM STDIN (FORMAT text, ENCODING 'UTF8')`;
}

/**
 * Two sums over the hashes of the rows' texts, and their number: they do not depend on the order, and one row that
 * differs in one letter changes them.
 */
function fingerprintOf(unit: ArchiveUnit, rows: string): string {
  const text = `ROW(${listOf(unit)})::text`;
  const sum = (seed: number): string =>
    `coalesce(pg_catalog.sum(pg_catalog.hashtextextended(${text}, ${seed})), 0)::text`;
  return `SELECT pg_catalog.count(*)::text AS rows, ${sum(0)} || ' ' || ${sum(1)} AS hash FROM ${rows}`;
}

export function fingerprintInTable(unit: ArchiveUnit): string {
  return fingerprintOf(unit, `${nameSql(unit.relation)}${condition(unit)}`);
}

export function fingerprintInCopy(unit: ArchiveUnit): string {
  return fingerprintOf(unit, copyTable);
}

/** Deletes the rows, and says what it deleted. */
export function deleteRows(unit: ArchiveUnit): string {
  const gone = `DELETE FROM ${nameSql(unit.relation)}${condition(unit)} RETURNING ${listOf(unit)}`;
  return `WITH gone AS (${gone}) ${fingerprintOf(unit, "gone")}`;
}

/** How somebody gets the rows back. */
export function restoreHint(unit: ArchiveUnit, file: string): string {
  const into = nameSql(unit.partitionOf ?? unit.relation);
  return `gunzip -c ${file} | psql -c ${quoteShell(`COPY ${into} (${listOf(unit)}) FROM STDIN`)}`;
}

function quoteShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function isSame(one: RowsFingerprint, other: RowsFingerprint): boolean {
  return one.rows === other.rows && one.hash === other.hash;
}
