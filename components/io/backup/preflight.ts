import { ProblemError, type Problem } from "../../core/problem";
import type { Session } from "../session";

interface Unreadable {
  readonly kind: string;
  readonly name: string;
  readonly why: string;
}

/** Of the largest kinds, more are counted and not named. */
const named = 200;

/**
 * Refuses a role that cannot read all that is in the database: a dump without it would be called good. A superuser reads
 * everything.
 *
 * @throws ProblemError that names each object
 */
export async function assertReadable(session: Session, database: string): Promise<void> {
  const unreadable = await session.query<Unreadable & Record<string, unknown>>(unreadableSql);
  if (unreadable.length === 0) return;
  const [me] = await session.query<{ name: string }>("SELECT current_user::text AS name");
  const problems: Problem[] = unreadable.slice(0, named).map(({ kind, name, why }) => ({
    path: `${kind} ${name}`,
    message: why,
    hint: hints[why] ?? "",
  }));
  const more = unreadable.length - problems.length;
  const title = `${me?.name ?? "the role"} cannot read all of database ${database}, so no backup of it is taken`;
  if (more > 0) throw new ProblemError(`${title} (and ${more} more objects)`, problems);
  throw new ProblemError(title, problems);
}

const hints: Readonly<Record<string, string>> = {
  "SELECT is not granted": "give the role profile backup, or grant SELECT",
  "USAGE is not granted": "give the role profile backup, or grant USAGE",
  "row-level security hides rows": "give the role profile backup, or BYPASSRLS",
};

/**
 * Tables, sequences and schemas as pg_dump reads them; members of extensions are made by CREATE EXTENSION, and only what
 * an extension names as its configuration is dumped. `pg_read_all_data` does not reach large objects.
 */
const unreadableSql = `
WITH me AS (SELECT r.oid, r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user),
relations AS (
  SELECT c.oid, c.relkind, n.nspname || '.' || c.relname AS name
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
        AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
        AND c.oid <> ALL (coalesce(e.extconfig, '{}'))))
SELECT * FROM (
  SELECT 'schema' AS kind, n.nspname::text AS name, 'USAGE is not granted' AS why
  FROM pg_catalog.pg_namespace AS n
  WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
  UNION ALL
  SELECT CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, name, 'SELECT is not granted' FROM relations
  WHERE CASE relkind WHEN 'S' THEN NOT pg_catalog.has_sequence_privilege(oid, 'SELECT')
                     ELSE NOT pg_catalog.has_table_privilege(oid, 'SELECT') END
  UNION ALL
  SELECT 'table', name, 'row-level security hides rows' FROM relations
  WHERE relkind <> 'S' AND pg_catalog.row_security_active(oid)
  UNION ALL
  SELECT 'large object', l.oid::text, 'SELECT is not granted'
  FROM pg_catalog.pg_largeobject_metadata AS l
  WHERE NOT pg_catalog.pg_has_role(l.lomowner, 'USAGE') AND NOT EXISTS (
    SELECT FROM pg_catalog.aclexplode(coalesce(l.lomacl, pg_catalog.acldefault('L', l.lomowner))) AS a
    WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE')))
) AS unreadable
WHERE NOT (SELECT rolsuper FROM me)
ORDER BY kind DESC, name`;
