import { renderDuration } from "../duration";
import type { Finding } from "../finding";
import { nameSql } from "../repeatables/objects";
import { renderSize } from "../size";
import { planBuilds } from "./index-build";
import { findDuplicates, findPrefixes, isNeeded, type Redundant } from "./index-duplicates";
import type { IndexCatalog, IndexedTable, IndexFacts, IndexStatistics } from "./index-facts";
import { covers, findMissing, type MissingIndex } from "./index-foreign-keys";
import type { Thresholds } from "../monitoring/thresholds";
import { plainName } from "./relation";
import { visible } from "../visible";

/** What `indexes` tells of one database. */
export interface DatabaseIndexes {
  readonly database: string;
  readonly statistics: IndexStatistics;
  /** True: scans are not counted for long enough to call an index unused, and none is. */
  readonly tooYoung: boolean;
  readonly unused: readonly JudgedIndex[];
  /** The same as another one. */
  readonly duplicate: readonly JudgedIndex[];
  /** The beginning of another one: a choice, and no finding. */
  readonly prefix: readonly JudgedIndex[];
  readonly invalid: readonly JudgedIndex[];
  /** Foreign keys without an index on the referencing side. */
  readonly missing: readonly MissingForeignKeyIndex[];
  /** Tables that the planner knows nothing of. */
  readonly neverAnalyzed: readonly UnanalyzedTable[];
}

export interface JudgedIndex {
  /** With its schema, as the other names. */
  readonly index: string;
  readonly table: string;
  readonly sizeBytes: number;
  readonly scans: number;
  /** Writes to the table since its statistics began: each of them is one into the index as well. */
  readonly writes: number;
  readonly why: string;
  /** What would mend it, one after the other. */
  readonly statements: readonly string[];
}

export interface MissingForeignKeyIndex {
  readonly foreignKey: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly references: string;
  /** What a delete of a referenced row reads. */
  readonly sizeBytes: number;
  readonly statements: readonly string[];
}

export interface UnanalyzedTable {
  readonly table: string;
  readonly sizeBytes: number;
  readonly statements: readonly string[];
}

/** Smaller tables are read in a moment, whatever the planner thinks of them. */
const leastUnanalyzedBytes = 1024 * 1024;

/** What is to be said of the indexes of a database; unused ones are those of at least so many bytes. */
export function judgeIndexes(
  catalog: IndexCatalog,
  { unusedIndexBytes, unusedIndexAge }: Pick<Thresholds, "unusedIndexBytes" | "unusedIndexAge">,
): DatabaseIndexes {
  const tables = new Map(catalog.tables.map((table) => [table.oid, table]));
  const judge = judgeWith(tables);
  const duplicates = findDuplicates(catalog.indexes);
  const build = planBuilds(catalog);
  const tooYoung = catalog.statistics.ageSeconds < unusedIndexAge;
  const unused = tooYoung ? [] : findUnused(catalog, duplicates, unusedIndexBytes);
  return {
    database: catalog.database,
    statistics: catalog.statistics,
    tooYoung,
    unused: unused.map((index) => judge(index, "was not scanned", dropIndex(index))),
    duplicate: duplicates.map(({ index, by }) =>
      judge(index, `is the same as ${plainName(by)}`, dropDuplicate(index, tables.get(index.table))),
    ),
    prefix: findPrefixes(catalog.indexes, duplicates).map(({ index, by }) =>
      judge(index, `is the beginning of ${plainName(by)}`, dropIndex(index)),
    ),
    invalid: catalog.indexes
      .filter(({ valid, buildingPid }) => !valid && buildingPid === null)
      .map((index) => judge(index, invalidReason(index), mendInvalid(index, tables.get(index.table), build))),
    missing: findMissing(catalog, build).map(describeMissing),
    neverAnalyzed: catalog.tables
      .filter(
        ({ kind, analyzed, sizeBytes }) =>
          (kind === "r" || kind === "m") && !analyzed && sizeBytes >= leastUnanalyzedBytes,
      )
      .map((table) => ({
        table: plainName(table),
        sizeBytes: table.sizeBytes,
        statements: [`ANALYZE ${nameSql(table)}`],
      })),
  };
}

/** What is wrong, and what it costs. */
export function indexFindings(databases: readonly DatabaseIndexes[]): Finding[] {
  return databases.flatMap((one) => [
    ...one.invalid.map((index) => indexFinding(one, index, "takes writes and serves no query")),
    ...one.duplicate.map((index) => indexFinding(one, index, costOf(index))),
    ...one.unused.map((index) =>
      indexFinding(one, index, `in ${renderDuration(one.statistics.ageSeconds)}; ${costOf(index)}`),
    ),
    ...one.missing.map((key) => ({
      subject: `${one.database}: foreign key ${key.foreignKey} of ${key.table}`,
      message: `no index begins with ${key.columns.join(", ")}: each delete or change of a key of ${key.references} reads ${renderSize(key.sizeBytes)}`,
      hint: key.statements.join("; "),
    })),
  ]);
}

