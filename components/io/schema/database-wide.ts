import {
  inUserSchema,
  joinComment,
  listed,
  notOfExtension,
  privilegesSql,
  qualified,
  roleName,
  yes,
} from "./parts";

/** The database itself: its name is not compared, as that of a scratch database is another one. */
export const databaseSql = `
SELECT 'database' AS kind, 'itself' AS name,
  (SELECT pg_catalog.shobj_description(d.oid, 'pg_database')) AS comment,
  ${roleName("d.datdba")} AS owner,
  (SELECT ${listed("s.setconfig")} FROM pg_catalog.pg_db_role_setting AS s
   WHERE s.setdatabase = d.oid AND s.setrole = 0) AS settings,
  ${privilegesSql("d.datacl", "d.datdba", "d")}
FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()`;

/** What `ALTER ROLE … IN DATABASE … SET` says for this database. */
export const roleSettingsSql = `
SELECT 'role settings' AS kind, ${roleName("s.setrole")} AS name, ${listed("s.setconfig")} AS settings
FROM pg_catalog.pg_db_role_setting AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase
WHERE d.datname = pg_catalog.current_database() AND s.setrole <> 0`;

export const schemasSql = `
SELECT 'schema' AS kind, pg_catalog.quote_ident(n.nspname) AS name, ${roleName("n.nspowner")} AS owner,
  note.description AS comment, ${privilegesSql("n.nspacl", "n.nspowner", "n")}
FROM pg_catalog.pg_namespace AS n
${joinComment("n.oid", "pg_namespace")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("n.oid", "pg_namespace")}`;

export const extensionsSql = `
SELECT 'extension' AS kind, pg_catalog.quote_ident(e.extname) AS name, e.extversion AS version,
  pg_catalog.quote_ident(n.nspname) AS schema, note.description AS comment
FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
${joinComment("e.oid", "pg_extension")}`;

/** For whom and where, and what the objects that he makes there have. */
export const defaultPrivilegesSql = `
SELECT 'default privileges' AS kind,
  pg_catalog.format('for %s%s on %s', ${roleName("d.defaclrole")},
    coalesce(' in ' || pg_catalog.quote_ident(n.nspname), ''),
    CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
      WHEN 'n' THEN 'schemas' WHEN 'L' THEN 'large objects' END) AS name,
  (SELECT pg_catalog.json_object_agg(x.grantee, x.has ORDER BY x.grantee) FROM (
     SELECT CASE i.grantee WHEN 0 THEN 'PUBLIC' ELSE ${roleName("i.grantee")} END AS grantee,
       pg_catalog.string_agg(i.privilege_type || CASE WHEN i.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', '
         ORDER BY i.privilege_type) AS has
     FROM pg_catalog.aclexplode(d.defaclacl) AS i GROUP BY i.grantee) AS x) AS "$privileges"
FROM pg_catalog.pg_default_acl AS d LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace`;

/** What is published of which tables, by each property that this version has. */
export function publicationsSql(version: number): string {
  const hasParts = version >= 150_000;
  const part = hasParts
    ? `|| coalesce(' (' || (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum)
         FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum = ANY (r.prattrs)) || ')', '')
       || coalesce(' WHERE ' || pg_catalog.pg_get_expr(r.prqual, c.oid), '')`
    : "";
  const schemas = hasParts
    ? `(SELECT pg_catalog.string_agg(pg_catalog.quote_ident(sn.nspname), ', ' ORDER BY sn.nspname)
        FROM pg_catalog.pg_publication_namespace AS s JOIN pg_catalog.pg_namespace AS sn ON sn.oid = s.pnnspid
        WHERE s.pnpubid = p.oid)`
    : "NULL::pg_catalog.text";
  return `
SELECT 'publication' AS kind, pg_catalog.quote_ident(p.pubname) AS name,
  ${yes("p.puballtables")} AS "all tables",
  pg_catalog.concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
    CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publishes,
  ${yes("p.pubviaroot")} AS "by the root",
  ${version >= 180_000 ? "nullif(p.pubgencols, 'n')::text" : "NULL::pg_catalog.text"} AS "generated columns",
  (SELECT pg_catalog.string_agg(${qualified("n.nspname", "c.relname")} ${part}, ', ' ORDER BY n.nspname, c.relname)
   FROM pg_catalog.pg_publication_rel AS r JOIN pg_catalog.pg_class AS c ON c.oid = r.prrelid
   JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE r.prpubid = p.oid) AS tables,
  ${schemas} AS schemas,
  ${roleName("p.pubowner")} AS owner, note.description AS comment
FROM pg_catalog.pg_publication AS p
${joinComment("p.oid", "pg_publication")}
WHERE ${notOfExtension("p.oid", "pg_publication")}`;
}

/** Subscriptions without how they connect, which holds a password and is a superuser's to read. */
export const subscriptionsSql = `
SELECT 'subscription' AS kind, pg_catalog.quote_ident(s.subname) AS name,
  CASE WHEN NOT s.subenabled THEN 'no' END AS enabled, ${listed("s.subpublications")} AS publications,
  s.subslotname AS slot, s.subsynccommit AS "synchronous commit", s.subbinary::text AS binary, s.substream::text AS streaming,
  ${roleName("s.subowner")} AS owner, note.description AS comment
FROM pg_catalog.pg_subscription AS s
${joinComment("s.oid", "pg_subscription")}
WHERE s.subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())`;
