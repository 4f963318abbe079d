import { compareHeads, renderVersions, type AlembicHead } from "../backup/alembic-head";
import { tableName } from "../backup/content";
import type { BackedUpTable, BackupManifest } from "../backup/manifest";

/** What was found of a restored database. */
export interface RestoredFacts {
  /** With exact counts. */
  readonly tables: readonly BackedUpTable[];
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
  const wanted = new Set(snapshot.tables.map(key));
  const lacks = (kind: string, names: readonly string[], has: readonly string[]): string[] =>
    names.filter((name) => !has.includes(name)).map((name) => `${kind} ${name} is missing`);
  return [
    ...snapshot.tables.flatMap((table) => compareTable(table, there.get(key(table)))),
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

function compareTable(table: BackedUpTable, found: BackedUpTable | undefined): string[] {
  if (found === undefined) return [`table ${tableName(table)} is missing`];
  if (found.rows === table.rows) return [];
  return [
    `table ${tableName(table)} has ${found.rows ?? "no"} rows, and the backup has ${table.rows ?? "none"}`,
  ];
}