function indexFinding({ database }: DatabaseIndexes, index: JudgedIndex, cost: string): Finding {
  return {
    subject: `${database}: index ${index.index}`,
    message: `${index.why}; ${cost}`.replace("was not scanned; in", "was not scanned in"),
    hint: index.statements.join("; "),
  };
}

function costOf({ sizeBytes, writes }: JudgedIndex): string {
  return `${renderSize(sizeBytes)}, and ${writes} writes to its table were writes to it`;
}

function judgeWith(tables: ReadonlyMap<number, IndexedTable>) {
  return (index: IndexFacts, why: string, statements: readonly string[]): JudgedIndex => {
    const table = tables.get(index.table);
    return {
      index: plainName(index),
      table: table === undefined ? "" : plainName(table),
      sizeBytes: index.sizeBytes,
      scans: index.scans,
      writes: table?.writes ?? 0,
      why,
      statements,
    };
  };
}

/**
 * Never scanned, and nothing but speed depends on them. The only index that helps a foreign key stays as well: a delete
 * that has not happened yet would look for it.
 */
function findUnused(
  { indexes, foreignKeys }: IndexCatalog,
  duplicates: readonly Redundant[],
  leastBytes: number,
): IndexFacts[] {
  const dropped = new Set(duplicates.map(({ index }) => index.oid));
  return indexes.filter((index) => {
    const { valid, parent, buildingPid, unique, scans, sizeBytes, oid } = index;
    const isCounted = valid && parent === null && buildingPid === null && !dropped.has(oid);
    if (!isCounted || unique || isNeeded(index) || scans > 0 || sizeBytes < leastBytes) return false;
    return !foreignKeys.some((key) => key.table === index.table && covers(index, key));
  });
}

/** Of a partitioned table it goes with all its parts, under a lock of all partitions: CONCURRENTLY cannot do that. */
function dropIndex(index: IndexFacts): string[] {
  return [index.partitioned ? `DROP INDEX ${nameSql(index)}` : `DROP INDEX CONCURRENTLY ${nameSql(index)}`];
}

function dropDuplicate(index: IndexFacts, table: IndexedTable | undefined): string[] {
  if (index.constraint === null || table === undefined) return dropIndex(index);
  return [`ALTER TABLE ${nameSql(table)} DROP CONSTRAINT ${nameSql({ name: index.constraint })}`];
}

/** What REINDEX CONCURRENTLY leaves when it is ended: the copy that it made, or the one that it had replaced. */
const leftOver = /_cc(?:new|old)\d*$/;

export function isLeftOver({
  name,
  valid,
  buildingPid,
}: Pick<IndexFacts, "name" | "valid" | "buildingPid">): boolean {
  return leftOver.test(name) && !valid && buildingPid === null;
}

function invalidReason(index: IndexFacts): string {
  if (isLeftOver(index)) return "is left over from a REINDEX CONCURRENTLY that did not end";
  if (index.partitioned) return "is not valid: partitions are without a part of it";
  const again = index.unique ? ", and fails again until its rows are unique" : "";
  return `is not valid: its CREATE INDEX CONCURRENTLY did not end${again}`;
}

function mendInvalid(
  index: IndexFacts,
  table: IndexedTable | undefined,
  build: ReturnType<typeof planBuilds>,
): string[] {
  if (isLeftOver(index)) return dropIndex(index);
  if (!index.partitioned || table === undefined) return [`REINDEX INDEX CONCURRENTLY ${nameSql(index)}`];
  const { unique, columns, body } = index;
  const of = columns.map((column) => column ?? "expr");
  const same = (other: IndexFacts): boolean => other.unique === unique && other.body === body;
  return build(table, { unique, of, body, same }, index);
}

function describeMissing({ key, table, sizeBytes, statements }: MissingIndex): MissingForeignKeyIndex {
  return {
    foreignKey: key.name,
    table: plainName(table),
    columns: key.columns.map(({ name }) => name),
    references: plainName(key.referenced),
    sizeBytes,
    statements,
  };
}

/** The statements as a script for psql, or for migrations: each stands by itself, as CONCURRENTLY needs it. */
export function indexScript(databases: readonly DatabaseIndexes[]): string {
  const comment = (text: string): string => `-- ${visible(text)}`;
  const parts = databases.flatMap((one) => {
    const items = [
      ...[...one.invalid, ...one.duplicate, ...one.unused].map(({ index, why, statements }) => ({
        title: `index ${index} ${why}`,
        statements,
      })),
      ...one.missing.map(({ foreignKey, table, statements }) => ({
        title: `foreign key ${foreignKey} of ${table} has no index`,
        statements,
      })),
      ...one.neverAnalyzed.map(({ table, statements }) => ({
        title: `table ${table} was never analyzed`,
        statements,
      })),
    ];
    if (items.length === 0) return [];
    return [
      comment(`database ${one.database}: CONCURRENTLY runs outside of a transaction only`),
      ...items.flatMap(({ title, statements }) => [
        "",
        comment(title),
        ...statements.map((sql) => (sql.startsWith("--") ? sql : `${sql};`)),
      ]),
      "",
    ];
  });
  return parts.join("\n");
}
