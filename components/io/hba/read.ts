import type { ActualHba, HbaFault, HbaObstacle } from "../../core/hba/plan";
import type { Session } from "../session";
import { hbaPlaces, type HbaPlaces } from "./places";
import { awaitRollback } from "./rollback";

/** pg_hba.conf as it is, with the places that a change of it needs. */
export interface FoundHba extends ActualHba {
  readonly places: HbaPlaces;
}

/**
 * Reads pg_hba.conf and what tells how it is matched. Changes nothing; where an earlier run is still waiting for its
 * proof, it waits for the end of that.
 *
 * @param managing the login that may do so; another one is that of a preview that sees less
 */
export async function readHba(
  session: Session,
  managing: string,
): Promise<FoundHba | { readonly obstacle: HbaObstacle; readonly user: string }> {
  const [login] = await session.query<{ user: string; superuser: boolean; windows: boolean }>(loginSql);
  if (login === undefined) throw new Error("the session has no login");
  const { user, superuser, windows } = login;
  if (!superuser) return { obstacle: user === managing ? "not superuser" : "preview login", user };
  if (windows) return { obstacle: "windows", user };
  await awaitRollback(session);
  const [row] = await session.query<{ file: string }>(
    "SELECT pg_catalog.current_setting('hba_file') AS file",
  );
  const places = hbaPlaces(row?.file ?? "");
  const [file] = await session.query<FileRow>(fileSql, [places.file, places.previous]);
  if (file === undefined) throw new Error("pg_hba.conf gave no row");
  const { content, is_loaded, is_unproven, groups, ...origin } = file;
  return {
    places,
    content: content?.toString("utf8") ?? null,
    faults: content === null ? [] : await readHbaFaults(session),
    isLoaded: is_loaded,
    isUnproven: is_unproven,
    origin: { address: origin.address, ssl: origin.ssl, gss: origin.gss, ...serverOf(origin) },
    groups,
  };
}

/**
 * What the server finds wrong with the file that is in place now, whatever it has loaded. A rule that matches nobody, as
 * TLS is off or GSSAPI not built in, keeps no file from being loaded.
 */
export async function readHbaFaults(session: Session): Promise<HbaFault[]> {
  return session.query<{ line: number; message: string }>(`
    SELECT line_number AS line, error AS message FROM pg_catalog.pg_hba_file_rules
    WHERE error IS NOT NULL AND error !~ 'record cannot match because' ORDER BY line_number`);
}

const loginSql = `
SELECT current_user::text AS user, r.rolsuper AS superuser,
  pg_catalog.version() ~* 'mingw|msvc|visual c|windows' AS windows
FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user`;

interface FileRow {
  readonly content: Buffer | null;
  readonly is_loaded: boolean;
  readonly is_unproven: boolean;
  readonly address: string | null;
  readonly server: string | null;
  readonly ssl: boolean;
  readonly gss: boolean;
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

/**
 * A new session has the load time of the main process. The time of a file is whole seconds: a change in the second of the
 * last load is not told from one before it; a time to come is that of another clock and tells nothing.
 */
const fileSql = `
WITH RECURSIVE file AS (
  SELECT (s.found).modification AS modification
  FROM (SELECT pg_catalog.pg_stat_file($1, true) AS found) AS s
), member (oid, "group") AS (
  SELECT m.member, m.roleid FROM pg_catalog.pg_auth_members AS m
  UNION
  SELECT m.member, g."group" FROM pg_catalog.pg_auth_members AS m JOIN member AS g ON g.oid = m.roleid
)
SELECT
  CASE WHEN f.modification IS NOT NULL THEN pg_catalog.pg_read_binary_file($1) END AS content,
  f.modification IS NULL OR f.modification <= pg_catalog.pg_conf_load_time() OR f.modification > pg_catalog.now()
    AS is_loaded,
  (pg_catalog.pg_stat_file($2, true)).modification IS NOT NULL AS is_unproven,
  pg_catalog.host(pg_catalog.inet_client_addr()) AS address,
  pg_catalog.host(pg_catalog.inet_server_addr()) AS server,
  EXISTS (SELECT FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid() AND ssl) AS ssl,
  EXISTS (SELECT FROM pg_catalog.pg_stat_gssapi WHERE pid = pg_catalog.pg_backend_pid() AND encrypted) AS gss,
  (
    SELECT coalesce(pg_catalog.json_object_agg(r.rolname, coalesce(g.names, '[]'::json)), '{}'::json)
    FROM pg_catalog.pg_roles AS r
    LEFT JOIN (
      SELECT m.oid, pg_catalog.json_agg(pg_catalog.pg_get_userbyid(m."group")) AS names
      FROM member AS m GROUP BY m.oid
    ) AS g ON g.oid = r.oid
  ) AS groups
FROM file AS f`;

function serverOf({ server }: Pick<FileRow, "server">): { server?: string } {
  return server === null ? {} : { server };
}
