import { setTimeout } from "node:timers/promises";
import { hostNetwork } from "../../core/hba/address";
import { renderHba } from "../../core/hba/render";
import type { HbaRule } from "../../core/hba/rule";
import type { ConnectionTarget } from "../../core/connection";
import { problemError } from "../../core/problem";
import { withSession, type Session, type SessionOptions } from "../session";
import { readHbaFaults, type FoundHba } from "./read";
import { armRollback, takeBackSql } from "./rollback";
import { copyServerFile, removeSql, writeServerFile } from "./server-file";
import { errorMessage } from "../../core/error-message";

/** The server, and the rules that it is to have. */
export interface HbaChange {
  /** In the maintenance database; it holds the lock of the server. */
  readonly maintenance: Session;
  /** Way to the server, for the session of the rollback and for the proof. */
  readonly target: ConnectionTarget;
  readonly rules: readonly HbaRule[];
  /** Bytes of the file, where they are not these rules: what was there before them. */
  readonly content?: Buffer | undefined;
  /** What was found before; the rules that come back where the new ones fail. */
  readonly found: FoundHba;
  /** Seconds after which the server takes the rules before back by itself, unless the new ones are proven. */
  readonly rollbackSeconds: number;
}

/**
 * Puts rules in place so that nobody is locked out, whoever dies meanwhile.
 *
 * The rules before are laid beside the file; a session on the server is armed that puts them back; the new file is
 * renamed into place, checked by the server, loaded, and proven by a fresh login. That the file with the rules before is
 * gone is what decides the change: until then both an error here and the armed session put them back.
 *
 * Where the server itself dies in between, it starts with the file that is in place: a whole one, which the simulation has
 * passed. The next run finds the rules before beside it and does all of this again.
 */
export async function applyHba(change: HbaChange): Promise<void> {
  const { maintenance, target, found, rules, content = renderHba(rules), rollbackSeconds } = change;
  const { places } = found;
  await layAside(change);
  const rollback = await arm(change);
  try {
    await writeServerFile(maintenance, { path: places.file, draft: places.draft, content });
    await assertValid(maintenance);
    await proveLogin(target, await reload(maintenance), rollbackSeconds);
    await decide(maintenance, removeSql(places.previous));
  } catch (error) {
    await takeBack(change);
    throw error;
  } finally {
    await rollback.end();
  }
}

/** Nothing has changed yet where it does not arm: the rules before need not come back. */
async function arm({ maintenance, target, found: { places }, rollbackSeconds }: HbaChange) {
  try {
    return await armRollback(maintenance, target, places, rollbackSeconds);
  } catch (error) {
    await maintenance.query(removeSql(places.previous)).catch(() => undefined); // the next run does it
    throw error;
  }
}

/**
 * Lays the rules beside that come back: those of the file, unless it is not loaded or not even valid.
 *
 * The server copies them itself: they may hold a password, which must not be in a statement.
 */
async function layAside({ maintenance, target, rules, found }: HbaChange): Promise<void> {
  const { content, faults, isLoaded, isUnproven, places, origin } = found;
  // What is in place was never loaded, and the rules that are, lie beside already.
  if (isUnproven && !isLoaded) return;
  if (content !== null && faults.length === 0) {
    await copyServerFile(maintenance, { from: places.file, path: places.previous, draft: places.draft });
    return;
  }
  const way = { database: ["all"], user: [target.user], method: "scram-sha-256" } as const;
  const first: HbaRule =
    origin.address === null
      ? { ...way, type: "local" }
      : { ...way, type: "host", address: hostNetwork(origin.address) };
  const open = renderHba([first, ...rules]);
  await writeServerFile(maintenance, { path: places.previous, draft: places.draft, content: open });
}

async function assertValid(maintenance: Session): Promise<void> {
  const faults = await readHbaFaults(maintenance);
  if (faults.length === 0) return;
  throw problemError(
    "pg_hba.conf",
    `the server does not take the new file: ${faults.map(({ line, message }) => `line ${line}: ${message}`).join("; ")}`,
    "mend these rules (pgstead:server.hba); the rules before are in place again and were never left.",
  );
}

/** Asks the server to load the file; gives the moment before, by its own clock. */
async function reload(maintenance: Session): Promise<string> {
  const [row] = await maintenance.query<{ moment: string }>(
    "SELECT pg_catalog.clock_timestamp()::text AS moment",
  );
  await maintenance.query("SELECT pg_catalog.pg_reload_conf()");
  if (row === undefined) throw new Error("the server told no time");
  return row.moment;
}

/**
 * Logs in anew until a session was made by a main process that has loaded its files after `moment`: it reads them before
 * it makes another session, so what let that one in are the new rules.
 */
async function proveLogin(target: ConnectionTarget, moment: string, rollbackSeconds: number): Promise<void> {
  const deadline = Date.now() + rollbackSeconds * 800;
  for (;;) {
    const left = deadline - Date.now();
    if (left <= 0) throw unproven(target, "the server did not load the file in time");
    // The last one gets a fifth of the time as well: in no time nobody can log in.
    const connectTimeoutMs = Math.min(5_000, Math.max(left, rollbackSeconds * 200));
    const options = { connectTimeoutMs, statementTimeoutMs: 5_000 };
    try {
      if (await logIn(target, options, moment)) return;
    } catch (error) {
      throw unproven(target, errorMessage(error), error);
    }
    await setTimeout(20);
  }
}

async function logIn(target: ConnectionTarget, options: SessionOptions, moment: string): Promise<boolean> {
  return withSession(target, options, async (session) => {
    const [row] = await session.query<{ proven: boolean }>(proofSql, [moment]);
    return row?.proven === true;
  });
}

/** A pooler in between may hand out a session of before. */
const proofSql = `
SELECT pg_catalog.pg_conf_load_time() >= $1::timestamptz AND a.backend_start >= $1::timestamptz AS proven
FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = pg_catalog.pg_backend_pid()`;

function unproven({ user }: ConnectionTarget, reason: string, cause?: unknown): Error {
  return problemError(
    "pg_hba.conf",
    `${user} could not log in anew under the new rules, so the rules before are in place again: ${reason}`,
    "mend the rule that lets this login in (pgstead:server.hba), then run this again.",
    { cause },
  );
}

async function decide(maintenance: Session, sql: string): Promise<void> {
  try {
    await maintenance.query(sql);
  } catch (error) {
    throw problemError(
      "pg_hba.conf",
      "the new rules were proven too late: the server has taken the rules before back",
      "run this again; where logins take long, raise rollbackSeconds.",
      { cause: error },
    );
  }
}

/** Puts the rules before back, unless the armed session has; that one does it where this session is lost. */
async function takeBack({ maintenance, found }: HbaChange): Promise<void> {
  try {
    await maintenance.query(takeBackSql(found.places));
  } catch {
    return; // the file is gone: decided by the other one; or the session is: the other one decides
  }
}
