import { renderDuration } from "../duration";
import type { Finding } from "../finding";
import type { Thresholds } from "../monitoring/thresholds";
import { nameSql } from "../repeatables/objects";
import { renderSize } from "../size";
import { explainAutovacuum } from "./autovacuum";
import { estimateIndex, estimateTable } from "./bloat-estimate";
import type { BloatCatalog, BloatIndex, BloatTable, ExactMeasure, XminHolder } from "./bloat-facts";
import { percent, plainName } from "./relation";

/** What `bloat` tells of one database. */
export interface DatabaseBloat {
  readonly database: string;
  /** The most bloated ones first. */
  readonly tables: readonly TableBloat[];
  readonly indexes: readonly IndexBloat[];
  /** The oldest first. */
  readonly holders: readonly XminHolder[];
}

export interface Bloat {
  readonly sizeBytes: number;
  /** What is empty; null: it cannot be told without statistics. */
  readonly bloatBytes: number | null;
  readonly bloatPercent: number | null;
  /** Whether that was measured by reading it, or estimated from the statistics. */
  readonly exact: boolean;
}

export interface TableBloat extends Bloat {
  readonly table: string;
  readonly liveRows: number;
  readonly deadRows: number;
  readonly lastVacuum: string | null;
  readonly lastAutovacuum: string | null;
  readonly lastAnalyze: string | null;
  readonly lastAutoanalyze: string | null;
  /** Why dead rows are still there; null: autovacuum has no reason to come. */
  readonly autovacuum: string | null;
  readonly statements: readonly string[];
}

export interface IndexBloat extends Bloat {
  readonly index: string;
  readonly table: string;
  readonly statements: readonly string[];
}

/** Fewer dead rows are no matter, whatever their share: that of the alert. */
const leastDeadRows = 100_000;

/** @param exact what was measured, of those that were */
export function judgeBloat(catalog: BloatCatalog, exact: readonly ExactMeasure[] = []): DatabaseBloat {
  const measured = new Map(exact.map(({ oid, freeBytes }) => [oid, freeBytes]));
  const holders = catalog.holders.toSorted((a, b) => b.ageTransactions - a.ageTransactions);
  return {
    database: catalog.database,
    tables: catalog.tables.map((table) => describeTable(table, catalog, holders, measured)).toSorted(byBloat),
    indexes: catalog.indexes.map((index) => describeIndex(index, catalog, measured)).toSorted(byBloat),
    holders,
  };
}

function describeTable(
  table: BloatTable,
  catalog: BloatCatalog,
  holders: readonly XminHolder[],
  measured: ReadonlyMap<number, number>,
): TableBloat {
  const { blockBytes } = catalog;
  // Rows that came since the last count are in the table's counters first.
  const rows = table.rows < 0 ? -1 : Math.max(table.rows, table.liveRows);
  const ideal = estimateTable({ ...table, blockBytes, rows });
  const { lastVacuum, lastAutovacuum, lastAnalyze, lastAutoanalyze, liveRows, deadRows } = table;
  return {
    table: plainName(table),
    ...bloatOf(table, ideal, measured),
    ...{ liveRows, deadRows, lastVacuum, lastAutovacuum, lastAnalyze, lastAutoanalyze },
    autovacuum: explainAutovacuum(table, catalog.autovacuum, holders[0]) ?? null,
    statements: [`VACUUM (FULL, ANALYZE) ${nameSql(table)}`],
  };
}

function describeIndex(
  index: BloatIndex,
  { blockBytes }: BloatCatalog,
  measured: ReadonlyMap<number, number>,
): IndexBloat {
  const how = index.concurrently ? "CONCURRENTLY " : "";
  return {
    index: plainName(index),
    table: index.table,
    ...bloatOf(index, estimateIndex({ ...index, blockBytes }), measured),
    statements: [`REINDEX INDEX ${how}${nameSql(index)}`],
  };
}

function bloatOf(
  { oid, sizeBytes }: { readonly oid: number; readonly sizeBytes: number },
  ideal: number | undefined,
  measured: ReadonlyMap<number, number>,
): Bloat {
  const free = measured.get(oid);
  const bytes = free ?? (ideal === undefined ? undefined : Math.max(0, sizeBytes - ideal));
  return {
    sizeBytes,
    bloatBytes: bytes ?? null,
    bloatPercent: bytes === undefined ? null : percent(bytes, sizeBytes),
    exact: free !== undefined,
  };
}

