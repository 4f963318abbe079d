import { compareHeads, renderVersions, type AlembicHead } from "../backup/alembic-head";
import { tableName } from "../backup/content";
import type { BackedUpTable, BackupManifest } from "../backup/manifest";

/** A table of a restored database. */
export interface RestoredTable extends BackedUpTable {
  /**
   * Number of the topmost table above it that is partitioned by hash; null: there is none. Hashes of an enumeration differ
   * from one database to the next, so that its rows may be in another partition of the same table.
   */
  readonly hashed?: string | null;
}

/** What was found of a restored database. */
export interface RestoredFacts {
  /** With exact counts. */
  readonly tables: readonly RestoredTable[];
  readonly extensions: readonly string[];
  /** What the version tables of Alembic say. */
  readonly alembic: readonly AlembicHead[];
  /** Of the server. */
  readonly roles: readonly string[];
}

/** What a restored database lacks of what its backup's manifest tells, or has besides; empty: nothing. */
export function compareFacts({ snapshot }: BackupManifest, found: RestoredFacts): string[] {
  const key = ({ schema, name, kind }: BackedUpTable): string => JSON.stringify([schema, name, kind]);
  const there = new Map(found.tables.map((table) => [key(table), table]));
  const whole = wholeHashed(snapshot.tables, found.tables, key);
  const wanted = new Set(snapshot.tables.map(key));
  const lacks = (kind: string, names: readonly string[], has: readonly string[]): string[] =>
    names.filter((name) => !has.includes(name)).map((name) => `${kind} ${name} is missing`);
  return [
    ...snapshot.tables.flatMap((table) => compareTable(table, there.get(key(table)), whole)),
    ...found.tables
      .filter((table) => !wanted.has(key(table)))
      .map((table) => `table ${tableName(table)} is there, and is not in the backup`),
    ...lacks(
      "extension",
      snapshot.extensions.map(({ name }) => name),
      found.extensions,
    ),
    ...lacks(
      "role",
      snapshot.roles.map(({ name }) => name),
      found.roles,
    ),
    ...compareHeads(snapshot.alembic, found.alembic).map(
      ({ table, now, backup }) =>
        `${table} of Alembic is ${renderVersions(now)}, and in the backup ${renderVersions(backup)}`,
    ),
  ];
}

/** Numbers of the tables partitioned by hash whose partitions have as many rows together as in the backup. */
function wholeHashed(
  wanted: readonly BackedUpTable[],
  found: readonly RestoredTable[],
  key: (table: BackedUpTable) => string,
): ReadonlySet<string> {
  const expected = new Map(wanted.map((table) => [key(table), table.rows]));
  const missing = new Map<string, bigint>();
  for (const { hashed, rows, ...table } of found) {
    if (hashed === undefined || hashed === null || rows === null) continue;
    const before = BigInt(expected.get(key({ ...table, rows })) ?? 0);
    missing.set(hashed, (missing.get(hashed) ?? 0n) + before - BigInt(rows));
  }
  return new Set([...missing].filter(([, rows]) => rows === 0n).map(([hashed]) => hashed));
}

function compareTable(
  table: BackedUpTable,
  found: RestoredTable | undefined,
  whole: ReadonlySet<string>,
): string[] {
  if (found === undefined) return [`table ${tableName(table)} is missing`];
  if (found.rows === table.rows || (found.rows !== null && whole.has(found.hashed ?? ""))) return [];
  return [
    `table ${tableName(table)} has ${found.rows ?? "no"} rows, and the backup has ${table.rows ?? "none"}`,
  ];
}
