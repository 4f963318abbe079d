import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { BackupManifest } from "../../core/backup/manifest";
import { shapeFile, type BackupShape } from "../../core/backup/shape";
import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier, quoteLiteral } from "../../core/identifier";
import { ProblemError } from "../../core/problem";
import { findClientTools, type ClientTools } from "../backup/client-tools";
import type { StoredBackup } from "../backup/repository";
import { changeState, withCheck } from "../backup/state";
import { verifyBackup } from "../backup/verify";
import { whenFree } from "../backup/wait-for-repository";
import { compareRestored } from "../restore/compare-restored";
import { replayBackup } from "../restore/replay";
import { generatePassword, scramVerifier } from "../scram";
import { freePort } from "../scratch/server";
import { withSession } from "../session";
import type { Waiting } from "../waiting";
import { nameFor, readShapeOf, restoredBytes, serverFor } from "./logical";
import { assertRoom, withOwnPlace } from "./place";
import { findServerPrograms, type ProgramSearch } from "./programs";
import {
  initThrowaway,
  withThrowawayServer,
  type ServerOrder,
  type ThrowawayServer,
} from "./throwaway-server";
import type { Progress } from "../progress";

/** A backup that is to be worked on, on a server that is thrown away. */
export interface RestoredOrder {
  /** Directory of the backups, whose lock is taken for as long as they are read. */
  readonly repository: string;
  readonly backup: StoredBackup;
  /** Where servers are made, each in a directory of its own. */
  readonly home: string;
  readonly search: ProgramSearch;
  /** Roles that come in beside the administrator, once {@link admitLogins} gave them their password. */
  readonly logins: readonly string[];
  /** True: by loopback as well, for programs that know no socket. */
  readonly loopback: boolean;
  /** Of everybody who comes in; default one that is made now. */
  readonly password?: string | undefined;
  readonly progress: Progress;
  readonly waiting: Waiting;
}

/** A server that has what a backup has. */
export interface RestoredServer {
  /** Its superuser. */
  readonly administrator: ConnectionTarget;
  /** What the backup's database is called there. */
  readonly database: string;
  /** Of its programs. */
  readonly serverVersion: string;
  /** Until the database was there. */
  readonly restoreSeconds: number;
  /** What was left out, and what the programs warned of. */
  readonly notes: readonly string[];
}

/** How long a run waits for others that work on the repository. */
const patienceMs = 30 * 60_000;

/**
 * Restores a backup to a server of its own, uses it and throws it away, whatever happens, this process being killed
 * included. Every byte of the backup is read first, and what came of it is compared with its manifest.
 *
 * @throws ProblemError where it is damaged, does not come back whole, or cannot be restored here
 */
export async function withRestoredServer<Result>(
  order: RestoredOrder,
  use: (server: RestoredServer) => Promise<Result>,
): Promise<Result> {
  const { repository, backup, home, search, waiting } = order;
  const { manifest, name } = backup;
  if (manifest === undefined) throw new Error(`${name} has no manifest`);
  const tools = await findClientTools(Number.parseInt(manifest.tools.version, 10), search.path);
  const programs = await findServerPrograms(tools.major, search);
  const shape = await readShapeOf(join(repository, name, shapeFile));
  const bytes = restoredBytes(manifest, shape);
  // What migrations rewrite is there twice.
  await assertRoom(home, 2 * bytes);
  await locked(order, (signal) => assertWhole(order, tools, signal));
  const server: ServerOrder = {
    ...serverFor(manifest, shape),
    programs,
    major: tools.major,
    access: {
      password: order.password ?? generatePassword(),
      logins: order.logins,
      port: order.loopback ? await freePort() : undefined,
    },
    signal: waiting.signal,
  };
  return withOwnPlace(home, async (place) => {
    const began = Date.now();
    await initThrowaway(place, server);
    return withThrowawayServer(place, server, async (running) => {
      const filled = await fill(order, { manifest, tools, shape, running });
      const restoreSeconds = (Date.now() - began) / 1_000;
      return use({ ...filled, restoreSeconds, serverVersion: programs.version });
    });
  });
}

