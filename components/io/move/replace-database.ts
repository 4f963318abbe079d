import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import type { MaskingRule } from "../../core/move/masking";
import { problemError, ProblemError } from "../../core/problem";
import { besideName } from "../../core/restore/names";
import type { ClientTools } from "../backup/client-tools";
import type { StoredBackup } from "../backup/repository";
import { compareRestored } from "../restore/compare-restored";
import { withRestoreLock } from "../restore/live";
import { replayBackup } from "../restore/replay";
import { readBeside } from "../restore/survey";
import { swapDatabases } from "../restore/swap";
import { withSession, type Session } from "../session";
import { maskDatabase, type Masked } from "./mask";

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
  readonly progress: <Result>(label: string, work: Promise<Result>) => Promise<Result>;
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
 * then gives it the name, in one moment. Until then nobody but superusers can connect to it. Whatever fails or is killed
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
  const { backup, login, database, rules, signal, progress, now } = request;
  const { manifest } = backup;
  if (manifest === undefined) throw new Error(`${backup.name} has no manifest`);
  const { isThere, beside } = await readBeside(session, database);
  // What killed runs left.
  for (const { name, kind, connectionLimit } of beside)
    if (kind === "restore" && connectionLimit === 0) await drop(session, name);
  const roles = await makeRoles(
    session,
    manifest.snapshot.roles.map(({ name }) => name),
  );
  const fresh = besideName(database, "restore", now());
  const kept = isThere ? besideName(database, "before", now()) : undefined;
  try {
    const replay = replayBackup({ ...request, database: fresh, roles: "none", keepClosed: true });
    const { connectionLimit, notes } = await progress(`restoring ${backup.name} beside ${database}`, replay);
    const comparing = compareRestored(login, fresh, manifest, signal);
    const faults = await progress("comparing it with the manifest", comparing);
    if (faults.length > 0) throw notEqual(backup.name, faults);
    const masked = await progress("masking it", maskDatabase(login, fresh, rules, signal));
    await swapDatabases({ login, database, beside: fresh, kept, connectionLimit, signal });
    return { ...masked, notes: [...notes, ...masked.notes], kept: kept ?? null, roles };
  } catch (error) {
    // Where it has taken the name already it is not there any more; what failed first is the error to show.
    await takeBack(session, fresh, roles).catch(() => undefined);
    throw error;
  }
}

/** The database, and the roles that were made for it: nothing else is theirs. */
async function takeBack(session: Session, database: string, roles: readonly string[]): Promise<void> {
  await drop(session, database);
  for (const role of roles) await session.query(`DROP ROLE IF EXISTS ${quoteIdentifier(role)}`);
}

async function drop(session: Session, database: string): Promise<void> {
  await session.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(database)} WITH (FORCE)`);
}

/** What the backup names has to be there; passwords of the one stack have no place in the other. */
async function makeRoles(session: Session, names: readonly string[]): Promise<string[]> {
  const there = await session.query<{ name: string }>(
    "SELECT rolname::text AS name FROM pg_catalog.pg_roles",
  );
  const known = new Set(there.map(({ name }) => name));
  const missing = names.filter((name) => !known.has(name));
  for (const name of missing) await session.query(`CREATE ROLE ${quoteIdentifier(name)} NOLOGIN`);
  return missing;
}

function notEqual(name: string, faults: readonly string[]): ProblemError {
  const hint = "the database was left as it is; take another backup";
  if (faults.length === 1) return problemError(name, faults[0] ?? "", hint);
  return new ProblemError(
    `what came of ${name} is not what its manifest tells`,
    faults.slice(0, 50).map((message) => ({ path: "", message, hint })),
  );
}
