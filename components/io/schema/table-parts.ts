import {
  inUserSchema,
  joinComment,
  listed,
  notOfExtension,
  qualified,
  relationKey,
  roleName,
  routineName,
} from "./parts";

/** The key of an index's parent index. */
const parentIndex = `(
    SELECT 'index ' || ${qualified("pn.nspname", "p.relname")}
    FROM pg_catalog.pg_inherits AS h JOIN pg_catalog.pg_class AS p ON p.oid = h.inhparent
    JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace WHERE h.inhrelid = x.oid)`;

/**
 * Constraints of tables and domains. What a table has from its parents is theirs to say, and NOT NULL is a column's;
 * the server's own triggers go with them.
 */
export const constraintsSql = `
SELECT 'constraint' AS kind,
  pg_catalog.format('%I on %s', k.conname, CASE WHEN c.oid IS NOT NULL THEN ${qualified("n.nspname", "c.relname")}
    ELSE ${qualified("tn.nspname", "t.typname")} END) AS name,
  CASE WHEN c.oid IS NOT NULL THEN ${relationKey("c", "n")} ELSE 'domain ' || ${qualified("tn.nspname", "t.typname")} END AS "$of",
  pg_catalog.pg_get_constraintdef(k.oid) AS definition,
  note.description AS comment,
  pg_catalog.quote_ident(k.conname) AS "$own name", k.contype AS "$type"
FROM pg_catalog.pg_constraint AS k
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid
LEFT JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.typnamespace
${joinComment("k.oid", "pg_constraint")}
WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') AND k.coninhcount = 0
  AND (${inUserSchema("n")} OR ${inUserSchema("tn")})
  AND ${notOfExtension("k.conrelid", "pg_class")} AND ${notOfExtension("k.contypid", "pg_type")}
ORDER BY k.oid`;

/** Indexes; what that of a constraint is, the constraint says. */
export const indexesSql = `
SELECT 'index' AS kind, ${qualified("n.nspname", "x.relname")} AS name,
  CASE WHEN k.oid IS NULL THEN ${relationKey("c", "cn")}
    ELSE 'constraint ' || pg_catalog.format('%I on %s', k.conname, ${qualified("cn.nspname", "c.relname")}) END AS "$of",
  ${parentIndex} AS "$from",
  CASE WHEN k.oid IS NULL THEN pg_catalog.pg_get_indexdef(x.oid) END AS definition,
  CASE WHEN NOT i.indisvalid THEN 'no' END AS valid,
  CASE WHEN k.oid IS NOT NULL THEN ${listed("x.reloptions")} END AS options,
  s.spcname AS tablespace,
  (SELECT pg_catalog.string_agg(a.attnum || ': ' || a.attstattarget, ', ' ORDER BY a.attnum)
   FROM pg_catalog.pg_attribute AS a
   WHERE a.attrelid = x.oid AND a.attnum > 0 AND nullif(a.attstattarget, -1) IS NOT NULL) AS "statistics targets",
  note.description AS comment,
  ${relationKey("c", "cn")} AS "$table", x.oid::bigint AS "$order"
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = x.relnamespace
JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_constraint AS k ON k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')
  AND k.conrelid = i.indrelid AND k.coninhcount = 0
LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid = x.reltablespace
${joinComment("x.oid", "pg_class")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("c.oid", "pg_class")} AND ${notOfExtension("x.oid", "pg_class")}
ORDER BY x.oid`;

const fires = (column: string): string =>
  `CASE ${column} WHEN 'D' THEN 'no' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END`;