/** Others who take, verify or remove backups wait as long. */
function locked<Result>(
  { repository, backup, waiting }: RestoredOrder,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  return whenFree(repository, `test of migrations on ${backup.name}`, waiting, work, patienceMs);
}

/** Looks at every byte, and keeps what was found. */
async function assertWhole(
  { repository, backup, progress }: RestoredOrder,
  tools: ClientTools,
  signal: AbortSignal,
): Promise<void> {
  const { name } = backup;
  const faults = await progress(`reading ${name}`, verifyBackup(repository, backup, { tools, signal }));
  await changeState(repository, (state) => withCheck(state, name, { at: new Date().toISOString(), faults }));
  if (faults.length === 0) return;
  const hint = "take another one of `restore --list`; is the disk sound?";
  throw new ProblemError(
    `${name} is damaged`,
    faults.slice(0, 50).map((message) => ({ path: "", message, hint })),
  );
}

interface Filling {
  readonly manifest: BackupManifest;
  readonly tools: ClientTools;
  readonly shape: BackupShape | undefined;
  readonly running: ThrowawayServer;
}

async function fill(
  order: RestoredOrder,
  { manifest, tools, shape, running }: Filling,
): Promise<Pick<RestoredServer, "administrator" | "database" | "notes">> {
  const { repository, backup, progress, waiting } = order;
  const { administrator: login, missingLibraries } = running;
  const database = nameFor(manifest.database);
  const jobs = Math.min(availableParallelism(), 4);
  const { notes } = await progress(
    `restoring ${backup.name}`,
    locked(order, (signal) =>
      replayBackup({ repository, backup, tools, login, database, jobs, signal, roles: "create-missing" }),
    ),
  );
  await progress(
    `comparing what was restored with the manifest`,
    assertEqual(login, database, manifest, waiting.signal),
  );
  return {
    administrator: login,
    database,
    notes: [
      ...missingLibraries.map(
        (library) => `library ${library}, which the backup's server loads, is not here: it was left out`,
      ),
      ...(shape === undefined ? ["this backup is of an older version, and does not tell its size"] : []),
      ...notes,
    ],
  };
}

async function assertEqual(
  login: ConnectionTarget,
  database: string,
  manifest: BackupManifest,
  signal: AbortSignal,
): Promise<void> {
  const faults = await compareRestored(login, database, manifest, signal);
  if (faults.length === 0) return;
  const hint = "do not count on this backup: take another one; `backup drill` says more";
  throw new ProblemError(
    `what came of ${manifest.name} is not what its manifest tells`,
    faults.slice(0, 50).map((message) => ({ path: "", message, hint })),
  );
}

/**
 * Gives the logins the administrator's password, and event triggers their work, which a migration meets on the live server
 * as well.
 *
 * @returns those that are there
 */
export async function admitLogins(
  { administrator, database }: Pick<RestoredServer, "administrator" | "database">,
  logins: readonly string[],
): Promise<readonly string[]> {
  return withSession(
    administrator,
    { asItself: true, applicationName: "pgstead scratch" },
    async (session) => {
      const found = await session.query<{ name: string }>(
        "SELECT rolname::text AS name FROM pg_catalog.pg_roles WHERE rolname = ANY ($1)",
        [logins],
      );
      const verifier = quoteLiteral(scramVerifier(administrator.password)).trim();
      for (const { name } of found) {
        const role = quoteIdentifier(name);
        await session.query(`ALTER ROLE ${role} LOGIN PASSWORD ${verifier} VALID UNTIL 'infinity'`);
      }
      // The setting came with version 17; before it they work.
      await session.query(
        `DO $$ BEGIN IF pg_catalog.current_setting('server_version_num')::int >= 170000 THEN
         EXECUTE pg_catalog.format('ALTER DATABASE %I SET event_triggers = on', ${quoteLiteral(database).trim()}); END IF; END $$`,
      );
      return found.map(({ name }) => name);
    },
  );
}
