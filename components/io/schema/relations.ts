import {
  inUserSchema,
  joinComment,
  listed,
  notOfExtension,
  privilegesSql,
  qualified,
  relationKey,
  relationKind,
  roleName,
  yes,
} from "./parts";

const ofIndex = (condition: string): string => `(
    SELECT pg_catalog.quote_ident(x.relname)
    FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND ${condition})`;

const parents = (isPartition: boolean): string => `(
    SELECT pg_catalog.string_agg(${qualified("pn.nspname", "p.relname")}, ', ' ORDER BY h.inhseqno)
    FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_class AS p ON p.oid = h.inhparent
    JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
    WHERE h.inhrelid = c.oid AND ${isPartition ? "" : "NOT "}c.relispartition)`;

/** Tables, partitioned, foreign or plain. What is half detached counts as detached. */
export const tablesSql = `
SELECT ${relationKind("c")} AS kind, ${qualified("n.nspname", "c.relname")} AS name,
  ${roleName("c.relowner")} AS owner,
  ${yes("c.relpersistence = 'u'")} AS unlogged,
  CASE WHEN m.amname <> 'heap' THEN m.amname END AS "access method",
  s.spcname AS tablespace,
  ${listed("c.reloptions")} AS options,
  ${listed("t.reloptions")} AS "toast options",
  CASE WHEN c.relrowsecurity THEN 'enabled' END AS "row security",
  ${yes("c.relforcerowsecurity")} AS "row security forced",
  CASE c.relreplident WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' WHEN 'i' THEN coalesce(
    'index ' || ${ofIndex("i.indisreplident")}, 'nothing') END AS "replica identity",
  ${ofIndex("i.indisclustered")} AS "clustered on",
  pg_catalog.format_type(nullif(c.reloftype, 0), NULL) AS "of type",
  CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END AS "partitioned by",
  ${parents(true)} AS "partition of",
  pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound,
  ${parents(false)} AS inherits,
  fs.srvname AS server, ${listed("f.ftoptions")} AS "foreign options",
  note.description AS comment,
  c.oid::bigint AS "$order",
  ${privilegesSql("c.relacl", "c.relowner", "r")}
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = c.reltablespace
LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
LEFT JOIN pg_catalog.pg_foreign_table AS f ON f.ftrelid = c.oid
LEFT JOIN pg_catalog.pg_foreign_server AS fs ON fs.oid = f.ftserver
${joinComment("c.oid", "pg_class")}
WHERE c.relkind IN ('r', 'p', 'f') AND ${inUserSchema("n")} AND ${notOfExtension("c.oid", "pg_class")}
ORDER BY c.oid`;

/** What somebody set. Debian's 17.12 keeps a number of its own beside it (pg_attver), which differs between databases. */
const columnOptions =
  "ARRAY(SELECT o.item FROM pg_catalog.unnest(a.attoptions) AS o (item) WHERE NOT pg_catalog.starts_with(o.item, 'pg_attver='))";

/**
 * Columns in their order, attributes of composite types among them. What a view shows is its definition's to say: of its
 * columns there is only what was said of them.
 */
