import { mkdir } from "node:fs/promises";
import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import { withAdvisoryLock } from "../advisory-lock";
import { openStreaming, type StreamingSession } from "../streaming-session";
import { archiveUnit, type ArchivedUnit, type ArchiveOptions } from "./archive";
import { findUnits, type ArchiveRequest } from "./units";

export interface ArchiveRun extends ArchiveOptions, ArchiveRequest {
  /** The migrator's login. */
  readonly login: ConnectionTarget;
  /** Has the rows; the work is done as him. */
  readonly owner: string;
}

/** The key is ASCII `pgsteara`. */
const archiveLock = { key: "8099569398603412065", what: "another run archives rows of this database" };

/**
 * Archives what is old, one file after the other; one run at a time. Where it is cancelled the running statement is ended
 * on the server, and nothing is left half done.
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
  const release = cancelWith(session, waiting.signal);
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
  } catch (error) {
    // What a cancelled statement says is no more than that.
    waiting.signal.throwIfAborted();
    throw error;
  } finally {
    release();
    await session.close();
  }
}

/** How often a session is told to end its statement: one that comes between two statements ends none. */
const cancelAgainMs = 200;

function cancelWith(session: StreamingSession, signal: AbortSignal): () => void {
  let again: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    void session.cancel();
    again ??= setInterval(cancel, cancelAgainMs);
  };
  signal.addEventListener("abort", cancel, { once: true });
  return () => {
    signal.removeEventListener("abort", cancel);
    clearInterval(again);
  };
}
