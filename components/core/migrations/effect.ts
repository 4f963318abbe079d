/** Modes of locks of tables, the weakest first (PostgreSQL manual, "Table-Level Locks"). */
const modes = [
  "AccessShareLock",
  "RowShareLock",
  "RowExclusiveLock",
  "ShareUpdateExclusiveLock",
  "ShareLock",
  "ShareRowExclusiveLock",
  "ExclusiveLock",
  "AccessExclusiveLock",
] as const;

/** A lock of a table, as `pg_locks` has it. */
export interface HeldLock {
  readonly oid: number;
  readonly mode: string;
  /** From the start of the statement after which it was there to the end of the transaction. */
  readonly heldMs: number;
}

/** A table or a materialized view, as it lies on disk. */
export interface StoredTable {
  readonly oid: number;
  /** With its schema. */
  readonly name: string;
  /** Number of its file: another one where it was written anew. */
  readonly file: number | null;
  /** Without indexes. */
  readonly ownBytes: number;
  /** With all that belongs to it. */
  readonly bytes: number;
}

/** A database, as it lies on disk. */
export interface StoredDatabase {
  readonly bytes: number;
  readonly tables: readonly StoredTable[];
}

/** A lock, as people are told. */
export interface TableLock {
  readonly table: string;
  /** As LOCK TABLE has it: `ACCESS EXCLUSIVE`. */
  readonly mode: string;
  readonly heldMs: number;
}

/** What a run of a migration did to tables that were there before it. */
export interface MigrationEffect {
  /** The strongest lock of each table, the strongest first. */
  readonly locks: readonly TableLock[];
  /** Tables whose rows were all written anew. */
  readonly rewritten: readonly string[];
  /** Of the database. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** What changed, and what was locked meanwhile. What nobody knew before cannot be in anybody's way. */
export function effectOf(
  before: StoredDatabase,
  after: StoredDatabase,
  locks: readonly HeldLock[],
): MigrationEffect {
  const now = new Map(after.tables.map((table) => [table.oid, table]));
  const strongest = before.tables.flatMap(({ oid, name }) => {
    const own = locks.filter((lock) => lock.oid === oid).toSorted((a, b) => strength(b) - strength(a));
    const [first] = own;
    return first === undefined ? [] : [{ table: name, lock: first }];
  });
  return {
    locks: strongest
      .toSorted((a, b) => strength(b.lock) - strength(a.lock))
      .map(({ table, lock: { mode, heldMs } }) => ({ table, mode: renderMode(mode), heldMs })),
    rewritten: before.tables
      .filter((table) => isRewritten(table, now.get(table.oid)))
      .map(({ name }) => name),
    bytesBefore: before.bytes,
    bytesAfter: after.bytes,
  };
}

/** What is empty afterwards was emptied: TRUNCATE gives another file as well. */
function isRewritten(before: StoredTable, after: StoredTable | undefined): boolean {
  if (after === undefined || before.ownBytes === 0 || after.ownBytes === 0) return false;
  return before.file !== after.file;
}

function strength({ mode }: Pick<HeldLock, "mode">): number {
  return modes.indexOf(mode as (typeof modes)[number]);
}

/** `AccessExclusiveLock` as LOCK TABLE has it. */
function renderMode(mode: string): string {
  return mode
    .replace(/Lock$/, "")
    .replace(/([a-z])(?=[A-Z])/g, "$1 ")
    .toUpperCase();
}

/** How many rows and bytes a table has. */
export interface TableSize {
  readonly table: string;
  /** Exact, as text; null: it is not there. */
  readonly rows: string | null;
  readonly bytes: number | null;
}

/** A table whose rows or size are others afterwards. */
export interface TableChange {
  readonly table: string;
  /** Null: it was not there. */
  readonly rowsBefore: string | null;
  readonly bytesBefore: number | null;
  /** Null: it is gone. */
  readonly rowsAfter: string | null;
  readonly bytesAfter: number | null;
}

/** Which tables changed, by name. */
export function changedSizes(before: readonly TableSize[], after: readonly TableSize[]): TableChange[] {
  const [had, has] = [before, after].map((tables) => new Map(tables.map((one) => [one.table, one])));
  const names = [...new Set([...before, ...after].map(({ table }) => table))].toSorted();
  return names
    .map((table) => ({
      table,
      rowsBefore: had?.get(table)?.rows ?? null,
      bytesBefore: had?.get(table)?.bytes ?? null,
      rowsAfter: has?.get(table)?.rows ?? null,
      bytesAfter: has?.get(table)?.bytes ?? null,
    }))
    .filter((one) => one.rowsBefore !== one.rowsAfter || one.bytesBefore !== one.bytesAfter);
}
