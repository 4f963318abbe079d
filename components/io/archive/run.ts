import { mkdir } from "node:fs/promises";
import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import { withAdvisoryLock } from "../advisory-lock";
import { openStreaming } from "../streaming-session";
import type { Waiting } from "../waiting";
import { archiveUnit, type ArchivedUnit, type ArchiveOptions } from "./archive";
import { findUnits, type ArchiveRequest } from "./units";

export interface ArchiveRun extends ArchiveOptions, ArchiveRequest {
  /** The migrator's login. */
  readonly login: ConnectionTarget;
  /** Has the rows; the work is done as him. */
  readonly owner: string;
  readonly waiting: Waiting;
}

/** The key is ASCII `pgsteara`. */
const archiveLock = { key: "8099569398603412065", what: "another run archives rows of this database" };

/**
 * Archives what is old, one file after the other; one run at a time.
 *
 * @param onDone is told of each
 */
export async function runArchive(run: ArchiveRun, onDone: (unit: ArchivedUnit) => void): Promise<void> {
  const { login, database, owner, waiting, directory } = run;
  const session = await openStreaming(login, {
    database,
    asItself: true,
    applicationName: "pgstead archive",
  });
  try {
    await withAdvisoryLock(
      session,
      { ...archiveLock, waitSeconds: 600 },
      async () => {
        await session.query(`SET ROLE ${quoteIdentifier(owner)}`);
        const units = await findUnits(session, run);
        await mkdir(directory, { recursive: true });
        for (const unit of units) {
          waiting.signal.throwIfAborted();
          const done = await archiveUnit(session, unit, run);
          if (done !== undefined) onDone(done);
        }
      },
      waiting,
    );
  } finally {
    await session.close();
  }
}
