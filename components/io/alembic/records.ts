import type { AppliedMigration } from "../../core/migrations/history";
import { historyTables } from "../../core/migrations/history-layout";
import { hasHistory, moment } from "../migrations/history";
import type { Session } from "../session";

const { trail } = historyTables;

/**
 * What the trail knows of Alembic's revisions, whether or not they are applied still: that is for `alembic_version` to
 * say. A run that was killed after Alembic's commit has left that it began, which counts as well.
 */
export async function readRecords(session: Session): Promise<AppliedMigration[]> {
  if (!(await hasHistory(session))) return [];
  return session.query<AppliedMigration & Record<string, unknown>>(`
    WITH revision AS (
      SELECT t.* FROM ${trail} AS t WHERE t.name LIKE '%.py' AND (t.outcome = 'done' OR (
        t.outcome = 'begun' AND t.action = 'up'
        AND NOT EXISTS (SELECT FROM ${trail} AS later WHERE later.version = t.version AND later.id > t.id)))),
    ran AS (
      SELECT DISTINCT ON (version) * FROM revision WHERE action <> 'repair' ORDER BY version, id DESC)
    SELECT ran.version, last.name, last.checksum, true AS transactional,
           CASE ran.action WHEN 'baseline' THEN 'baseline' ELSE 'applied' END AS origin,
           ${moment("ran.at")} AS "appliedAt", ran.by AS "appliedBy", ran.duration_ms::int AS "durationMs"
    FROM ran JOIN LATERAL (
      SELECT name, checksum FROM revision WHERE revision.version = ran.version ORDER BY id DESC LIMIT 1) AS last ON true
    WHERE ran.action <> 'down' ORDER BY ran.version`);
}
