import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import type { BackupManifest } from "../../core/backup/manifest";
import { leftOut } from "../../core/move/held-back";
import type { MaskingRule } from "../../core/move/masking";
import { checkTarget, mapRoles, type TargetFacts } from "../../core/move/target";
import { problemError, ProblemError } from "../../core/problem";
import { besideName } from "../../core/restore/names";
import type { ClientTools } from "../backup/client-tools";
import type { StoredBackup } from "../backup/repository";
import { compareRestored } from "../restore/compare-restored";
import { dropDatabase } from "../restore/drop-database";
import { withRestoreLock } from "../restore/live";
import { replayBackup } from "../restore/replay";
import { readBeside } from "../restore/survey";
import { swapDatabases } from "../restore/swap";
import { withSession, type Session } from "../session";
import { describeCopy } from "./environment";
import { finishCopy } from "./finish";
import { lookTarget } from "./look-target";
import { maskDatabase, type Masked } from "./mask";
import type { Progress } from "../progress";

/** A backup of one stack that becomes the database of another one. */
export interface MoveRequest {
  /** Directory that the backup's own directory is in. */
  readonly repository: string;
  /** One whose every byte the caller has just looked at. */
  readonly backup: StoredBackup;
  readonly rules: readonly MaskingRule[];
  /** Of the server that it goes to. */
  readonly tools: ClientTools;
  /** A superuser there. */
  readonly login: ConnectionTarget;
  /** Which it becomes there. */
  readonly database: string;
  readonly jobs: number;
  readonly now: () => number;
  readonly progress: Progress;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface Moved extends Masked {
  /** What the database before it is called now, which takes no connections; null: there was none. */
  readonly kept: string | null;
  /** Roles that were made, which cannot log in. */
  readonly roles: readonly string[];
}

/**
 * Makes a database from a backup beside the one that it is to replace, compares it with the manifest, masks it, and only
 * then gives it the name, in one moment. Until then nobody but superusers can connect to it: it allows no connections, and
 * gives nobody a privilege until it is masked. Whatever fails or is killed
 * before leaves the database as it is; the next run, or the next restore, removes what is left beside it.
 *
 * @throws ProblemError and whatever a session throws
 */
export function replaceDatabase(request: MoveRequest): Promise<Moved> {
  const options = { asItself: true, applicationName: "pgstead copy" };
  return withSession(request.login, options, (session) =>
    withRestoreLock(session, request, () => replaceAlone(request, session)),
  );
}

async function replaceAlone(request: MoveRequest, session: Session): Promise<Moved> {
  const { backup, database, progress, now } = request;
  const { manifest } = backup;
  if (manifest === undefined) throw new Error(`${backup.name} has no manifest`);
  const facts = await lookTarget(session, database);
  assertTarget(facts, manifest, database);
  await dropLeftovers(session, request.login, database);
  const { made } = mapRoles(facts, manifest);
  for (const name of made) await session.query(`CREATE ROLE ${quoteIdentifier(name)} NOLOGIN`);
  const fresh = besideName(database, "restore", now());
  const kept = facts.isThere ? besideName(database, "before", now()) : undefined;
  try {
    const { connectionLimit, ...masked } = await makeMasked(request, manifest, fresh, facts.isThere);
    const { login, signal } = request;
    const swapping = swapDatabases({ login, database, beside: fresh, kept, connectionLimit, signal });
    await progress(`giving it the name ${database}`, swapping);
    return { ...masked, kept: kept ?? null, roles: made };
  } catch (error) {
    // Where it has taken the name already it is not there any more; what failed first is the error to show.
    await takeBack(session, fresh, made).catch(() => undefined);
    throw error;
  }
}

/** Makes the database beside the one that it is to replace: whole, masked, and as closed as it was at first. */
async function makeMasked(
  request: MoveRequest,
  manifest: BackupManifest,
  fresh: string,
  isThere: boolean,
): Promise<Masked & { readonly connectionLimit: number }> {
  const { backup, login, tools, database, rules, signal, progress } = request;
  const replay = replayBackup({ ...request, database: fresh, roles: "none", bare: true });
  const { notes, held, own } = await progress(`restoring ${backup.name} beside ${database}`, replay);
  const faults = await progress(
    "comparing it with the manifest",
    compareRestored(login, fresh, manifest, signal),
  );
  if (faults.length > 0) throw notEqual(backup.name, faults);
  const { tables, notes: left } = await progress("masking it", maskDatabase(login, fresh, rules, signal));
  const finishing = finishCopy({ login, tools, database: fresh, held, own, signal });
  const unfilled = await progress("computing views and statistics", finishing);
  const surroundings = { login, tools, database, own, from: backup.database, isThere, signal };
  const { connectionLimit, notes: ofDatabase } = await describeCopy(surroundings, fresh);
  const absent = held
    .flatMap((text) => leftOut(text) ?? [])
    .map((what) => `${what} is left out: ${elsewhere}`);
  return { tables, connectionLimit, notes: [...notes, ...absent, ...left, ...unfilled, ...ofDatabase] };
}

const elsewhere = "it logs in at another server";

function assertTarget(facts: TargetFacts, manifest: BackupManifest, database: string): void {
  const problems = checkTarget(facts, manifest, database);
  if (problems.length > 0) throw new ProblemError("the server that it goes to cannot take it", problems);
}

/** What killed runs left. */
async function dropLeftovers(session: Session, login: ConnectionTarget, database: string): Promise<void> {
  const { beside } = await readBeside(session, database);
  for (const { name, kind, connectionLimit } of beside)
    // One of a restore in place may have subscriptions.
    if (kind === "restore" && connectionLimit === 0) await dropDatabase(session, login, name);
}

/** The database, and the roles that were made for it: nothing else is theirs. */
async function takeBack(session: Session, database: string, roles: readonly string[]): Promise<void> {
  await drop(session, database);
  for (const role of roles) await session.query(`DROP ROLE IF EXISTS ${quoteIdentifier(role)}`);
}

async function drop(session: Session, database: string): Promise<void> {
  await session.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(database)} WITH (FORCE)`);
}

function notEqual(name: string, faults: readonly string[]): ProblemError {
  const hint = "the database was left as it is; take another backup";
  if (faults.length === 1) return problemError(name, faults[0] ?? "", hint);
  return new ProblemError(
    `what came of ${name} is not what its manifest tells`,
    faults.slice(0, 50).map((message) => ({ path: "", message, hint })),
  );
}
