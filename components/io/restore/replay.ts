import { join } from "node:path";
import type { ArchiveEntry } from "../../core/backup/content";
import { backupFiles } from "../../core/backup/name";
import type { ConnectionTarget } from "../../core/connection";
import { problemError } from "../../core/problem";
import { turnOf, turnOfEntry } from "../../core/move/held-back";
import { tablespacesOf } from "../../core/restore/globals";
import { partOf } from "../../core/restore/dump-statements";
import type { ClientTools } from "../backup/client-tools";
import type { StoredBackup } from "../backup/repository";
import { withEnvironment, type ToolSurroundings } from "../backup/run-tool";
import { maintenanceDatabase, withSession, type Session } from "../session";
import { analyzeAll } from "./analyze";
import { readArchiveScript, readEntries, restoreArchive } from "./archive";
import { createDatabase, describeDatabase, type DatabaseScript } from "./database-script";
import { dropDatabase } from "./drop-database";
import { readPlain, restorePlain } from "./plain";
import { makeMissingRoles, readGlobals } from "./roles";

/** A backup, and where it is brought back. */
export interface ReplayRequest {
  /** Directory that the backup's own directory is in. */
  readonly repository: string;
  /** One that was looked at: what it holds is believed. */
  readonly backup: StoredBackup;
  /** Of the server that it is restored on. */
  readonly tools: ClientTools;
  /** A superuser, or whoever may make databases and all that is in this one. */
  readonly login: ConnectionTarget;
  /** Its name; no database has it yet. */
  readonly database: string;
  /** Processes that restore at the same time, of a backup in format directory. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  /**
   * `create-missing`: roles of the backup's server that this one lacks are made; none that is there is changed. `none`: what
   * the backup names has to be there.
   */
  readonly roles: "create-missing" | "none";
  /**
   * Leaves the database without connections of anybody but superusers (`CONNECTION LIMIT 0`), whatever its privileges say,
   * until the caller sets {@link Replayed.connectionLimit}. Where the login is no superuser, its privileges alone hold.
   */
  readonly keepClosed?: boolean;
  /**
   * As a copy for another environment begins: closed, without what a copy runs later or never (`held`), without statistics,
   * and without what the backup says of the database itself (`own`). The server's log gets none of its rows.
   */
  readonly bare?: boolean;
  /** Which entries of an archive come back; default all. A plain dump always comes back whole. */
  readonly entries?: (entry: ArchiveEntry) => boolean;
}

/** What a replay told. */
export interface Replayed {
  /** Roles that were made. */
  readonly roles: readonly string[];
  /** What a person should know: what was left out, and what the programs warned of. */
  readonly notes: readonly string[];
  /** As the backup has it; -1: no limit. */
  readonly connectionLimit: number;
  /** Where the replay is bare: what a copy runs later or never; one character a byte. */
  readonly held: readonly string[];
  /** What the backup says of the database itself, with how it is written; one character a byte. */
  readonly own: readonly string[];
}

/**
 * Brings a backup back into a database of its own: roles that are missing, the database with its encoding and locale, all
 * of its content, then its owner, settings, privileges and comment, then ANALYZE. Nobody else can connect before the end. No
 * trigger and no event trigger of the backup sees any of it. The first error ends it, and the database is dropped again;
 * roles stay.
 *
 * @throws ProblemError and whatever a session throws
 */
export async function replayBackup(request: ReplayRequest): Promise<Replayed> {
  const { login, database, signal } = request;
  signal.throwIfAborted();
  return withSession(login, { asItself: true, applicationName: "pgstead restore" }, async (session) => {
    const before = await prepare(request, session);
    try {
      return await fill(request, before);
    } catch (error) {
      // What failed first is the error to show.
      await dropDatabase(session, login, database).catch(() => undefined);
      throw error;
    }
  });
}

interface Prepared {
  readonly notes: readonly string[];
  readonly roles: readonly string[];
  /** Of an archive; a plain dump tells it on the way. */
  readonly script: DatabaseScript;
  readonly place: string;
  /** False: this server lacks one of them, so all is in the default one. */
  readonly tablespaces: boolean;
}

