import { nearest } from "../nearest";
import { ProblemError, type Problem } from "../problem";
import { nameSql } from "../repeatables/objects";
import { isLeftOver } from "./indexes";
import type {
  MaintainableIndex,
  MaintainableTable,
  MaintenanceAction,
  MaintenanceCatalog,
} from "./maintenance-facts";
import { plainName, type RelationName } from "./relation";

export interface MaintenanceChoice {
  readonly action: MaintenanceAction;
  /** Tables, and of reindex indexes; none: all of the database. */
  readonly names: readonly string[];
  readonly full: boolean;
  readonly freeze: boolean;
  /** Plain REINDEX, which blocks. */
  readonly locking: boolean;
  /** Longest wait for a lock, in milliseconds; undefined: that of the kind of lock. */
  readonly lockTimeoutMs?: number | undefined;
}

/** One statement, with what it means for others. */
export interface MaintenanceStep {
  readonly subject: string;
  /** 0: of no single one. */
  readonly table: number;
  readonly sql: string;
  /** PostgreSQL's name of the lock, and who is kept out by it. */
  readonly lock: string;
  /** Of what it touches; null: of no single table, so that there is none. */
  readonly sizeBytes: number | null;
  /** Room that it needs beside that, at most. */
  readonly needsBytes: number;
  /** Role that it runs as (`SET ROLE`); null: the login. */
  readonly runAs: string | null;
  readonly lockTimeoutMs: number;
}

export interface MaintenancePlan {
  readonly steps: readonly MaintenanceStep[];
  /** What is left out, and why. */
  readonly skipped: readonly { readonly subject: string; readonly reason: string }[];
}

/**
 * Longest wait for a lock where nothing is said, in milliseconds. Whoever wants the table after a statement that waits for
 * ACCESS EXCLUSIVE or SHARE waits as well: that is what the application may feel.
 */
export const usualLockTimeoutMs = 5_000;

/**
 * The same of CONCURRENTLY. It waits for every transaction that has begun before, and ended in between it leaves an invalid
 * index; nobody who reads or writes waits for it, so that it may wait longer.
 */
export const concurrentLockTimeoutMs = 600_000;

const goOn = "SHARE UPDATE EXCLUSIVE: reads and writes go on";
const locks = {
  vacuum: goOn,
  analyze: goOn,
  full: "ACCESS EXCLUSIVE: neither reads nor writes until it ends",
  concurrently: `${goOn}; waits for transactions that began before`,
  locking: "SHARE, and ACCESS EXCLUSIVE on the index: no writes, and no reads by it, until it ends",
} as const;

/**
 * What is to run, largest first.
 *
 * @throws ProblemError with every name that there is not, and for a standby
 */
export function planMaintenance(found: MaintenanceCatalog, choice: MaintenanceChoice): MaintenancePlan {
  if (found.inRecovery) throw standby(choice.action);
  const catalog = withOwner(found, choice);
  const chosen =
    choice.names.length === 0 ? { tables: catalog.tables, indexes: undefined } : choose(catalog, choice);
  const parts =
    choice.action === "reindex"
      ? planReindex(catalog, chosen, choice)
      : rowsOf(chosen.tables, catalog, choice).map((table) => tableStep(table, choice));
  const steps = parts
    .flatMap((part) => ("sql" in part ? part : []))
    // What is left over goes before what it is left over from.
    .toSorted((a, b) => Number(isDrop(b)) - Number(isDrop(a)) || sizeOf(b) - sizeOf(a));
  return {
    steps: choice.freeze && choice.names.length === 0 ? [...steps, freezeCatalogs(catalog, choice)] : steps,
    skipped: parts.flatMap((part) => ("reason" in part ? part : [])),
  };
}

const isDrop = ({ sql }: MaintenanceStep): boolean => sql.startsWith("DROP ");

const sizeOf = ({ sizeBytes }: MaintenanceStep): number => sizeBytes ?? 0;

type Part = MaintenanceStep | MaintenancePlan["skipped"][number];

