import { availableParallelism } from "node:os";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compareObjects, parseShape, shapeFile, type BackupShape } from "../../core/backup/shape";
import { backupBytes, type BackupManifest } from "../../core/backup/manifest";
import { serverDatabases } from "../../core/born-with";
import type { DrillAssertion } from "../../core/drill/plan";
import { firstOf, type DrillResult } from "../../core/drill/result";
import { isOfSurroundings, librariesFor } from "../../core/drill/surroundings";
import { ProblemError } from "../../core/problem";
import { findClientTools, type ClientTools } from "../backup/client-tools";
import type { StoredBackup } from "../backup/repository";
import { readShape } from "../backup/shape";
import { verifyBackup } from "../backup/verify";
import { compareRestored } from "../restore/compare-restored";
import { replayBackup } from "../restore/replay";
import { withSession } from "../session";
import { inspectDatabase } from "./inspect";
import { assertRoom, withDrillPlace } from "./place";
import { findServerPrograms, type ProgramSearch } from "./programs";
import { recordDrill, type DrillRecord } from "./record";
import {
  initThrowaway,
  withThrowawayServer,
  type ServerOrder,
  type ThrowawayServer,
} from "./throwaway-server";
import type { Progress } from "../progress";

/** A drill of one logical backup. */
export interface LogicalDrill {
  /** Directory that the backup's own directory is in: the repository, or where a copy was fetched to. */
  readonly repository: string;
  readonly backup: StoredBackup;
  /** Name of the copy that it came from. */
  readonly copy?: string | undefined;
  /** Where it is restored to; everything in it is thrown away. */
  readonly home: string;
  readonly search: ProgramSearch;
  /** Of all databases. */
  readonly assertions: readonly DrillAssertion[];
  readonly assertionTimeoutMs: number;
  readonly progress: Progress;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** What came of it, and what a look at every byte of the backup found. */
export interface LogicalDrillResult {
  readonly result: DrillResult;
  readonly checked: readonly string[];
}

/**
 * Restores a backup to a server of its own, compares it with what it was taken from, checks its tables, asks what has to
 * hold, and throws it away. What is wrong with the backup is in the result.
 *
 * @throws ProblemError where it could not be done here, which says nothing of the backup
 */
export async function drillLogical(drill: LogicalDrill): Promise<LogicalDrillResult> {
  const { repository, backup, signal } = drill;
  const { name, database, manifest, fault } = backup;
  const record = recordDrill(
    { kind: "logical", backup: name, database, copy: drill.copy },
    drill.progress,
    drill.now,
  );
  const tools = manifest === undefined ? undefined : await toolsOf(manifest, drill);
  const checked =
    manifest === undefined
      ? [fault ?? "it has no manifest"]
      : await record.step("checksums", () => verifyBackup(repository, backup, { tools, signal }));
  record.faults.push(...firstOf(checked));
  if (checked.length === 0 && manifest !== undefined && tools !== undefined) {
    await restore(drill, { record, manifest, tools });
  }
  return { result: record.result(), checked };
}

function toolsOf({ tools }: BackupManifest, { search }: LogicalDrill): Promise<ClientTools> {
  return findClientTools(Number.parseInt(tools.version, 10), search.path);
}

interface Restoring {
  readonly record: DrillRecord;
  readonly manifest: BackupManifest;
  readonly tools: ClientTools;
}

/** Of backups that do not tell how large their database is: a dump is compressed, and has no indexes. */
const growth = 10;

/** Room that a restored server takes, as far as its backup tells. */
export function restoredBytes(manifest: BackupManifest, shape: BackupShape | undefined): number {
  return shape?.bytes ?? growth * backupBytes(manifest);
}

/** What a server is made with that a backup is restored to, as far as its backup tells. */
export function serverFor(
  { database, snapshot }: BackupManifest,
  shape: BackupShape | undefined,
): Pick<ServerOrder, "administrator" | "libraries" | "database"> {
  return {
    administrator: shape?.superuser ?? snapshot.role,
    libraries: shape?.libraries ?? librariesFor(snapshot.extensions),
    database: nameFor(database),
  };
}

async function restore(drill: LogicalDrill, restoring: Restoring): Promise<void> {
  const { home, repository, backup, signal, search } = drill;
  const { record, manifest, tools } = restoring;
  const shape = await readShapeOf(join(repository, backup.name, shapeFile));
  if (shape === undefined) {
    record.notes.push(
      "this backup is of an older version, without digests: schema and privileges were not compared",
    );
  }
  await assertRoom(home, restoredBytes(manifest, shape));
  const programs = await findServerPrograms(tools.major, search);
  record.serverVersion = programs.version;
  const order = { ...serverFor(manifest, shape), programs, major: tools.major, signal };
  await withDrillPlace(home, async (place) => {
    record.beginRestore();
    await record.step("a server", () => initThrowaway(place, order));
    await withThrowawayServer(place, order, (server) => fill(drill, restoring, { shape, server, programs }));
  });
}

interface Filling {
  readonly shape: BackupShape | undefined;
  readonly server: ThrowawayServer;
  readonly programs: ServerOrder["programs"];
}

async function fill(
  drill: LogicalDrill,
  { record, manifest, tools }: Restoring,
  { shape, server, programs }: Filling,
): Promise<void> {
  const { repository, backup, signal, assertions, assertionTimeoutMs } = drill;
  const database = nameFor(manifest.database);
  const login = server.administrator;
  for (const library of server.missingLibraries) {
    record.notes.push(`library ${library}, which the backup's server loads, is not here: it was left out`);
  }
  const jobs = Math.min(availableParallelism(), 4);
  const request = { repository, backup, tools, login, database, jobs, signal } as const;
  try {
    const { notes } = await record.step("content", () =>
      replayBackup({ ...request, roles: "create-missing" }),
    );
    record.notes.push(...notes);
  } catch (error) {
    signal.throwIfAborted();
    record.faults.push(...faultsOf(error));
    return;
  }
  record.restored(manifest.snapshot.takenAt);
  const compared = await record.step("comparison with the backup", async () => [
    ...(await compareRestored(login, database, manifest, signal)),
    ...(shape === undefined ? [] : await compareShape(server, database, shape)),
  ]);
  record.faults.push(...firstOf(compared));
  const directories = [programs.directory, tools.directory];
  const declared = manifest.database;
  await inspectDatabase(record, {
    ...{ server, database, declared, assertions, assertionTimeoutMs, signal },
    programs: directories,
  });
}

/** What a database is called on a server that a backup is restored to: every server has some already. */
export function nameFor(database: string): string {
  return serverDatabases.has(database) ? `${database}_drill` : database;
}

/** Undefined: the backup is of an older version, which wrote none. */
export async function readShapeOf(file: string): Promise<BackupShape | undefined> {
  try {
    return parseShape(await readFile(file, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** @throws the error itself where it tells of this machine */
function faultsOf(error: unknown): string[] {
  if (!(error instanceof Error)) throw error;
  if (!(error instanceof ProblemError) || isOfSurroundings(error.message)) throw error;
  return error.problems.map(({ path, message }) => `${path === "" ? error.title : path}: ${message}`);
}

async function compareShape(
  { administrator }: ThrowawayServer,
  database: string,
  shape: BackupShape,
): Promise<string[]> {
  const options = { database, asItself: true, applicationName: "pgstead drill" };
  const found = await withSession(administrator, options, async (session) => {
    await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    return readShape(session);
  });
  const { missing, changed, additional } = compareObjects(shape.objects, found.objects);
  return [
    ...firstOf(missing.map((key) => `${key} is missing`)),
    ...firstOf(changed.map((key) => `${key} is not as it was, or has other privileges`)),
    ...firstOf(additional.map((key) => `${key} is there, and was not in the original`)),
    ...(found.largeObjects === shape.largeObjects
      ? []
      : [`it has ${found.largeObjects} large objects, and the original has ${shape.largeObjects}`]),
  ];
}