/** Makes the roles and the empty database. */
async function prepare(request: ReplayRequest, session: Session): Promise<Prepared> {
  const { repository, backup, tools, database, signal } = request;
  const { manifest, name, fault } = backup;
  if (manifest === undefined) throw problemError(name, fault ?? "has no manifest", "take another backup");
  const files = backupFiles(manifest.dumpFormat, backup);
  const place = join(repository, name, files.dump);
  const globals = await readGlobals(join(repository, name, files.globals), signal);
  const script =
    manifest.dumpFormat === "directory"
      ? await readArchiveScript({ tools, environment: {}, signal }, place)
      : { create: (await readPlain(place, signal, isCreate)).find(isCreate), statements: [] };
  const roles = request.roles === "none" ? noRoles : await makeMissingRoles(session, globals);
  const known = await session.query<{ name: string }>(
    "SELECT spcname::text AS name FROM pg_catalog.pg_tablespace",
  );
  const tablespaces = new Set(known.map((row) => row.name));
  const lacking = tablespacesOf(globals).filter((one) => !tablespaces.has(one));
  await createDatabase(session, script, { from: manifest.database, database, tablespaces });
  const unset = roles.made.length > 0 && !manifest.passwords ? [noPasswords] : [];
  const moved =
    lacking.length === 0
      ? []
      : [`this server has no tablespace ${lacking.join(", ")}: all is in the default one`];
  return {
    script,
    place,
    roles: roles.made,
    notes: [...roles.notes, ...unset, ...moved],
    tablespaces: lacking.length === 0,
  };
}

const noRoles = { made: [], notes: [] };

const noPasswords =
  "the backup has no passwords: the roles that were made have none, and the next `up` sets their verifiers";

const isCreate = (statement: string): boolean => partOf(statement) === "create";

/** Brings the content back, then what is of the database itself. */
async function fill(
  request: ReplayRequest,
  { script, place, notes, roles, tablespaces }: Prepared,
): Promise<Replayed> {
  const { login, database, tools, signal, backup, keepClosed = false, bare = false } = request;
  const into = <Result>(
    name: string,
    use: (surroundings: ToolSurroundings) => Promise<Result>,
  ): Promise<Result> =>
    withEnvironment(login, name, tools, (environment) =>
      use({
        ...{ tools, signal, otherwise: byHand(backup.name) },
        environment: { ...environment, ...restoring, ...(bare ? silent : {}) },
      }),
    );
  const { statements, warnings, held } = await into(database, async (surroundings) =>
    backup.manifest?.dumpFormat === "directory"
      ? { ...script, ...(await fillFromArchive(request, { place, tablespaces }, surroundings)) }
      : restorePlain(surroundings, place, { tablespaces, bare }),
  );
  const replayed = { roles, notes: [...notes, ...warnings], held, own: statements };
  if (bare) return { ...replayed, connectionLimit: 0 };
  const unknown = await analyzeAll(login, database, signal);
  const from = backup.database;
  const connectionLimit = await into(maintenanceDatabase, (surroundings) =>
    describeDatabase(surroundings, statements, { from, database, keepClosed }),
  );
  return { ...replayed, notes: [...replayed.notes, ...unknown], connectionLimit };
}

async function fillFromArchive(
  { database, jobs, entries: isWanted = () => true, bare = false }: ReplayRequest,
  { place, tablespaces }: Pick<Prepared, "place" | "tablespaces">,
  surroundings: ToolSurroundings,
): Promise<{ readonly warnings: readonly string[]; readonly held: readonly string[] }> {
  const more = tablespaces ? [] : ["--no-tablespaces"];
  const warnings = await restoreArchive(
    { surroundings, database, place, jobs, more },
    (entry) => isWanted(entry) && (!bare || turnOfEntry(entry.rest) === "now"),
  );
  if (!bare) return { warnings, held: [] };
  const others = await readEntries(surroundings, place, ({ rest }) => turnOfEntry(rest) !== "now");
  return { warnings, held: others.filter((statement) => turnOf(statement) !== "now") };
}

/** What ends a restore may be in the rows: a key without its row, or a function that finds its tables by search_path. */
const byHand = (name: string): string =>
  `nothing that was live is changed. The backup is what was written: where the fault is in the database that it is of, take another one, or restore ${name} by hand, as its files are pg_dump's own (pg_restore without --exit-on-error goes on after an error)`;

const restoring = { PGAPPNAME: "pgstead restore", PGOPTIONS: "-c role=none -c client_min_messages=warning" };

/** Errors of COPY tell rows to the log of a server. */
const silent = {
  PGOPTIONS: `${restoring.PGOPTIONS} -c log_statement=none -c log_min_messages=fatal -c log_min_error_statement=panic`,
};
