import { DatabaseError } from "pg";
import type { DatabaseFact, HbaFact, RoleFact, SecurityFacts } from "../../core/operations/security/facts";
import type { Session } from "../session";

export type ServerSecurity = Pick<
  SecurityFacts,
  "version" | "settings" | "pending" | "hba" | "roles" | "databases" | "archiver" | "standbys"
>;

/**
 * Settings as the server has them: a session's own options, and settings of its login, say nothing of it. What a
 * configuration file has, or else the default, is what a new session of anybody else gets.
 */
const settingsSql = `
SELECT json_object_agg(s.name,
  CASE WHEN s.source IN ('client', 'session', 'user', 'database', 'database user')
    THEN coalesce(s.boot_val, '') ELSE coalesce(s.setting, '') END)
FROM pg_catalog.pg_settings AS s`;

const rolesSql = `
SELECT coalesce(json_agg(json_build_object(
  'name', r.rolname, 'login', r.rolcanlogin, 'superuser', r.rolsuper, 'createRole', r.rolcreaterole,
  'createDatabase', r.rolcreatedb, 'replication', r.rolreplication,
  'bypassRowLevelSecurity', r.rolbypassrls, 'connectionLimit', r.rolconnlimit,
  'predefined', ARRAY(SELECT g.rolname::text FROM pg_catalog.pg_auth_members AS m
    JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid
    WHERE m.member = r.oid AND g.rolname ~ '^pg_' ORDER BY 1)) ORDER BY r.rolname), '[]')
FROM pg_catalog.pg_roles AS r WHERE r.rolname !~ '^pg_'`;

const databasesSql = `
SELECT coalesce(json_agg(json_build_object('name', d.datname, 'public', ARRAY(
  SELECT x.privilege_type FROM pg_catalog.aclexplode(
    coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) AS x WHERE x.grantee = 0 ORDER BY 1))
  ORDER BY d.datname), '[]')
FROM pg_catalog.pg_database AS d WHERE d.datallowconn`;

const serverSql = `
SELECT split_part(pg_catalog.current_setting('server_version'), ' ', 1) AS version,
  (${settingsSql}) AS settings,
  ARRAY(SELECT name::text FROM pg_catalog.pg_settings WHERE pending_restart ORDER BY 1) AS pending,
  (${rolesSql}) AS roles, (${databasesSql}) AS databases,
  (SELECT count(*)::int FROM pg_catalog.pg_stat_replication WHERE application_name !~ '^pgbackrest') AS standbys,
  (SELECT json_build_object('failing', a.last_failed_time > coalesce(a.last_archived_time, '-infinity'),
    'archived', a.last_archived_time IS NOT NULL)
    FROM pg_catalog.pg_stat_archiver AS a WHERE pg_catalog.current_setting('archive_mode') <> 'off') AS archiver`;

/** What belongs to the whole server. Reads only; what only superusers see is left out for others. */
export async function readServerSecurity(session: Session): Promise<ServerSecurity> {
  const [row] = await session.query<{
    version: string;
    settings: Record<string, string>;
    pending: string[];
    roles: RoleFact[];
    databases: DatabaseFact[];
    standbys: number;
    archiver: { failing: boolean | null; archived: boolean } | null;
  }>(serverSql);
  if (row === undefined) throw new Error("the server answers with nothing");
  const { archiver, roles, ...rest } = row;
  const passwords = await orUnseen(readPasswords(session));
  const hba = await orUnseen(readRules(session));
  return {
    ...rest,
    roles: roles.map((role) =>
      passwords === undefined ? role : { ...role, password: passwords.get(role.name) ?? null },
    ),
    ...(hba === undefined ? {} : { hba }),
    ...(archiver === null ? {} : { archiver: { ...archiver, failing: archiver.failing === true } }),
  };
}

type PasswordKind = NonNullable<RoleFact["password"]>;

/** How passwords are kept; the verifiers stay on the server. */
async function readPasswords(session: Session): Promise<Map<string, PasswordKind>> {
  const rows = await session.query<{ name: string; kind: PasswordKind }>(`
    SELECT rolname AS name, CASE WHEN rolpassword LIKE 'SCRAM-SHA-256$%' THEN 'scram-sha-256'
      WHEN rolpassword LIKE 'md5%' THEN 'md5' ELSE 'other' END AS kind
    FROM pg_catalog.pg_authid WHERE rolpassword IS NOT NULL`);
  return new Map(rows.map(({ name, kind }) => [name, kind]));
}

/** Of the file as it is now; a line that the server does not take is none that lets anybody in. */
function readRules(session: Session): Promise<HbaFact[]> {
  return session.query<HbaFact & Record<string, unknown>>(`
    SELECT line_number AS line, type, database, user_name AS "user",
      address,
      auth_method AS method
    FROM pg_catalog.pg_hba_file_rules WHERE error IS NULL ORDER BY line_number`);
}

async function orUnseen<Result>(look: Promise<Result>): Promise<Result | undefined> {
  try {
    return await look;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === "42501") return undefined;
    throw error;
  }
}

/** Of objects that an extension brought its own author is to be asked. */
const insideSql = `
SELECT
  ARRAY(SELECT n.nspname::text FROM pg_catalog.pg_namespace AS n,
    pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) AS x
    WHERE x.grantee = 0 AND x.privilege_type = 'CREATE' AND n.nspname !~ '^pg_' ORDER BY 1) AS "publicSchemas",
  ARRAY(SELECT p.oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS c WHERE c LIKE 'search_path=%')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        AND d.objid = p.oid AND d.deptype = 'e') ORDER BY 1) AS definers,
  ARRAY(SELECT extname::text FROM pg_catalog.pg_extension ORDER BY 1) AS extensions`;

/** What is inside of a database. Reads only. */
export async function readDatabaseSecurity(session: Session): Promise<NonNullable<DatabaseFact["inside"]>> {
  const [row] = await session.query<NonNullable<DatabaseFact["inside"]> & Record<string, unknown>>(insideSql);
  if (row === undefined) throw new Error("the database answers with nothing");
  return row;
}
