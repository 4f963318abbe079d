import type { Session } from "../session";

/** How the server's archiver does. */
export interface Archiver {
  /** When the newest file of the log arrived, in milliseconds since 1970. */
  readonly archivedAt?: number;
  /** Why the last attempt failed, if nothing has arrived since: the file, and when. */
  readonly failure?: string;
}

const archiverSql = `
SELECT extract(epoch FROM last_archived_time)::float8 * 1000 AS "archivedAt",
  CASE WHEN last_failed_time > coalesce(last_archived_time, '-infinity')
    THEN pg_catalog.format('%s failed at %s', last_failed_wal, last_failed_time) END AS failure
FROM pg_catalog.pg_stat_archiver`;

/** Asks the server what became of its log. Reads only. */
export async function readArchiver(session: Session): Promise<Archiver> {
  interface Row {
    readonly archivedAt: number | null;
    readonly failure: string | null;
  }
  const [row] = await session.query<Row & Record<string, unknown>>(archiverSql);
  const { archivedAt, failure } = row ?? {};
  return {
    ...(archivedAt === null || archivedAt === undefined ? {} : { archivedAt }),
    ...(failure === null || failure === undefined ? {} : { failure }),
  };
}
