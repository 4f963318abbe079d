import type { DatabaseError } from "pg";
import { planMaintenance } from "../../core/audit/maintenance";
import type { AuditDeclaration } from "../../core/audit/model";
import { problemError } from "../../core/problem";
import type { Statement } from "../../core/statement";
import { applyStatements, withServerLock } from "../apply";
import { readAuditCatalog } from "../catalog/audit";
import type { ConnectionTarget } from "../../core/connection";
import { withDatabases } from "../databases";
import { maintenanceDatabase, type Session } from "../session";
import type { Waiting } from "../waiting";

export interface Maintained {
  /** Statements that ran, or would. */
  readonly made: readonly Statement[];
  readonly dropped: readonly Statement[];
  /** What is not as declared, and is for `up` to mend. */
  readonly differences: readonly Statement[];
  /** Months ahead that have a partition now. */
  readonly ahead: number;
}

export interface MaintainOptions {
  /** Shows what would be done, and does nothing. */
  readonly dryRun?: boolean;
  readonly waiting: Waiting;
  /** Default: the target's own. */
  readonly maintenanceDatabase?: string;
}

/**
 * Makes the partitions of a year and drops those that are older than the trail is kept, beside whatever else changes the
 * server: it takes the same lock.
 */
export async function maintainAudit(
  administrator: ConnectionTarget,
  declaration: AuditDeclaration,
  { dryRun = false, waiting, ...options }: MaintainOptions,
): Promise<Maintained> {
  const { database } = declaration;
  const at = options.maintenanceDatabase ?? maintenanceDatabase;
  const look = async (session: Session) =>
    planMaintenance(declaration, await readAuditCatalog(session, declaration));
  return withDatabases(administrator, [at, database], (open) =>
    open(at, (maintenance) =>
      withServerLock(
        maintenance,
        () =>
          open(database, async (session) => {
            const { make, drop, ...before } = await look(session);
            if (dryRun) return { made: make, dropped: drop, ...before };
            await applyStatements(session, make);
            for (const statement of drop) await dropPartition(session, statement);
            const { differences, ahead } = await look(session);
            return { made: make, dropped: drop, differences, ahead };
          }),
        waiting,
      ),
    ),
  );
}

/** Dropping a partition locks the whole trail for a moment: whoever writes must not wait behind who waits for it. */
const lockTimeoutMs = 500;
const attempts = 20;

async function dropPartition(session: Session, { sql }: Statement): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await session.query("BEGIN");
      await session.query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
      await session.query(sql);
      await session.query("COMMIT");
      return;
    } catch (error) {
      await session.query("ROLLBACK").catch(() => undefined); // the connection is lost: the server rolls back itself
      if ((error as DatabaseError).code !== "55P03") throw error;
      if (attempt < attempts) continue;
      const hint = "run this again when there are fewer long transactions; nothing was lost.";
      throw problemError(sql, `others have used the trail all the time, ${attempts} tries long`, hint, {
        cause: error,
      });
    }
  }
}
