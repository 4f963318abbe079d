import { sampleLimits, sampleTables } from "../../core/operations/sample-tables";
import type { Session } from "../session";
import { counters, cutSql } from "./difference-sql";

const { sample, statement, relation, text } = sampleTables;
const { fine, hourlyDays, statementDays, days } = sampleLimits;

/**
 * Makes one sample of those of an hour, or of a day, that are old enough for it, and removes what is too old. What
 * statements did is summed: no call is lost, only when exactly it was.
 *
 * @param now moment of the newest sample
 */
export async function thinSamples(session: Session, now: Date): Promise<void> {
  const merged = await session.query<{ newest: Date; others: Date[] }>(
    `WITH placed AS (
       SELECT taken_at, taken_at < $1::timestamptz - interval '${hourlyDays} days' AS is_old,
              -- What ends at eleven is of the hour before.
              taken_at - interval '1 microsecond' AS moment
       FROM ${sample}
     ), fine AS (
       SELECT min(taken_at) AS from_at FROM (SELECT taken_at FROM ${sample} ORDER BY taken_at DESC LIMIT ${fine}) AS newest
     ), spans AS (
       SELECT taken_at, CASE WHEN is_old THEN 'day' ELSE 'hour' END AS unit,
              pg_catalog.date_trunc(CASE WHEN is_old THEN 'day' ELSE 'hour' END, moment, 'UTC') AS span
       FROM placed
     )
     SELECT max(taken_at) AS newest, pg_catalog.array_agg(taken_at) AS others
     FROM spans, fine GROUP BY unit, span, fine.from_at
     -- Only whole hours and days, so that each is made once.
     HAVING count(*) > 1 AND span + ('1 ' || unit)::interval
       <= CASE unit WHEN 'day' THEN $1::timestamptz - interval '${hourlyDays} days' ELSE fine.from_at END`,
    [now],
  );
  for (const { newest, others } of merged) {
    await merge(
      session,
      newest,
      others.filter((moment) => moment.getTime() !== newest.getTime()),
    );
  }
  await removeOld(session, now);
}

/** The newest of them takes in the others: sizes are its own, peaks and sums are of all. */
async function merge(session: Session, newest: Date, others: readonly Date[]): Promise<void> {
  const names = counters.join(", ");
  const sums = counters.map((name) =>
    name === "max_ms" ? "max(max_ms) AS max_ms" : `sum(${name}) AS ${name}`,
  );
  await session.query(
    `WITH taken AS (
       DELETE FROM ${statement} WHERE taken_at = $1 OR taken_at = ANY ($2::timestamptz[])
       RETURNING role, queryid, toplevel, ${names}
     ), total AS (
       SELECT role, queryid, toplevel, ${sums.join(", ")} FROM taken GROUP BY 1, 2, 3
     )
     INSERT INTO ${statement} (taken_at, role, queryid, toplevel, ${names})
     SELECT $1, role, queryid, toplevel, ${names} FROM (${cutSql("total")}) AS cut`,
    [newest, others],
  );
  await session.query(
    `WITH taken AS (
       DELETE FROM ${sample} WHERE taken_at = ANY ($2::timestamptz[]) RETURNING from_at, connections, resets, evictions
     )
     UPDATE ${sample} AS s SET
       from_at = least(s.from_at, o.from_at), connections = greatest(s.connections, o.connections),
       resets = s.resets + o.resets, evictions = s.evictions + o.evictions
     FROM (SELECT min(from_at) AS from_at, max(connections) AS connections, sum(resets) AS resets,
                  sum(evictions) AS evictions FROM taken) AS o
     WHERE s.taken_at = $1`,
    [newest, others],
  );
}

async function removeOld(session: Session, now: Date): Promise<void> {
  const old = (span: number): string => `$1::timestamptz - interval '${span} days'`;
  await session.query(`DELETE FROM ${statement} WHERE taken_at < ${old(statementDays)}`, [now]);
  await session.query(`DELETE FROM ${sample} WHERE taken_at < ${old(days)}`, [now]);
  const { length } = await session.query(
    `DELETE FROM ${relation} AS r WHERE taken_at < ${old(days)} OR taken_at < ${old(hourlyDays)} AND EXISTS (
       SELECT FROM ${relation} AS n WHERE n.taken_at > r.taken_at
         AND n.taken_at < pg_catalog.date_trunc('day', r.taken_at, 'UTC') + interval '1 day')
     RETURNING 1`,
    [now],
  );
  // Texts go with the last row of their statement; looked for where a day was thinned, and not every time.
  if (length === 0) return;
  await session.query(
    `DELETE FROM ${text} AS t WHERE NOT EXISTS (SELECT FROM ${statement} AS s WHERE s.queryid = t.queryid)`,
  );
}
