import { randomBytes } from "node:crypto";
import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier, quoteLiteral } from "../../core/identifier";
import type { DesiredDatabase } from "../../core/server/database";
import { diffSettings } from "../../core/server/role-settings";
import { withAdvisoryLock } from "../advisory-lock";
import { openSession, withSession, type Session } from "../session";
import type { Waiting } from "../waiting";

const prefix = "pgstead_scratch_";

/** Held while what is left is looked for and a new one gets its session; the key is ASCII `pgsteads`. */
const scratchLock = {
  key: "8099569398603408499",
  what: "another run makes a scratch database",
  waitSeconds: 120,
};

/**
 * Makes a database on a server that is there, uses it, and drops it, whatever happens. A session stays in it for as long
 * as it is used: one without any is what a run that was killed has left, and the next run drops it.
 */
export async function withScratchDatabase<Result>(
  administrator: ConnectionTarget,
  like: DesiredDatabase,
  waiting: Waiting,
  use: (database: string) => Promise<Result>,
): Promise<Result> {
  const options = { applicationName: "pgstead scratch" };
  return withSession(administrator, options, async (maintenance) => {
    const name = `${prefix}${randomBytes(6).toString("hex")}`;
    const begin = async (): Promise<Session> => {
      await dropLeftOvers(maintenance);
      await make(maintenance, name, like);
      return openSession(administrator, { ...options, database: name });
    };
    let keeper: Session | undefined;
    try {
      keeper = await withAdvisoryLock(maintenance, scratchLock, begin, waiting);
      return await use(name);
    } finally {
      await keeper?.close();
      await drop(maintenance, name);
    }
  });
}

async function make(maintenance: Session, name: string, like: DesiredDatabase): Promise<void> {
  const quoted = quoteIdentifier(name);
  const literal = (text: string): string => quoteLiteral(text).trim();
  await maintenance.query(
    `CREATE DATABASE ${quoted} OWNER ${quoteIdentifier(like.owner)} TEMPLATE template0 ENCODING ${literal(like.encoding)}
     LC_COLLATE ${literal(like.lcCollate)} LC_CTYPE ${literal(like.lcCtype)}`,
  );
  await maintenance.query(`REVOKE ALL ON DATABASE ${quoted} FROM PUBLIC`);
  for (const {
    statement: { sql },
  } of diffSettings({ database: name }, like.settings, []))
    await maintenance.query(sql);
}

async function dropLeftOvers(maintenance: Session): Promise<void> {
  const left = await maintenance.query<{ name: string }>(
    `SELECT d.datname AS name FROM pg_catalog.pg_database AS d
     WHERE d.datname ~ '^${prefix}[0-9a-f]{12}$'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = d.oid)`,
  );
  for (const { name } of left) await drop(maintenance, name);
}

async function drop(maintenance: Session, name: string): Promise<void> {
  await maintenance.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`);
}