export const columnsSql = `
SELECT CASE c.relkind WHEN 'c' THEN 'attribute' ELSE 'column' END AS kind,
  pg_catalog.format('%I.%I.%I', n.nspname, c.relname, a.attname) AS name,
  ${relationKey("c", "n")} AS "$of",
  CASE WHEN a.attinhcount > 0 THEN (
    SELECT 'column ' || pg_catalog.format('%I.%I.%I', pn.nspname, p.relname, a.attname)
    FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_class AS p ON p.oid = h.inhparent
    JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
    JOIN pg_catalog.pg_attribute AS pa ON pa.attrelid = p.oid AND pa.attname = a.attname
    WHERE h.inhrelid = c.oid ORDER BY h.inhseqno LIMIT 1) END AS "$from",
  CASE WHEN c.relkind NOT IN ('v', 'm') THEN pg_catalog.format_type(a.atttypid, a.atttypmod) END AS type,
  CASE WHEN c.relkind NOT IN ('v', 'm') AND a.attcollation NOT IN (0, t.typcollation) THEN (
    SELECT ${qualified("cn.nspname", "co.collname")} FROM pg_catalog.pg_collation AS co
    JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) END AS collation,
  ${yes("a.attnotnull")} AS "not null",
  CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS "default",
  CASE WHEN a.attgenerated <> '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END AS generated,
  CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END AS "generated kind",
  CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
  CASE WHEN c.relkind NOT IN ('v', 'c') AND a.attstorage <> t.typstorage THEN CASE a.attstorage
    WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END AS storage,
  CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,
  nullif(a.attstattarget, -1)::text AS "statistics target",
  ${listed(columnOptions)} AS options, ${listed("a.attfdwoptions")} AS "foreign options",
  CASE WHEN a.attinhcount > 0 AND a.attislocal AND NOT c.relispartition THEN 'yes' END AS "also its own",
  note.description AS comment,
  CASE t.typstorage WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END AS "$storage",
  ${yes("a.attinhcount > 0 AND NOT a.attislocal")} AS "$inherited",
  ${privilegesSql("a.attacl", "c.relowner", undefined)}
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
${joinComment("a.attrelid", "pg_class", "a.attnum")}
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
  AND ${inUserSchema("n")} AND ${notOfExtension("c.oid", "pg_class")}
  AND (c.relkind IN ('r', 'p', 'f', 'c') OR a.attacl IS NOT NULL OR d.oid IS NOT NULL OR note.description IS NOT NULL
    OR nullif(a.attstattarget, -1) IS NOT NULL OR ${listed(columnOptions)} IS NOT NULL OR a.attcompression <> ''
    OR c.relkind = 'm' AND a.attstorage <> t.typstorage)
ORDER BY a.attrelid, a.attnum`;

/** Views of both kinds. Whether a materialized one is filled is its rows' matter. */
export const viewsSql = `
SELECT ${relationKind("c")} AS kind, ${qualified("n.nspname", "c.relname")} AS name,
  pg_catalog.pg_get_viewdef(c.oid) AS definition,
  ${roleName("c.relowner")} AS owner,
  CASE WHEN m.amname <> 'heap' THEN m.amname END AS "access method",
  s.spcname AS tablespace,
  ${listed("c.reloptions")} AS options,
  ${ofIndex("i.indisclustered")} AS "clustered on",
  note.description AS comment,
  c.oid::bigint AS "$order",
  (SELECT pg_catalog.string_agg(pg_catalog.format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)),
     ', ' ORDER BY a.attnum)
   FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS "$columns",
  ${privilegesSql("c.relacl", "c.relowner", "r")}
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = c.reltablespace
${joinComment("c.oid", "pg_class")}
WHERE c.relkind IN ('v', 'm') AND ${inUserSchema("n")} AND ${notOfExtension("c.oid", "pg_class")}
ORDER BY c.oid`;

/** Sequences without where they stand; those of identity columns go with their column. */
export const sequencesSql = `
SELECT 'sequence' AS kind, ${qualified("n.nspname", "c.relname")} AS name,
  CASE WHEN o.deptype = 'i' THEN 'column ' || o.name END AS "$of",
  pg_catalog.format_type(s.seqtypid, NULL) AS type,
  s.seqstart::text AS start, s.seqincrement::text AS increment, s.seqmin::text AS minimum, s.seqmax::text AS maximum,
  s.seqcache::text AS cache, ${yes("s.seqcycle")} AS cycle,
  o.name AS "owned by",
  ${yes("c.relpersistence = 'u'")} AS unlogged,
  -- That of a column has the owner of its table.
  CASE WHEN o.name IS NULL THEN ${roleName("c.relowner")} END AS owner,
  note.description AS comment,
  c.oid::bigint AS "$order",
  ${privilegesSql("c.relacl", "c.relowner", "s")}
FROM pg_catalog.pg_sequence AS s JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
  SELECT d.deptype, pg_catalog.format('%I.%I.%I', tn.nspname, t.relname, a.attname) AS name
  FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_class AS t ON t.oid = d.refobjid
  JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
  WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0 LIMIT 1) AS o ON true
${joinComment("c.oid", "pg_class")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("c.oid", "pg_class")}
ORDER BY c.oid`;