function tableStep(table: MaintainableTable, choice: MaintenanceChoice): Part {
  const { action, full, freeze } = choice;
  const options = [...(full ? ["FULL"] : []), ...(freeze ? ["FREEZE"] : [])];
  const command =
    action === "analyze" ? "ANALYZE" : `VACUUM${options.length === 0 ? "" : ` (${options.join(", ")})`}`;
  const sizeBytes = table.sizeBytes + (action === "analyze" ? 0 : table.indexBytes);
  return stepOf(table, table, {
    sql: `${command} ${nameSql(table)}`,
    lock: full ? locks.full : locks[action === "analyze" ? "analyze" : "vacuum"],
    sizeBytes,
    needsBytes: full ? sizeBytes : 0,
    lockTimeoutMs: choice.lockTimeoutMs ?? usualLockTimeoutMs,
  });
}

/**
 * The age of a database is that of its oldest table, and the system catalogs are tables: without them it would stay as old
 * as it was. What the steps before have frozen is passed over.
 */
function freezeCatalogs({ database }: MaintenanceCatalog, choice: MaintenanceChoice): MaintenanceStep {
  return {
    ...{
      subject: `the system catalogs of ${database}`,
      table: 0,
      sql: "VACUUM (FREEZE)",
      lock: locks.vacuum,
    },
    ...{ sizeBytes: null, needsBytes: 0, runAs: null },
    lockTimeoutMs: choice.lockTimeoutMs ?? usualLockTimeoutMs,
  };
}

function planReindex(catalog: MaintenanceCatalog, chosen: Chosen, choice: MaintenanceChoice): Part[] {
  const { locking } = choice;
  const tables = new Map(catalog.tables.map((table) => [table.oid, table]));
  const ofTables = new Set(rowsOf(chosen.tables, catalog, choice).map(({ oid }) => oid));
  const named = new Set((chosen.indexes ?? []).flatMap((index) => leavesOf(index, catalog)));
  const wanted = catalog.indexes.filter((index) => ofTables.has(index.table) || named.has(index.oid));
  const touched = new Set(wanted.map(({ table }) => table));
  const parts = catalog.indexes.flatMap((index): Part[] => {
    const table = tables.get(index.table);
    if (table === undefined || index.partitioned) return [];
    const lockTimeoutMs = choice.lockTimeoutMs ?? (locking ? usualLockTimeoutMs : concurrentLockTimeoutMs);
    const part = { sizeBytes: index.sizeBytes, lockTimeoutMs };
    if (isLeftOver(index)) {
      if (!touched.has(index.table)) return [];
      const sql = `DROP INDEX CONCURRENTLY ${nameSql(index)}`;
      return [stepOf(index, table, { ...part, sql, lock: locks.concurrently, needsBytes: 0 })];
    }
    if (!wanted.includes(index) || index.buildingPid !== null) return [];
    if (index.exclusion && !locking) {
      const reason =
        "it makes an exclusion constraint possible, which CONCURRENTLY does not do: --locking does";
      return [{ subject: plainName(index), reason }];
    }
    const sql = `REINDEX INDEX ${locking ? "" : "CONCURRENTLY "}${nameSql(index)}`;
    const lock = locking ? locks.locking : locks.concurrently;
    return [stepOf(index, table, { ...part, sql, lock, needsBytes: index.sizeBytes })];
  });
  return parts;
}

/**
 * The owner of the database may VACUUM and ANALYZE what is not shared ("VACUUM", Notes), where its schema lets it in;
 * REINDEX takes the table's owner.
 */
function withOwner(catalog: MaintenanceCatalog, { action }: MaintenanceChoice): MaintenanceCatalog {
  if (!catalog.ownsDatabase || action === "reindex") return catalog;
  return {
    ...catalog,
    tables: catalog.tables.map((table) => (table.reached ? { ...table, access: "self" } : table)),
  };
}

