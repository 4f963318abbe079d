import { quoteIdentifier } from "../../core/identifier";
import { logTable, auditSchema } from "../../core/audit/model";
import type { Session } from "../session";

/** A restore, as the trail tells of it. */
export interface RestoreEntry {
  /** What was done, such as `restore of backup 20261101-020000F`. */
  readonly command: string;
  /** What it was done to, such as `database shop` or `table app.orders`. */
  readonly object: string;
}

/**
 * Writes into the trail that what it stands beside was restored: rows may be older than its entries say. For whoever
 * restores a database or a part of it, after the rows are in their place and in the same session as the trail's owner.
 *
 * @param session of a login that may become the trail's owner: a superuser, or its managing login
 * @returns false where the database has no trail
 */
export async function recordRestore(
  session: Session,
  owner: string,
  { command, object }: RestoreEntry,
): Promise<boolean> {
  const [found] = await session.query<{ isThere: boolean }>(
    `SELECT pg_catalog.to_regclass('${auditSchema}.${logTable}') IS NOT NULL AS "isThere"`,
  );
  if (found?.isThere !== true) return false;
  await session.query("BEGIN");
  try {
    await session.query(`SET LOCAL ROLE ${quoteIdentifier(owner)}`);
    await session.query(
      `INSERT INTO ${auditSchema}.${logTable} (at, transaction, login, application, address, operation, command, object)
       VALUES (pg_catalog.clock_timestamp(), pg_catalog.pg_current_xact_id(), session_user,
               pg_catalog.current_setting('application_name'), pg_catalog.inet_client_addr(), 'RESTORE', $1, $2)`,
      [command, object],
    );
    await session.query("COMMIT");
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined); // the connection is lost: the server rolls back itself
    throw error;
  }
  return true;
}
