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

const signature = `pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes))`;

/** Functions and procedures, each property by itself: what was changed is then named. */
export const functionsSql = `
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind, ${signature} AS name,
  pg_catalog.pg_get_function_arguments(p.oid) AS arguments,
  pg_catalog.pg_get_function_result(p.oid) AS result,
  l.lanname AS language,
  coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc) AS body,
  p.probin AS library,
  CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' END AS volatility,
  CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END AS parallel,
  ${yes("p.proisstrict")} AS strict, ${yes("p.prosecdef")} AS "security definer", ${yes("p.proleakproof")} AS leakproof,
  ${yes("p.prokind = 'w'")} AS window,
  p.procost::text AS cost, nullif(p.prorows, 0)::text AS rows,
  ${routineName("p.prosupport::pg_catalog.oid")} AS support,
  ${listed("p.proconfig")} AS settings,
  (SELECT pg_catalog.string_agg(pg_catalog.format_type(f.type, NULL), ', ' ORDER BY f.place)
   FROM pg_catalog.unnest(p.protrftypes) WITH ORDINALITY AS f (type, place)) AS transforms,
  ${roleName("p.proowner")} AS owner,
  note.description AS comment,
  pg_catalog.pg_get_functiondef(p.oid) AS "$create",
  p.oid::bigint AS "$order",
  ${privilegesSql("p.proacl", "p.proowner", "f")}
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
${joinComment("p.oid", "pg_proc")}
WHERE p.prokind IN ('f', 'p', 'w') AND ${inUserSchema("n")}
  AND ${notOfExtension("p.oid", "pg_proc")} AND ${notInternal("p.oid", "pg_proc")}
ORDER BY p.oid`;

export const aggregatesSql = `
SELECT 'aggregate' AS kind, ${signature} AS name,
  pg_catalog.pg_get_function_result(p.oid) AS result,
  CASE a.aggkind WHEN 'o' THEN 'ordered set' WHEN 'h' THEN 'hypothetical set' END AS "kind of aggregate",
  pg_catalog.pg_get_function_arguments(p.oid) AS arguments,
  ${routineName("a.aggtransfn::pg_catalog.oid")} AS "state function",
  pg_catalog.format_type(a.aggtranstype, NULL) AS "state type", nullif(a.aggtransspace, 0)::text AS "state space",
  a.agginitval AS "initial value",
  ${routineName("a.aggfinalfn::pg_catalog.oid")} AS "final function", ${yes("a.aggfinalextra")} AS "final extra",
  nullif(a.aggfinalmodify, 'r')::text AS "final modifies",
  ${routineName("a.aggcombinefn::pg_catalog.oid")} AS "combine function",
  ${routineName("a.aggserialfn::pg_catalog.oid")} AS "serial function",
  ${routineName("a.aggdeserialfn::pg_catalog.oid")} AS "deserial function",
  ${routineName("a.aggmtransfn::pg_catalog.oid")} AS "moving state function",
  ${routineName("a.aggminvtransfn::pg_catalog.oid")} AS "moving inverse function",
  ${routineName("a.aggmfinalfn::pg_catalog.oid")} AS "moving final function",
  pg_catalog.format_type(nullif(a.aggmtranstype, 0), NULL) AS "moving state type", a.aggminitval AS "moving initial value",
  nullif(a.aggsortop, 0)::pg_catalog.regoperator::text AS "sort operator",
  CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' END AS parallel,
  ${roleName("p.proowner")} AS owner, note.description AS comment,
  ${privilegesSql("p.proacl", "p.proowner", "f")}
FROM pg_catalog.pg_aggregate AS a
JOIN pg_catalog.pg_proc AS p ON p.oid = a.aggfnoid
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
${joinComment("p.oid", "pg_proc")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("p.oid", "pg_proc")}
ORDER BY p.oid`;

/** What an operator class or family holds: its operators and support functions. */
const members = (family: string): string => `
  (SELECT pg_catalog.string_agg(pg_catalog.format('%s %s%s', o.amopstrategy, o.amopopr::pg_catalog.regoperator,
     CASE o.amoppurpose WHEN 'o' THEN ' for ordering' ELSE '' END), ', '
     ORDER BY o.amopstrategy, o.amopopr::pg_catalog.regoperator::text)
   FROM pg_catalog.pg_amop AS o WHERE o.amopfamily = ${family}) AS operators,
  (SELECT pg_catalog.string_agg(pg_catalog.format('%s %s', f.amprocnum, f.amproc::pg_catalog.oid::pg_catalog.regprocedure),
     ', ' ORDER BY f.amprocnum, f.amproc::pg_catalog.oid::pg_catalog.regprocedure::text)
   FROM pg_catalog.pg_amproc AS f WHERE f.amprocfamily = ${family}) AS functions`;