function byBloat(a: Bloat, b: Bloat): number {
  return (b.bloatBytes ?? -1) - (a.bloatBytes ?? -1) || b.sizeBytes - a.sizeBytes;
}

type Limits = Pick<Thresholds, "bloatShare" | "bloatBytes" | "deadRows" | "transaction">;

/** What is bloated, what is not vacuumed, and who keeps it from being. */
export function bloatFindings(databases: readonly DatabaseBloat[], limits: Limits): Finding[] {
  return databases.flatMap(({ database, tables, indexes, holders }) => [
    ...tables.flatMap((table) => tableFindings(database, table, limits)),
    ...indexes.filter((index) => isBloated(index, limits)).map((index) => indexFinding(database, index)),
    ...holderFindings(database, tables, holders, limits),
  ]);
}

function isBloated({ bloatBytes, bloatPercent }: Bloat, limits: Limits): boolean {
  if (bloatBytes === null || bloatPercent === null) return false;
  return bloatBytes >= limits.bloatBytes && bloatPercent >= limits.bloatShare;
}

function tableFindings(database: string, table: TableBloat, limits: Limits): Finding[] {
  const subject = `${database}: table ${table.table}`;
  const share = percent(table.deadRows, table.deadRows + table.liveRows);
  const isDead = table.deadRows > leastDeadRows && share >= limits.deadRows;
  return [
    ...(isDead
      ? [
          {
            subject,
            message: `${table.deadRows} of ${table.deadRows + table.liveRows} rows are dead, ${share}%${table.autovacuum === null ? "" : `: ${table.autovacuum}`}`,
            hint: `\`npm run ops -- vacuum ${table.table}\`, which reads and writes go on beside`,
          },
        ]
      : []),
    ...(isBloated(table, limits)
      ? [
          {
            subject,
            message: `${describeBloat(table)} of ${renderSize(table.sizeBytes)} is empty or dead`,
            hint: `new rows fill it by and by; to have it back now: ${table.statements.join("; ")}, which keeps even reads out (ACCESS EXCLUSIVE) and needs room for a copy`,
          },
        ]
      : []),
  ];
}

function indexFinding(database: string, index: IndexBloat): Finding {
  return {
    subject: `${database}: index ${index.index}`,
    message: `${describeBloat(index)} of ${renderSize(index.sizeBytes)} is empty`,
    hint: index.statements.join("; "),
  };
}

function describeBloat({ bloatBytes, bloatPercent, exact }: Bloat): string {
  return `${exact ? "" : "about "}${renderSize(bloatBytes ?? 0)} (${bloatPercent ?? 0}%)`;
}

/** An old one alone is another command's matter: here it counts where rows wait for it. */
function holderFindings(
  database: string,
  tables: readonly TableBloat[],
  holders: readonly XminHolder[],
  limits: Limits,
): Finding[] {
  const dead = tables.reduce((sum, { deadRows }) => sum + deadRows, 0);
  const [oldest] = holders;
  if (oldest === undefined || dead <= leastDeadRows) return [];
  // A slot has no age in seconds: it counts from the first transaction after it on, as rows wait already.
  if ((oldest.ageSeconds ?? Infinity) < limits.transaction) return [];
  return [
    {
      subject: `${database}: ${describeHolder(oldest)}`,
      message: `keeps ${dead} dead rows from being removed`,
      hint: holderHints[oldest.kind](oldest.name),
    },
  ];
}

const holderHints: Readonly<Record<XminHolder["kind"], (name: string) => string>> = {
  transaction: (name) => `have it end, or SELECT pg_terminate_backend(${name})`,
  "prepared transaction": (name) => `COMMIT PREPARED or ROLLBACK PREPARED '${name.replaceAll("'", "''")}'`,
  "replication slot": (name) =>
    `have its reader go on, or SELECT pg_drop_replication_slot('${name.replaceAll("'", "''")}')`,
  standby: () => "a query on the standby is that old (hot_standby_feedback): have it end there",
};

/** `transaction 123 (app of shop_app, for 2 h)` */
export function describeHolder({ kind, name, who, ageSeconds, ageTransactions }: XminHolder): string {
  const age =
    ageSeconds === null ? `${ageTransactions} transactions old` : `for ${renderDuration(ageSeconds)}`;
  return `${kind} ${name} (${[who, age].filter((part) => part !== "").join(", ")})`;
}
