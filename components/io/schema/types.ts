import {
  inUserSchema,
  joinComment,
  listed,
  notInternal,
  notOfExtension,
  privilegesSql,
  qualified,
  roleName,
  routineName,
  yes,
} from "./parts";

/** The name of a collation where it is not the type's own. */
const collationName = (oid: string): string => `(
    SELECT ${qualified("cn.nspname", "co.collname")} FROM pg_catalog.pg_collation AS co
    JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace WHERE co.oid = ${oid})`;

/** Of a base type alone: its functions; those of others are the server's. */
const ofBase = (column: string): string => `CASE WHEN t.typtype = 'b' THEN ${routineName(column)} END`;

/** Types that somebody made; array types, row types of tables and multiranges come with what they are of. */
export const typesSql = `
SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END AS kind, ${qualified("n.nspname", "t.typname")} AS name,
  CASE t.typtype WHEN 'b' THEN 'base' WHEN 'c' THEN 'composite' WHEN 'e' THEN 'enum' WHEN 'r' THEN 'range'
    WHEN 'p' THEN 'shell' END AS "kind of type",
  (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
   FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid) AS labels,
  CASE WHEN t.typtype = 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END AS type,
  CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation THEN ${collationName("t.typcollation")} END AS collation,
  CASE WHEN t.typtype = 'd' THEN coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault) ELSE t.typdefault END
    AS "default",
  ${yes("t.typnotnull")} AS "not null",
  pg_catalog.format_type(r.rngsubtype, NULL) AS subtype,
  (SELECT ${qualified("xn.nspname", "x.opcname")} FROM pg_catalog.pg_opclass AS x
   JOIN pg_catalog.pg_namespace AS xn ON xn.oid = x.opcnamespace WHERE x.oid = r.rngsubopc) AS "operator class",
  ${collationName("r.rngcollation")} AS "range collation",
  ${routineName("r.rngcanonical")} AS canonical, ${routineName("r.rngsubdiff")} AS difference,
  pg_catalog.format_type(r.rngmultitypid, NULL) AS multirange,
  ${ofBase("t.typinput")} AS input, ${ofBase("t.typoutput")} AS output, ${ofBase("t.typreceive")} AS receive,
  ${ofBase("t.typsend")} AS send, ${ofBase("t.typmodin")} AS "modifier input", ${ofBase("t.typmodout")} AS "modifier output",
  ${ofBase("t.typanalyze")} AS analyze,
  CASE WHEN t.typtype = 'b' THEN pg_catalog.concat_ws(' ', t.typlen, t.typalign, t.typstorage, t.typcategory,
    t.typispreferred, t.typbyval, t.typdelim) END AS "storage and category",
  ${roleName("t.typowner")} AS owner,
  note.description AS comment,
  t.oid::bigint AS "$order",
  ${privilegesSql("t.typacl", "t.typowner", "T")}
FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
LEFT JOIN pg_catalog.pg_range AS r ON r.rngtypid = t.oid
${joinComment("t.oid", "pg_type")}
WHERE t.typtype IN ('b', 'c', 'd', 'e', 'r', 'p') AND (t.typrelid = 0 OR c.relkind = 'c')
  AND ${inUserSchema("n")} AND ${notOfExtension("t.oid", "pg_type")} AND ${notInternal("t.oid", "pg_type")}
ORDER BY t.oid`;

/** Collations as they are declared. Of which version the system's is, is the machine's matter. */
export function collationsSql(version: number): string {
  const locale =
    version >= 170_000 ? "c.colllocale" : version >= 150_000 ? "c.colliculocale" : "NULL::pg_catalog.text";
  return `
SELECT 'collation' AS kind, ${qualified("n.nspname", "c.collname")} AS name,
  CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'c' THEN 'libc' WHEN 'b' THEN 'builtin' ELSE 'default' END AS provider,
  c.collcollate AS "LC_COLLATE", c.collctype AS "LC_CTYPE", ${locale} AS locale,
  ${version >= 160_000 ? "c.collicurules" : "NULL::pg_catalog.text"} AS rules,
  ${yes("NOT c.collisdeterministic")} AS nondeterministic,
  ${roleName("c.collowner")} AS owner, note.description AS comment
FROM pg_catalog.pg_collation AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.collnamespace
${joinComment("c.oid", "pg_collation")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("c.oid", "pg_collation")}`;
}

export const conversionsSql = `
SELECT 'conversion' AS kind, ${qualified("n.nspname", "c.conname")} AS name,
  pg_catalog.pg_encoding_to_char(c.conforencoding) AS "from encoding",
  pg_catalog.pg_encoding_to_char(c.contoencoding) AS "to encoding",
  ${routineName("c.conproc")} AS function, ${yes("c.condefault")} AS "default",
  ${roleName("c.conowner")} AS owner, note.description AS comment
FROM pg_catalog.pg_conversion AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.connamespace
${joinComment("c.oid", "pg_conversion")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("c.oid", "pg_conversion")}`;

