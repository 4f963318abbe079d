import type { TrailEntry, TrailFilter } from "../../core/audit/entries";
import { auditSchema, logTable } from "../../core/audit/model";
import { problemError } from "../../core/problem";
import type { Session } from "../session";

/**
 * Entries of a trail, the newest first: one more than was asked for where there are more.
 *
 * @throws ProblemError where there is no trail, or this login may not read it
 */
export async function readEntries(session: Session, filter: TrailFilter): Promise<TrailEntry[]> {
  await assertReadable(session);
  const { conditions, values } = conditionsOf(filter);
  return session.query<TrailEntry & Record<string, unknown>>(
    `SELECT l.id::text, pg_catalog.to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
            l.transaction::text, l.login, l.role, l.app_user AS "appUser", l.application,
            pg_catalog.host(l.address) AS address, l.operation,
            l.table_schema || '.' || l.table_name AS "table", l.key, l.old, l.new, l.command, l.object
     FROM ${auditSchema}.${logTable} AS l
     WHERE ${["true", ...conditions].join(" AND ")}
     ORDER BY l.at DESC, l.id DESC LIMIT ${filter.limit + 1}`,
    values,
  );
}

/** Tables of the database by name, those that extensions made included. */
export async function readTableNames(session: Session): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT n.nspname || '.' || c.relname AS name
     FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

function conditionsOf(filter: TrailFilter): { conditions: string[]; values: unknown[] } {
  const values: unknown[] = [];
  const place = (value: unknown): string => `$${values.push(value)}`;
  const conditions: string[] = [];
  const { schema, table, since, until, user, operation, key = {} } = filter;
  if (schema !== undefined) conditions.push(`l.table_schema = ${place(schema)}`);
  if (table !== undefined) conditions.push(`l.table_name = ${place(table)}`);
  if (since !== undefined) conditions.push(`l.at >= ${place(since.toISOString())}::timestamptz`);
  if (until !== undefined) conditions.push(`l.at < ${place(until.toISOString())}::timestamptz`);
  if (user !== undefined) conditions.push(`${place(user)} IN (l.login, l.role, l.app_user)`);
  if (operation !== undefined) conditions.push(`l.operation = ${place(operation)}`);
  for (const [column, value] of Object.entries(key)) {
    conditions.push(`l.key ->> ${place(column)} = ${place(value)}`);
  }
  return { conditions, values };
}

async function assertReadable(session: Session): Promise<void> {
  const [found] = await session.query<{ isThere: boolean; may: boolean }>(
    `SELECT c.oid IS NOT NULL AS "isThere", coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
              AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), false) AS may
     FROM (VALUES (1)) AS one
     LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = '${auditSchema}'
     LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = '${logTable}'`,
  );
  if (found?.isThere !== true) {
    throw problemError(`${auditSchema}.${logTable}`, "is not there", "declare pgstead:audit, and run `up`");
  }
  if (found.may) return;
  throw problemError(
    `${auditSchema}.${logTable}`,
    "this login may not read it",
    "name it in schemas: { audit: { readers: […] } }",
  );
}
