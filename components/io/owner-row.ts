import { refuseOtherOwner, type OwnerMark, type OwnerPlace, type OwnerRow } from "../core/server/owner-row";
import type { Plan } from "../core/statement";
import type { Session } from "./session";

/** What `pgstead.owner` says in this session's database. */
export async function readOwnerPlace(session: Session): Promise<OwnerPlace> {
  const [place] = await session.query<Omit<OwnerPlace, "row"> & { mayRead: boolean }>(`
    SELECT n.oid IS NOT NULL AS "hasSchema", c.oid IS NOT NULL AS "hasTable",
           pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS "mayCreate",
           coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE')
                    AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), false) AS "mayRead",
           coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
                    AND pg_catalog.has_table_privilege(c.oid, 'DELETE'), false) AS "mayWrite"
    FROM (VALUES (1)) AS one
    LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'pgstead'
    LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'owner' AND c.relkind = 'r'`);
  if (place === undefined) throw new Error("the read of pgstead.owner gave no row");
  const { hasSchema, hasTable, mayCreate, mayRead, mayWrite = false } = place;
  // Somebody owns the server, and who it is stays unknown: not us, then.
  const hidden = {
    stack: "unknown (this login may not read pgstead.owner)",
    since: "unknown",
    by: "unknown",
  };
  const found = { hasSchema, hasTable, mayCreate, mayWrite };
  if (!hasTable) return { ...found, row: undefined, marks: [] };
  if (!mayRead) return { ...found, row: hidden };
  const rows = await session.query<OwnerMark & Record<string, unknown>>(`
    SELECT what, stack, by, pg_catalog.to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
    FROM "pgstead"."owner" ORDER BY what`);
  const server = rows.find(({ what }) => what === "server");
  return {
    ...found,
    row: server === undefined ? undefined : ofServer(server),
    marks: rows.filter(({ what }) => what !== "server"),
  };
}

function ofServer({ stack, since, by }: OwnerMark): OwnerRow {
  return { stack, since, by };
}

/**
 * The plan for a part of the server that one stack owns; a refusal where that is another one.
 *
 * @param stack `<project>/<stack>` of this run; undefined: nobody else can be there
 * @param what the part, such as `postgresql.conf`
 */
export async function unlessOwned(
  session: Session,
  { stack, what }: { readonly stack: string | undefined; readonly what: string },
  plan: () => Promise<Plan>,
): Promise<Plan> {
  if (stack === undefined) return plan();
  const refusals = refuseOtherOwner((await readOwnerPlace(session)).row, stack, what);
  return refusals.length > 0 ? { statements: [], refusals } : plan();
}