export const textSearchSql = [
  `
SELECT 'text search configuration' AS kind, ${qualified("n.nspname", "c.cfgname")} AS name,
  (SELECT ${qualified("pn.nspname", "p.prsname")} FROM pg_catalog.pg_ts_parser AS p
   JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.prsnamespace WHERE p.oid = c.cfgparser) AS parser,
  (SELECT pg_catalog.string_agg(m.token || ': ' || m.dictionaries, '; ' ORDER BY m.token) FROM (
     SELECT (SELECT t.alias FROM pg_catalog.ts_token_type(c.cfgparser) AS t WHERE t.tokid = m.maptokentype) AS token,
       pg_catalog.string_agg(${qualified("dn.nspname", "d.dictname")}, ', ' ORDER BY m.mapseqno) AS dictionaries
     FROM pg_catalog.pg_ts_config_map AS m JOIN pg_catalog.pg_ts_dict AS d ON d.oid = m.mapdict
     JOIN pg_catalog.pg_namespace AS dn ON dn.oid = d.dictnamespace
     WHERE m.mapcfg = c.oid GROUP BY m.maptokentype) AS m) AS mapping,
  ${roleName("c.cfgowner")} AS owner, note.description AS comment
FROM pg_catalog.pg_ts_config AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.cfgnamespace
${joinComment("c.oid", "pg_ts_config")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("c.oid", "pg_ts_config")}`,
  `
SELECT 'text search dictionary' AS kind, ${qualified("n.nspname", "d.dictname")} AS name,
  (SELECT ${qualified("tn.nspname", "t.tmplname")} FROM pg_catalog.pg_ts_template AS t
   JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.tmplnamespace WHERE t.oid = d.dicttemplate) AS template,
  d.dictinitoption AS options, ${roleName("d.dictowner")} AS owner, note.description AS comment
FROM pg_catalog.pg_ts_dict AS d JOIN pg_catalog.pg_namespace AS n ON n.oid = d.dictnamespace
${joinComment("d.oid", "pg_ts_dict")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("d.oid", "pg_ts_dict")}`,
  `
SELECT 'text search parser' AS kind, ${qualified("n.nspname", "p.prsname")} AS name,
  pg_catalog.concat_ws(', ', p.prsstart::pg_catalog.oid::pg_catalog.regprocedure,
    p.prstoken::pg_catalog.oid::pg_catalog.regprocedure, p.prsend::pg_catalog.oid::pg_catalog.regprocedure,
    p.prslextype::pg_catalog.oid::pg_catalog.regprocedure, ${routineName("p.prsheadline::pg_catalog.oid")}) AS functions,
  note.description AS comment
FROM pg_catalog.pg_ts_parser AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.prsnamespace
${joinComment("p.oid", "pg_ts_parser")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("p.oid", "pg_ts_parser")}`,
  `
SELECT 'text search template' AS kind, ${qualified("n.nspname", "t.tmplname")} AS name,
  ${routineName("t.tmplinit::pg_catalog.oid")} AS init, ${routineName("t.tmpllexize::pg_catalog.oid")} AS lexize,
  note.description AS comment
FROM pg_catalog.pg_ts_template AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = t.tmplnamespace
${joinComment("t.oid", "pg_ts_template")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("t.oid", "pg_ts_template")}`,
];

/** Foreign data. What a user mapping holds may be a password: it is not read. */
export const foreignSql = [
  `
SELECT 'foreign data wrapper' AS kind, pg_catalog.quote_ident(w.fdwname) AS name,
  ${routineName("w.fdwhandler")} AS handler, ${routineName("w.fdwvalidator")} AS validator,
  ${listed("w.fdwoptions")} AS options, ${roleName("w.fdwowner")} AS owner, note.description AS comment,
  ${privilegesSql("w.fdwacl", "w.fdwowner", "F")}
FROM pg_catalog.pg_foreign_data_wrapper AS w
${joinComment("w.oid", "pg_foreign_data_wrapper")}
WHERE ${notOfExtension("w.oid", "pg_foreign_data_wrapper")}`,
  `
SELECT 'foreign server' AS kind, pg_catalog.quote_ident(s.srvname) AS name,
  pg_catalog.quote_ident(w.fdwname) AS wrapper, s.srvtype AS type, s.srvversion AS version,
  ${listed("s.srvoptions")} AS options, ${roleName("s.srvowner")} AS owner, note.description AS comment,
  ${privilegesSql("s.srvacl", "s.srvowner", "S")}
FROM pg_catalog.pg_foreign_server AS s JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
${joinComment("s.oid", "pg_foreign_server")}
WHERE ${notOfExtension("s.oid", "pg_foreign_server")}`,
  `
SELECT 'user mapping' AS kind,
  pg_catalog.format('for %s on %I', CASE m.umuser WHEN 0 THEN 'PUBLIC' ELSE ${roleName("m.umuser")} END, m.srvname) AS name,
  'foreign server ' || pg_catalog.quote_ident(m.srvname) AS "$of"
FROM pg_catalog.pg_user_mappings AS m`,
];
