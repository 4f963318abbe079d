import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import { ProblemError } from "../../core/problem";
import { replicationLeft } from "../../core/restore/replication";
import type { ClientTools } from "../backup/client-tools";
import type { StoredBackup } from "../backup/repository";
import { withSession, type Session } from "../session";
import { compareRestored } from "./compare-restored";
import { dropDatabase } from "./drop-database";
import { recordIn, jobs } from "./live";
import { readReplication } from "./replication";
import { replayBackup } from "./replay";

/** A backup, and a name that no database has. */
export interface IntoRequest {
  readonly repository: string;
  /** One whose every byte the caller has just looked at. */
  readonly backup: StoredBackup;
  readonly tools: ClientTools;
  readonly login: ConnectionTarget;
  readonly database: string;
  readonly signal: AbortSignal;
}

export interface RestoredInto {
  readonly roles: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Restores a backup into a database of its own, and compares it with the manifest. What is not equal is dropped again.
 *
 * @throws ProblemError and whatever a session throws
 */
export async function restoreInto(request: IntoRequest): Promise<RestoredInto> {
  const { backup, login, database, signal } = request;
  const { manifest, name } = backup;
  if (manifest === undefined) throw new Error(`${name} has no manifest`);
  const { roles, notes, connectionLimit } = await replayBackup({
    ...{ ...request, jobs, roles: "create-missing", keepClosed: true },
  });
  const quoted = quoteIdentifier(database);
  const run = <Result>(use: (session: Session) => Promise<Result>): Promise<Result> =>
    withSession(login, { asItself: true }, use);
  try {
    const faults = await compareRestored(login, database, manifest, signal);
    if (faults.length > 0) {
      const hint = "the database was dropped again; take another backup";
      throw new ProblemError(
        `what came of ${name} is not what its manifest tells`,
        faults.slice(0, 50).map((message) => ({ path: "", message, hint })),
      );
    }
    await recordIn(login, database, `restore of backup ${name}`, `database ${database}`);
    const replication = await run((session) => readReplication(session, database));
    await run((session) => session.query(`ALTER DATABASE ${quoted} CONNECTION LIMIT ${connectionLimit}`));
    return { roles, notes: [...notes, ...replicationLeft(replication)] };
  } catch (error) {
    // What failed first is the error to show.
    await run((session) => dropDatabase(session, login, database)).catch(() => undefined);
    throw error;
  }
}