/** Triggers; those that partitions have from their parent are told with it, unless they differ. */
export const triggersSql = `
SELECT 'trigger' AS kind, pg_catalog.format('%I on %s', g.tgname, ${qualified("n.nspname", "c.relname")}) AS name,
  ${relationKey("c", "n")} AS "$of",
  (SELECT 'trigger ' || pg_catalog.format('%I on %s', pg.tgname, ${qualified("pn.nspname", "p.relname")})
   FROM pg_catalog.pg_trigger AS pg JOIN pg_catalog.pg_class AS p ON p.oid = pg.tgrelid
   JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace WHERE pg.oid = g.tgparentid) AS "$from",
  pg_catalog.pg_get_triggerdef(g.oid) AS definition,
  ${fires("g.tgenabled")} AS fires,
  note.description AS comment,
  pg_catalog.quote_ident(g.tgname) AS "$own name"
FROM pg_catalog.pg_trigger AS g
JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
${joinComment("g.oid", "pg_trigger")}
WHERE (NOT g.tgisinternal OR g.tgparentid <> 0 AND EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS pg WHERE pg.oid = g.tgparentid AND NOT pg.tgisinternal))
  AND ${inUserSchema("n")} AND ${notOfExtension("c.oid", "pg_class")} AND ${notOfExtension("g.oid", "pg_trigger")}
ORDER BY g.oid`;

/** Rules, without those that are a view's definition. */
export const rulesSql = `
SELECT 'rule' AS kind, pg_catalog.format('%I on %s', r.rulename, ${qualified("n.nspname", "c.relname")}) AS name,
  ${relationKey("c", "n")} AS "$of",
  pg_catalog.pg_get_ruledef(r.oid) AS definition,
  ${fires("r.ev_enabled")} AS fires,
  note.description AS comment,
  pg_catalog.quote_ident(r.rulename) AS "$own name"
FROM pg_catalog.pg_rewrite AS r
JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
${joinComment("r.oid", "pg_rewrite")}
WHERE r.rulename <> '_RETURN' AND ${inUserSchema("n")} AND ${notOfExtension("c.oid", "pg_class")}
ORDER BY r.oid`;

export const policiesSql = `
SELECT 'policy' AS kind, pg_catalog.format('%I on %s', p.polname, ${qualified("n.nspname", "c.relname")}) AS name,
  ${relationKey("c", "n")} AS "$of",
  CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
    ELSE 'ALL' END AS command,
  CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END AS "kind of policy",
  (SELECT pg_catalog.string_agg(CASE r.role WHEN 0 THEN 'PUBLIC' ELSE ${roleName("r.role")} END, ', '
     ORDER BY CASE r.role WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(r.role)::text END)
   FROM pg_catalog.unnest(p.polroles) AS r (role)) AS roles,
  pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS using,
  pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS "with check",
  note.description AS comment,
  pg_catalog.quote_ident(p.polname) AS "$own name"
FROM pg_catalog.pg_policy AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
${joinComment("p.oid", "pg_policy")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("c.oid", "pg_class")}
ORDER BY p.oid`;

/** Extended statistics: what they are of, not what was counted. */
export const statisticsSql = `
SELECT 'statistics' AS kind, ${qualified("n.nspname", "s.stxname")} AS name,
  ${relationKey("c", "cn")} AS "$of",
  pg_catalog.pg_get_statisticsobjdef(s.oid) AS definition,
  nullif(s.stxstattarget, -1)::text AS "statistics target",
  ${roleName("s.stxowner")} AS owner,
  note.description AS comment
FROM pg_catalog.pg_statistic_ext AS s
JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
JOIN pg_catalog.pg_class AS c ON c.oid = s.stxrelid
JOIN pg_catalog.pg_namespace AS cn ON cn.oid = c.relnamespace
${joinComment("s.oid", "pg_statistic_ext")}
WHERE ${inUserSchema("n")} AND ${notOfExtension("s.oid", "pg_statistic_ext")}
ORDER BY s.oid`;

export const eventTriggersSql = `
SELECT 'event trigger' AS kind, pg_catalog.quote_ident(t.evtname) AS name,
  t.evtevent AS event, ${routineName("t.evtfoid")} AS function, ${listed("t.evttags")} AS tags,
  ${fires("t.evtenabled")} AS fires, ${roleName("t.evtowner")} AS owner, note.description AS comment
FROM pg_catalog.pg_event_trigger AS t
${joinComment("t.oid", "pg_event_trigger")}
WHERE ${notOfExtension("t.oid", "pg_event_trigger")}`;