export const operatorsSql = [
  `
SELECT 'operator' AS kind,
  pg_catalog.format('%I.%s(%s, %s)', n.nspname, o.oprname,
    CASE o.oprleft WHEN 0 THEN 'NONE' ELSE pg_catalog.format_type(o.oprleft, NULL) END,
    CASE o.oprright WHEN 0 THEN 'NONE' ELSE pg_catalog.format_type(o.oprright, NULL) END) AS name,
  pg_catalog.format_type(o.oprresult, NULL) AS result, ${routineName("o.oprcode::pg_catalog.oid")} AS function,
  nullif(o.oprcom, 0)::pg_catalog.regoperator::text AS commutator,
  nullif(o.oprnegate, 0)::pg_catalog.regoperator::text AS negator,
  ${routineName("o.oprrest::pg_catalog.oid")} AS "restriction estimate",
  ${routineName("o.oprjoin::pg_catalog.oid")} AS "join estimate",
  ${yes("o.oprcanhash")} AS hashes, ${yes("o.oprcanmerge")} AS merges,
  ${roleName("o.oprowner")} AS owner, note.description AS comment
FROM pg_catalog.pg_operator AS o JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
${joinComment("o.oid", "pg_operator")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("o.oid", "pg_operator")}`,
  `
SELECT 'operator family' AS kind, pg_catalog.format('%I.%I using %I', n.nspname, f.opfname, m.amname) AS name,
  ${members("f.oid")}, ${roleName("f.opfowner")} AS owner, note.description AS comment
FROM pg_catalog.pg_opfamily AS f JOIN pg_catalog.pg_namespace AS n ON n.oid = f.opfnamespace
JOIN pg_catalog.pg_am AS m ON m.oid = f.opfmethod
${joinComment("f.oid", "pg_opfamily")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("f.oid", "pg_opfamily")}`,
  `
SELECT 'operator class' AS kind, pg_catalog.format('%I.%I using %I', n.nspname, c.opcname, m.amname) AS name,
  pg_catalog.format_type(c.opcintype, NULL) AS type, ${yes("c.opcdefault")} AS "default",
  pg_catalog.format_type(nullif(c.opckeytype, 0), NULL) AS storage,
  ${qualified("fn.nspname", "f.opfname")} AS family,
  ${roleName("c.opcowner")} AS owner, note.description AS comment
FROM pg_catalog.pg_opclass AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.opcnamespace
JOIN pg_catalog.pg_am AS m ON m.oid = c.opcmethod
JOIN pg_catalog.pg_opfamily AS f ON f.oid = c.opcfamily JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.opfnamespace
${joinComment("c.oid", "pg_opclass")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("c.oid", "pg_opclass")}`,
  // Objects below this number are those that every database is born with (FirstNormalObjectId).
  `
SELECT 'cast' AS kind,
  pg_catalog.format('(%s AS %s)', pg_catalog.format_type(c.castsource, NULL), pg_catalog.format_type(c.casttarget, NULL)) AS name,
  coalesce(${routineName("c.castfunc")}, CASE c.castmethod WHEN 'i' THEN 'by input and output' ELSE 'without function' END)
    AS function,
  CASE c.castcontext WHEN 'i' THEN 'implicit' WHEN 'a' THEN 'assignment' ELSE 'explicit' END AS context,
  note.description AS comment
FROM pg_catalog.pg_cast AS c
${joinComment("c.oid", "pg_cast")}
WHERE c.oid >= 16384 AND ${notOfExtension("c.oid", "pg_cast")} AND ${notInternal("c.oid", "pg_cast")}`,
  `
SELECT 'transform' AS kind, pg_catalog.format('for %s in %I', pg_catalog.format_type(t.trftype, NULL), l.lanname) AS name,
  ${routineName("t.trffromsql::pg_catalog.oid")} AS "from SQL", ${routineName("t.trftosql::pg_catalog.oid")} AS "to SQL"
FROM pg_catalog.pg_transform AS t JOIN pg_catalog.pg_language AS l ON l.oid = t.trflang
WHERE ${notOfExtension("t.oid", "pg_transform")}`,
  `
SELECT 'access method' AS kind, pg_catalog.quote_ident(m.amname) AS name,
  CASE m.amtype WHEN 't' THEN 'table' ELSE 'index' END AS type, ${routineName("m.amhandler::pg_catalog.oid")} AS handler
FROM pg_catalog.pg_am AS m WHERE m.oid >= 16384 AND ${notOfExtension("m.oid", "pg_am")}`,
  `
SELECT 'language' AS kind, pg_catalog.quote_ident(l.lanname) AS name, ${yes("l.lanpltrusted")} AS trusted,
  ${routineName("l.lanplcallfoid")} AS handler, ${routineName("l.laninline")} AS inline,
  ${routineName("l.lanvalidator")} AS validator,
  -- PL/pgSQL is of an extension that every database has from its birth, and then of whoever ran initdb (role 10).
  CASE WHEN l.lanname <> 'plpgsql' OR l.lanowner <> 10 THEN ${roleName("l.lanowner")} END AS owner,
  note.description AS comment, ${privilegesSql("l.lanacl", "l.lanowner", "l")}
FROM pg_catalog.pg_language AS l
${joinComment("l.oid", "pg_language")}
WHERE l.lanispl AND (l.lanname = 'plpgsql' OR ${notOfExtension("l.oid", "pg_language")})`,
];
