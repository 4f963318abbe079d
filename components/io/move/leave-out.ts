import { auditSchema } from "../../core/audit/model";
import type { Session } from "../session";

/**
 * What rules per column do not reach: the trail of audits and what was kept of it, jobs that would run by themselves,
 * passwords of foreign servers, large objects.
 *
 * @param session in the transaction that masks
 * @returns what a person should know of it
 */
export async function leaveOut(session: Session): Promise<string[]> {
  return [
    ...(await emptyTrail(session)),
    ...(await endJobs(session)),
    ...(await dropServerSecrets(session)),
    ...(await countLargeObjects(session)),
  ];
}

/** Nobody else puts anything into its schema: parts of it that were put aside hold rows as well. */
async function emptyTrail(session: Session): Promise<string[]> {
  const tables = await session.query<{ name: string; isPart: boolean }>(
    `SELECT c.oid::pg_catalog.regclass::text AS name, c.relispartition AS "isPart" FROM pg_catalog.pg_class AS c
     WHERE c.relnamespace = pg_catalog.to_regnamespace($1) AND c.relkind IN ('r', 'p') ORDER BY 1`,
    [auditSchema],
  );
  if (tables.length === 0) return [];
  // After the rows, and all at once, as they may refer to each other.
  await session.query(`TRUNCATE ${tables.map(({ name }) => name).join(", ")}`);
  const names = tables.filter(({ isPart }) => !isPart).map(({ name }) => name);
  return [`${names.join(", ")}: empty, as entries of the trail hold rows as they were`];
}

/** Schedulers that run what is in a table: its name, the column that says whether a job runs, and who reads it. */
const schedulers = [
  { table: "cron.job", column: "active", scheduler: "pg_cron" },
  { table: "pgagent.pga_job", column: "jobenabled", scheduler: "pgAgent" },
  { table: "timetable.chain", column: "live", scheduler: "pg_timetable" },
] as const;

async function endJobs(session: Session): Promise<string[]> {
  const notes: string[] = [];
  for (const { table, column, scheduler } of schedulers) {
    const [found] = await session.query(
      `SELECT FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass($1) AND attname = $2
         AND atttypid = 'bool'::pg_catalog.regtype`,
      [table, column],
    );
    if (found === undefined) continue;
    const ended = await session.query(`UPDATE ${table} SET ${column} = false WHERE ${column} RETURNING 1`);
    if (ended.length > 0)
      notes.push(
        `${ended.length} ${ended.length === 1 ? "job" : "jobs"} of ${scheduler} ${ended.length === 1 ? "is" : "are"} there and not active: ${table}`,
      );
  }
  const [details] = await session.query(
    "SELECT WHERE pg_catalog.to_regclass('cron.job_run_details') IS NOT NULL",
  );
  if (details !== undefined) await session.query("TRUNCATE cron.job_run_details"); // what jobs have said
  return notes;
}

async function dropServerSecrets(session: Session): Promise<string[]> {
  const found = await session.query<{ server: string; option: string; sql: string }>(
    `SELECT s.srvname::text AS server, o.option_name AS option,
       pg_catalog.format('ALTER SERVER %I OPTIONS (DROP %I)', s.srvname, o.option_name) AS sql
     FROM pg_catalog.pg_foreign_server AS s, pg_catalog.pg_options_to_table(s.srvoptions) AS o
     WHERE o.option_name ~* 'passw|passphrase|secret|token|credential|(api|access)_?key' ORDER BY 1, 2`,
  );
  for (const { sql } of found) await session.query(sql);
  return found.map(({ server, option }) => `option ${option} of foreign server ${server} is left out`);
}

async function countLargeObjects(session: Session): Promise<string[]> {
  const [large] = await session.query<{ count: string }>(
    "SELECT pg_catalog.count(*)::text AS count FROM pg_catalog.pg_largeobject_metadata",
  );
  return Number(large?.count ?? 0) > 0 ? [`${large?.count ?? ""} large objects are as they were`] : [];
}
