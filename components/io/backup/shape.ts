import type { BackupShape, RoleShape } from "../../core/backup/shape";
import { digestObjects } from "../../core/backup/shape";
import { namesOf } from "../../core/settings/catalog";
import { readWithin } from "../schema/read";
import type { Session } from "../session";
import { sha256 } from "./files";

/** Reads what a database and its server are like, in the transaction that the session is in, whose settings it changes. */
export async function readShape(session: Session): Promise<BackupShape> {
  const { objects } = await readWithin(session);
  const roles = await session.query<RoleShape & Record<string, unknown>>(rolesSql);
  const [row] = await session.query<Facts & Record<string, unknown>>(factsSql);
  if (row === undefined) throw new Error("the read of a database's shape gave no row");
  const { superuser, libraries, bytes, largeObjects } = row;
  return {
    format: 1,
    superuser,
    libraries: libraries === null ? null : namesOf(libraries),
    bytes: Number(bytes),
    largeObjects,
    objects: digestObjects(objects, roles, sha256),
  };
}

interface Facts {
  readonly superuser: string;
  readonly libraries: string | null;
  readonly bytes: string;
  readonly largeObjects: string;
}

/** A setting that the login may not read has no row. */
const factsSql = `
SELECT (SELECT r.rolname::text FROM pg_catalog.pg_roles AS r WHERE r.oid = 10) AS superuser,
  (SELECT s.setting FROM pg_catalog.pg_settings AS s WHERE s.name = 'shared_preload_libraries') AS libraries,
  pg_catalog.pg_database_size(pg_catalog.current_database())::text AS bytes,
  (SELECT pg_catalog.count(*)::text FROM pg_catalog.pg_largeobject_metadata) AS "largeObjects"`;

/** All but PostgreSQL's own, with the roles that they belong to. */
const rolesSql = `
SELECT r.rolname::text AS name, pg_catalog.concat_ws(' ',
    r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls,
    r.rolconnlimit, extract(epoch FROM r.rolvaliduntil),
    (SELECT pg_catalog.string_agg(g.rolname || CASE WHEN m.admin_option THEN ' WITH ADMIN' ELSE '' END, ', '
       ORDER BY g.rolname COLLATE "C", m.admin_option)
     FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid
     WHERE m.member = r.oid)) AS attributes
FROM pg_catalog.pg_roles AS r WHERE r.rolname !~ '^pg_' ORDER BY r.rolname COLLATE "C"`;