function stepOf(
  subject: RelationName,
  { oid, schema, access, owner, reached }: MaintainableTable,
  step: Omit<MaintenanceStep, "subject" | "table" | "runAs">,
): Part {
  const name = plainName(subject);
  if (access === "none") {
    const reason = reached
      ? `the login may not: it is not ${owner}, and has no MAINTAIN, which there is from PostgreSQL 17 on`
      : `the login may not: it has no USAGE on schema ${schema}`;
    return { subject: name, reason };
  }
  return { subject: name, table: oid, ...step, runAs: access === "owner" ? owner : null };
}

/** The tables that have rows. ANALYZE of a partitioned table counts the whole as well, which autovacuum never does. */
function rowsOf(
  tables: readonly MaintainableTable[],
  { tables: all }: MaintenanceCatalog,
  { action }: MaintenanceChoice,
): MaintainableTable[] {
  const chosen = new Set(tables.map(({ oid }) => oid));
  if (action === "analyze") return tables.filter(({ parent }) => parent === null || !chosen.has(parent));
  const expand = (table: MaintainableTable): MaintainableTable[] =>
    table.kind === "p" ? all.filter(({ parent }) => parent === table.oid).flatMap(expand) : [table];
  return [...new Set(tables.flatMap(expand))];
}

function leavesOf(index: MaintainableIndex, catalog: MaintenanceCatalog): number[] {
  if (!index.partitioned) return [index.oid];
  return catalog.indexes
    .filter(({ parent }) => parent === index.oid)
    .flatMap((one) => leavesOf(one, catalog));
}

interface Chosen {
  readonly tables: readonly MaintainableTable[];
  readonly indexes: readonly MaintainableIndex[] | undefined;
}

function choose(catalog: MaintenanceCatalog, { action, names }: MaintenanceChoice): Chosen {
  const { tables, indexes } = catalog;
  const known = action === "reindex" ? [...tables, ...indexes] : tables;
  const problems: Problem[] = [];
  const found = new Set<MaintainableTable | MaintainableIndex>();
  for (const name of names) {
    const matches = known.filter((one) => isNamed(one, name));
    const [only] = matches;
    if (only !== undefined && matches.length === 1) found.add(only);
    else problems.push(matches.length > 1 ? ambiguous(name, matches) : unknown(name, known, catalog));
  }
  if (problems.length > 0) throw new ProblemError(`what to ${action} cannot be told`, problems);
  return {
    tables: tables.filter((table) => found.has(table)),
    indexes: indexes.filter((index) => found.has(index)),
  };
}

/** As the catalogue spells it or as SQL does, with or without its schema. */
function isNamed(relation: RelationName, written: string): boolean {
  if (written === plainName(relation) || written === relation.name) return true;
  const part = String.raw`("(?:[^"]|"")+"|[^".]+)`;
  const found = new RegExp(`^(?:${part}\\.)?${part}$`).exec(written);
  if (found === null) return false;
  const [schema, name] = [found[1], found[2]].map((text) =>
    text?.startsWith('"') === true ? text.slice(1, -1).replaceAll('""', '"') : text,
  );
  return name === relation.name && (schema === undefined || schema === relation.schema);
}

function ambiguous(name: string, matches: readonly RelationName[]): Problem {
  const hint = `write it with its schema: ${matches.map(plainName).join(", ")}`;
  return { path: name, message: "is there in several schemas", hint };
}

function unknown(name: string, known: readonly RelationName[], { database }: MaintenanceCatalog): Problem {
  const near =
    nearest(name, known.map(plainName)) ??
    nearest(
      name,
      known.map((one) => one.name),
    );
  return {
    path: name,
    message: `database ${database} has nothing of that name`,
    hint: near === undefined ? "`npm run ops -- disk` lists the largest tables" : `did you mean ${near}?`,
  };
}

function standby(action: MaintenanceAction): ProblemError {
  const message = "this server is a standby: it replays what the primary does, and changes nothing itself";
  return new ProblemError(action, [{ path: "", message, hint: "run it against the primary" }]);
}
