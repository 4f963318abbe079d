import type { OwnerPlace, OwnerRow } from "../core/server/owner-row";
import type { Session } from "./session";

/** What `pgstead.owner` says in this session's database. */
export async function readOwnerPlace(session: Session): Promise<OwnerPlace> {
  const [place] = await session.query<Omit<OwnerPlace, "row"> & { mayRead: boolean }>(`
    SELECT n.oid IS NOT NULL AS "hasSchema", c.oid IS NOT NULL AS "hasTable",
           pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS "mayCreate",
           coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                    AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), false) AS "mayRead"
    FROM (VALUES (1)) AS one
    LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'pgstead'
    LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'owner' AND c.relkind = 'r'`);
  if (place === undefined) throw new Error("the read of pgstead.owner gave no row");
  const { hasSchema, hasTable, mayCreate, mayRead } = place;
  // Somebody owns the server, and who it is stays unknown: not us, then.
  const hidden = {
    stack: "unknown (this login may not read pgstead.owner)",
    since: "unknown",
    by: "unknown",
  };
  const row = !hasTable ? undefined : mayRead ? await readOwnerRow(session) : hidden;
  return { hasSchema, hasTable, mayCreate, row };
}

async function readOwnerRow(session: Session): Promise<OwnerRow | undefined> {
  const [row] = await session.query<OwnerRow & Record<string, unknown>>(`
    SELECT stack, by, pg_catalog.to_char(since, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
    FROM "pgstead"."owner" WHERE what = 'server'`);
  return row;
}
