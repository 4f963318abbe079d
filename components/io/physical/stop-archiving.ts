import type { Session } from "../session";

/**
 * Ends archiving without a restart. `archive_mode` goes off with the next one; until then each file of the log is
 * thrown away: without a command the server would keep them all, and fill its disk.
 */
export async function stopArchiving(session: Session): Promise<void> {
  await session.query("ALTER SYSTEM SET archive_command = '/bin/true'");
  for (const name of ["archive_mode", "archive_timeout"]) {
    await session.query(`ALTER SYSTEM RESET ${name}`);
  }
  await session.query("SELECT pg_catalog.pg_reload_conf()");
}
