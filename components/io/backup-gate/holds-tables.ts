import type { Session } from "../session";

/** True where a database has tables of its users: before the first one there is nothing to lose. */
export async function holdsTables(session: Session): Promise<boolean> {
  const [found] = await session.query<{ holds: boolean }>(`
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname NOT IN ('information_schema', 'pgstead') AND n.nspname !~ '^pg_'
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')) AS holds`);
  return found?.holds ?? true;
}
