import { join } from "node:path";
import { backupFiles } from "../../core/backup/name";
import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import { problemError } from "../../core/problem";
import { besideName } from "../../core/restore/names";
import type { ClientTools } from "../backup/client-tools";
import type { StoredBackup } from "../backup/repository";
import { runTool, withEnvironment, type ToolSurroundings } from "../backup/run-tool";
import { withSession, type Session } from "../session";
import { withTemporaryDirectory } from "../temporary-directory";
import { analyzeOne } from "./analyze";
import { listArchive, restoreEntries } from "./archive";
import { dropDatabase } from "./drop-database";
import { recordIn } from "./live";
import { replayBackup } from "./replay";
import { readTablePlan, renameTable, type TableName, type TablePlan } from "./table-parts";

/** A table of a backup, and what it is to be called in the live database. */
export interface TableRestore {
  readonly repository: string;
  /** One whose every byte the caller has just looked at. */
  readonly backup: StoredBackup;
  readonly tools: ClientTools;
  /** A superuser. */
  readonly login: ConnectionTarget;
  readonly table: TableName;
  readonly as: TableName;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface RestoredTable {
  /** Exact. */
  readonly rows: string;
  readonly notes: readonly string[];
}

/**
 * Brings one table of a backup back into the live database, under a name that no relation there has: with its rows,
 * columns, defaults, identity and owned sequences, indexes, constraints, policies, comments and privileges. Under its own
 * name it has its foreign keys and triggers as well; under another one it has neither. In one transaction: all or nothing.
 *
 * The table is made whole in a database beside, from the archive's own entries, and dumped from there: what belongs to it
 * is read from a catalogue, never from text.
 */
export async function restoreTable(request: TableRestore): Promise<RestoredTable> {
  const { backup, login, table, as, signal, now } = request;
  const { database } = backup;
  await assertAbsent(request);
  const scratch = besideName(database, "restore", now());
  const options = { asItself: true, applicationName: "pgstead restore" };
  return withSession(login, options, async (maintenance) => {
    try {
      await fillScratch(request, scratch);
      const isRenamed = table.schema !== as.schema || table.name !== as.name;
      const plan = await withSession(login, { ...options, database: scratch }, async (session) => {
        for (const { sql } of await session.query<{ sql: string }>(dropEventTriggers))
          await session.query(sql);
        const found = await readTablePlan(session, table);
        await assertAllRows(session, request, found);
        return isRenamed ? renameTable(session, found, as) : found;
      });
      signal.throwIfAborted();
      await carry(request, scratch, plan);
      await recordIn(login, database, `restore of backup ${backup.name}`, `table ${as.schema}.${as.name}`);
      const found = await withSession(login, { ...options, database }, (session) =>
        lookAtRestored(session, plan, as),
      );
      return { rows: found.rows, notes: [...notesOf(plan, isRenamed), ...found.notes] };
    } finally {
      await dropDatabase(maintenance, login, scratch);
    }
  });
}

function qualified({ schema, name }: TableName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

async function assertAbsent({ backup, login, as, table }: TableRestore): Promise<void> {
  const { manifest, database, name } = backup;
  const isIn = manifest?.snapshot.tables.some(
    (one) => one.schema === table.schema && one.name === table.name,
  );
  if (isIn !== true) {
    throw problemError(
      `${table.schema}.${table.name}`,
      `is not in ${name}`,
      "write it as schema.table; the manifest lists all",
    );
  }
  const [found] = await withSession(login, { database, asItself: true }, (session) =>
    session.query<{ relation: string | null; schema: string | null }>(
      "SELECT pg_catalog.to_regclass($1)::text AS relation, pg_catalog.to_regnamespace($2)::text AS schema",
      [qualified(as), quoteIdentifier(as.schema)],
    ),
  );
  if (found?.schema === null)
    throw problemError(
      `schema ${as.schema}`,
      `is not in ${database}`,
      "make it, or name another one with --as",
    );
  if (found?.relation === null) return;
  throw problemError(
    `${as.schema}.${as.name}`,
    `is in ${database} already; it is never replaced`,
    `give another name: --as ${as.schema}.${as.name}_restored; then take what you need from it`,
  );
}

/** Makes the whole schema beside, and in it the rows of the table alone. */
async function fillScratch(request: TableRestore, scratch: string): Promise<void> {
  const { backup, repository, tools, login, signal, table } = request;
  const { manifest } = backup;
  if (manifest === undefined) throw new Error(`${backup.name} has no manifest`);
  const base = {
    repository,
    backup,
    tools,
    login,
    database: scratch,
    signal,
    roles: "none",
    keepClosed: true,
  } as const;
  if (manifest.dumpFormat === "plain") {
    await replayBackup({ ...base, jobs: 1 });
    return;
  }
  const place = join(repository, backup.name, backupFiles(manifest.dumpFormat, backup).dump);
  await replayBackup({
    ...base,
    jobs: 1,
    entries: ({ rest }) => !isElsewhere.test(rest),
  });
  const wanted = await withSession(login, { database: scratch, asItself: true }, (session) =>
    readTablePlan(session, table),
  );
  const names = new Set(wanted.tables.map(qualified));
  const oids = new Set(
    manifest.snapshot.tables.filter((one) => names.has(qualified(one))).map(({ oid }) => oid),
  );
  await inDatabase(request, scratch, async (surroundings) => {
    const entries = (await listArchive(surroundings, place)).filter(
      ({ rest, oid }) =>
        (rest.startsWith("TABLE DATA ") && oids.has(oid)) || rest.startsWith("SEQUENCE SET "),
    );
    // No trigger fires, not even one that always does.
    await restoreEntries(
      { surroundings, database: scratch, place, jobs: 1, more: ["--data-only", "--disable-triggers"] },
      entries,
    );
  });
}

/** Rows, large objects and replication, with what is said of them. */
const isElsewhere =
  /^(?:TABLE DATA|MATERIALIZED VIEW DATA|SEQUENCE SET|(?:(?:ACL|COMMENT|SECURITY LABEL) - )?(?:BLOBS?|LARGE OBJECTS?|PUBLICATION|SUBSCRIPTION))\b/;

const dropEventTriggers = `
SELECT pg_catalog.format('DROP EVENT TRIGGER %I', e.evtname) AS sql FROM pg_catalog.pg_event_trigger AS e
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.deptype = 'e' AND d.objid = e.oid
  AND d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass)`;

/** Dumps the table beside, and restores that into the live database in one transaction. */
async function carry(request: TableRestore, scratch: string, plan: TablePlan): Promise<void> {
  await withTemporaryDirectory("table", async (directory) => {
    const place = join(directory, "table");
    await inDatabase(request, scratch, (surroundings) =>
      runTool(surroundings, "pg_dump", [
        "--no-password",
        "--format=custom",
        `--file=${place}`,
        ...plan.options,
      ]),
    );
    await inDatabase(request, request.backup.database, async (surroundings) => {
      const entries = await listArchive(surroundings, place);
      const { database } = request.backup;
      await restoreEntries(
        { surroundings, database, place, jobs: 1, more: ["--single-transaction"] },
        entries,
      );
    });
  });
}

/** Where there is such a setting event triggers do not fire: the trail tells of the restore in one entry. */
function inDatabase<Result>(
  { login, tools, signal }: TableRestore,
  database: string,
  use: (surroundings: ToolSurroundings) => Promise<Result>,
): Promise<Result> {
  const quiet = tools.major >= 17 ? " -c event_triggers=off" : "";
  return withEnvironment(login, database, tools, (environment) =>
    use({
      tools,
      signal,
      environment: { ...environment, PGAPPNAME: "pgstead restore", PGOPTIONS: `-c role=none${quiet}` },
    }),
  );
}

/** Rows that somebody would miss are no restore: a partition by hash of an enumeration may have those of another one. */
async function assertAllRows(
  session: Session,
  { backup: { name, manifest }, table }: TableRestore,
  { tables }: TablePlan,
): Promise<void> {
  const names = new Set(tables.map(qualified));
  const wanted = (manifest?.snapshot.tables ?? []).filter((one) => names.has(qualified(one)));
  const expected = wanted.reduce((sum, { rows }) => sum + BigInt(rows ?? 0), 0n);
  const found = await countRows(session, tables);
  if (found === expected) return;
  const hint = "restore the whole table that it is a partition of, or the database beside with --into";
  throw problemError(
    `${table.schema}.${table.name}`,
    `has ${found} rows by itself, and ${expected} in ${name}`,
    hint,
  );
}

/** The rows of tables; those elsewhere have none here. */
async function countRows(session: Session, tables: readonly TableName[]): Promise<bigint> {
  await session.query("SET row_security = off");
  let sum = 0n;
  for (const { schema, name } of tables) {
    const [kind] = await session.query<{ isForeign: boolean }>(
      `SELECT c.relkind = 'f' AS "isForeign" FROM pg_catalog.pg_class AS c
       JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
      [schema, name],
    );
    if (kind?.isForeign !== false) continue;
    const counted = `SELECT pg_catalog.count(*)::text AS rows FROM ONLY ${qualified({ schema, name })}`;
    const [row] = await session.query<{ rows: string }>(counted);
    sum += BigInt(row?.rows ?? 0);
  }
  return sum;
}

async function lookAtRestored(
  session: Session,
  { tables, statistics }: TablePlan,
  as: TableName,
): Promise<{ readonly rows: string; readonly notes: readonly string[] }> {
  const rows = String(await countRows(session, tables));
  const published = await session.query<{ name: string }>(
    `SELECT DISTINCT pubname::text AS name FROM pg_catalog.pg_publication_tables WHERE schemaname = $1 AND tablename = $2`,
    [as.schema, as.name],
  );
  const notes = published.map(
    ({ name }) =>
      `publication ${name} has it as well: its rows went to whoever subscribes, who needs the table`,
  );
  for (const sql of statistics) notes.push(...(await makeStatistics(session, sql)));
  return { rows, notes: [...notes, ...(await analyzeOne(session, as))] };
}

/** @returns why there are none: that is no reason to take the table back */
async function makeStatistics(session: Session, sql: string): Promise<readonly string[]> {
  try {
    await session.query(`BEGIN; ${sql}; COMMIT`);
    return [];
  } catch (error) {
    await session.query("ROLLBACK");
    return [`its statistics were left out, as ${(error as Error).message}: ${sql}`];
  }
}

function notesOf({ referencing, foreignKeys }: TablePlan, isRenamed: boolean): string[] {
  const left = isRenamed ? foreignKeys.map((sql) => `its foreign key was left out: ${sql}`) : [];
  const others = isRenamed
    ? []
    : referencing.map((sql) => `it was referred to by others; where that is wanted again: ${sql}`);
  return [...left, ...others];
}
