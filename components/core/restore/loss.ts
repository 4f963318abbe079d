import { tableName } from "../backup/content";
import { compareHeads, type AlembicHead, type HeadChange } from "../backup/alembic-head";
import type { BackedUpTable, SnapshotFacts } from "../backup/manifest";

/** How many rows a table has now. */
export interface PresentTable extends Pick<BackedUpTable, "schema" | "name"> {
  readonly rows: string;
  /** False: of the server's statistics, as counting takes too long. */
  readonly isExact: boolean;
}

/** A migration that the database has. */
export interface PresentMigration {
  readonly version: string;
  readonly name: string;
}

/** What a database has now. */
export interface PresentState {
  /** All that hold rows. */
  readonly tables: readonly PresentTable[];
  /** In their order. */
  readonly migrations: readonly PresentMigration[];
  /** Of each version table of Alembic. */
  readonly alembic: readonly AlembicHead[];
  /** In bytes. */
  readonly size: number;
  /** Who is connected to it. */
  readonly sessions: number;
}

/** A table that is another one after the restore. */
export interface TableLoss {
  readonly table: string;
  /** Null: it goes. */
  readonly now: string | null;
  readonly isExact: boolean;
  /** Null: the backup does not have it. */
  readonly backup: string | null;
}

/** What going back to a backup takes away, as far as counts tell: rows that were changed are not seen. */
export interface Loss {
  /** Those whose count differs, or is only estimated. */
  readonly tables: readonly TableLoss[];
  /** Tables whose exact count is the backup's. */
  readonly same: number;
  readonly migrations: readonly PresentMigration[];
  /** Version tables of Alembic that are elsewhere now. */
  readonly alembic: readonly HeadChange[];
  /** Seconds since the backup's snapshot. */
  readonly age: number;
}

/** Compares what is there with what a backup has. */
export function decideLoss(snapshot: SnapshotFacts, present: PresentState, now: number): Loss {
  const wanted = new Map(
    snapshot.tables.filter(({ kind }) => kind === "r").map((table) => [tableName(table), table.rows]),
  );
  const found = new Map(present.tables.map((table) => [tableName(table), table]));
  const names = [...new Set([...wanted.keys(), ...found.keys()])].toSorted();
  const tables = names.map((table): TableLoss => {
    const there = found.get(table);
    return {
      table,
      now: there?.rows ?? null,
      isExact: there?.isExact ?? true,
      backup: wanted.get(table) ?? null,
    };
  });
  const differing = tables.filter((one) => !one.isExact || one.now !== one.backup);
  const head = snapshot.migrationHead;
  return {
    tables: differing,
    same: tables.length - differing.length,
    migrations: present.migrations.filter(
      ({ version }) => head === null || BigInt(version) > BigInt(head.version),
    ),
    alembic: compareHeads(snapshot.alembic, present.alembic),
    age: Math.max(0, (now - Date.parse(snapshot.takenAt)) / 1_000),
  };
}
