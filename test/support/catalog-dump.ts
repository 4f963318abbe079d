import type { TestServer } from "./server";
import { runSql } from "./own-provider";

/** What a whole server has, as `pg_dumpall --globals` and `pg_dump -s` tell it, and its configuration files. */
export type ServerDump = Readonly<Record<string, unknown>>;

/** Of every database that takes connections; the schema `pgstead` is pgstead's own and left out. */
export async function dumpServer(server: TestServer): Promise<ServerDump> {
  const globals = await runSql(server, globalsSql);
  const names = await runSql(
    server,
    "SELECT datname::text AS name FROM pg_catalog.pg_database WHERE datallowconn ORDER BY 1",
  );
  const databases: Record<string, unknown> = {};
  for (const { name } of names)
    databases[`in ${String(name)}`] = await runSql(server, contentsSql, String(name));
  return { globals, ...databases };
}

const globalsSql = `
  SELECT 'role' AS kind, rolname::text AS name, to_jsonb(a) - 'oid' AS value FROM pg_authid AS a
  UNION ALL SELECT 'member', roleid::regrole || ' ' || member::regrole, to_jsonb(m) - 'oid' FROM pg_auth_members AS m
  UNION ALL SELECT 'settings', setdatabase::text || ' ' || setrole::regrole::text, to_jsonb(setconfig) FROM pg_db_role_setting
  UNION ALL SELECT 'database', datname, to_jsonb(d) - 'datfrozenxid' - 'datminmxid' FROM pg_database AS d
  UNION ALL SELECT 'comment', classoid::regclass || ' ' || objoid, to_jsonb(description) FROM pg_shdescription
  UNION ALL SELECT 'file', name, to_jsonb(pg_read_file(name)) FROM unnest(ARRAY['postgresql.auto.conf', 'pg_hba.conf']) AS name
  ORDER BY 1, 2`;

const contentsSql = `
  WITH own AS (SELECT oid FROM pg_namespace WHERE nspname = 'pgstead' OR nspname ~ '^pg_(toast|temp)')
  SELECT 'schema' AS kind, nspname::text AS name, to_jsonb(n) AS value FROM pg_namespace AS n WHERE oid NOT IN (TABLE own)
  UNION ALL SELECT 'extension', extname, to_jsonb(e) FROM pg_extension AS e
  UNION ALL SELECT 'class', relnamespace::regnamespace || '.' || relname,
      jsonb_build_array(relkind, relowner::regrole, relacl, reloptions, oid) FROM pg_class
    WHERE relnamespace NOT IN (TABLE own) AND relnamespace <> 'pg_catalog'::regnamespace
  UNION ALL SELECT 'column', attrelid::regclass || '.' || attname, to_jsonb(format_type(atttypid, atttypmod))
    FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
    WHERE relnamespace NOT IN (TABLE own) AND relnamespace <> 'pg_catalog'::regnamespace AND attnum > 0
  UNION ALL SELECT 'routine', oid::regprocedure::text, jsonb_build_array(proowner::regrole, proacl, md5(prosrc)) FROM pg_proc
    WHERE pronamespace NOT IN (TABLE own)
  UNION ALL SELECT 'default', defaclrole::regrole || ' ' || defaclnamespace || defaclobjtype::text, to_jsonb(defaclacl)
    FROM pg_default_acl
  UNION ALL SELECT 'event trigger', evtname, to_jsonb(t) FROM pg_event_trigger AS t
  UNION ALL SELECT 'comment', classoid::regclass || ' ' || objoid || ' ' || objsubid, to_jsonb(description) FROM pg_description
  ORDER BY 1, 2`;
