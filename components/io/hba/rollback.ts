import { setTimeout } from "node:timers/promises";
import type { ConnectionTarget } from "../../core/connection";
import { quoteLiteral } from "../../core/identifier";
import { problemError } from "../../core/problem";
import { openSession, type Session } from "../session";
import type { HbaPlaces } from "./places";
import { moveBackSql } from "./server-file";

/** Key of the advisory lock that an armed rollback holds, in the maintenance database: ASCII `pgsthba`. */
const rollbackKey = "31638942963491425";

/** Longest wait for the rollback of another run, in milliseconds. */
const longestWaitMs = 60_000;

const applicationName = "pgstead: rollback of pg_hba.conf";

/** A session on the server that puts the rules before back by itself, unless they are decided first. */
export interface ArmedRollback {
  /** Ends when the change is decided: the file of the rules before is gone, whoever took it. */
  end(): Promise<void>;
}

/**
 * Arms the rollback: from now on the rules before come back after `seconds`, also where this process dies. The session
 * runs one statement on the server, and a statement does not end because its client is gone.
 *
 * It decides by renaming the file of the rules before, which succeeds once for one of the two: here, or where the run
 * removes that file after its proof.
 */
export async function armRollback(
  maintenance: Session,
  target: ConnectionTarget,
  places: HbaPlaces,
  seconds: number,
): Promise<ArmedRollback> {
  const session = await openSession(target, { applicationName });
  try {
    await session.query(unboundSql);
    const over = new AbortController();
    const statement = session.query(rollbackSql(places, seconds)).finally(() => {
      over.abort();
    });
    const ended = statement.catch(() => undefined); // whether it came to its end shows in the files
    await awaitArmed(maintenance, over.signal);
    if (over.signal.aborted) await statement;
    return {
      async end() {
        await ended;
        await session.close();
      },
    };
  } catch (error) {
    await session.close().catch(() => undefined); // the error that is on its way is the one to show
    throw error;
  }
}

/** Waits until no rollback is armed: the files of a server are settled then. */
export async function awaitRollback(session: Session): Promise<void> {
  const deadline = Date.now() + longestWaitMs;
  while (await isArmed(session)) {
    if (Date.now() > deadline) {
      throw problemError(
        "pg_hba.conf",
        `another run has changed it and waits for its proof for more than ${longestWaitMs / 1000} s`,
        `look for the session \`${applicationName}\` in pg_stat_activity, then run this again.`,
      );
    }
    await setTimeout(100);
  }
}

async function awaitArmed(session: Session, over: AbortSignal): Promise<void> {
  const deadline = Date.now() + longestWaitMs;
  while (!over.aborted && !(await isArmed(session))) {
    if (Date.now() > deadline) throw new Error("the rollback of pg_hba.conf does not start");
    await setTimeout(20);
  }
}

async function isArmed(session: Session): Promise<boolean> {
  const rows = await session.query(`
    SELECT FROM pg_catalog.pg_locks AS l
    WHERE l.locktype = 'advisory' AND l.granted AND (l.classid::bigint << 32 | l.objid::bigint) = ${rollbackKey}
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                        WHERE d.datname = pg_catalog.current_database())`);
  return rows.length > 0;
}

/** What would end a statement of a few seconds, or one whose client is gone. Not every version has all of them. */
const unboundSql = `
SELECT pg_catalog.set_config(s.name, '0', false) FROM pg_catalog.pg_settings AS s
WHERE s.name IN ('statement_timeout', 'transaction_timeout', 'lock_timeout', 'client_connection_check_interval')`;

function rollbackSql(places: HbaPlaces, seconds: number): string {
  const body = `
DECLARE
  deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + pg_catalog.make_interval(secs => ${seconds});
BEGIN
  PERFORM pg_catalog.pg_advisory_xact_lock(${rollbackKey});
  LOOP
    IF (pg_catalog.pg_stat_file(${quoteLiteral(places.previous)}, true)).modification IS NULL THEN RETURN; END IF;
    EXIT WHEN pg_catalog.clock_timestamp() >= deadline;
    PERFORM pg_catalog.pg_sleep(0.02);
  END LOOP;
  ${takeBackSteps(places)}
END`;
  return `DO ${quoteLiteral(body)}`;
}

/**
 * Puts the rules before back and loads them, in one statement: nobody can be gone between the two. Fails where the change
 * is decided already.
 */
export function takeBackSql(places: HbaPlaces): string {
  return `DO ${quoteLiteral(`BEGIN ${takeBackSteps(places)} END`)}`;
}

function takeBackSteps({ file, previous }: HbaPlaces): string {
  return `${moveBackSql(previous, file)}; PERFORM pg_catalog.pg_reload_conf();`;
}
