/** Schemas whose content is nobody's to declare; that of pgstead has its own versions. */
export const inUserSchema = (namespace: string): string =>
  `${namespace}.nspname !~ '^pg_' AND ${namespace}.nspname NOT IN ('information_schema', 'pgstead')`;

/** Members of an extension are the extension's. */
export const notOfExtension = (oid: string, catalog: string): string =>
  `${oid} NOT IN (SELECT e.objid FROM pg_catalog.pg_depend AS e
    WHERE e.deptype = 'e' AND e.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass)`;

/** What belongs to another object and was never made by itself. */
export const notInternal = (oid: string, catalog: string): string =>
  `${oid} NOT IN (SELECT e.objid FROM pg_catalog.pg_depend AS e
    WHERE e.deptype = 'i' AND e.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass)`;

/** The comment of an object, from a join: a call for each of thousands takes longer. */
export const joinComment = (oid: string, catalog: string, number = "0"): string =>
  `LEFT JOIN pg_catalog.pg_description AS note ON note.objoid = ${oid} AND note.objsubid = ${number}
    AND note.classoid = 'pg_catalog.${catalog}'::pg_catalog.regclass`;

/** The name of a role as SQL takes it. */
export const roleName = (oid: string): string => `pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(${oid}))`;

/** `app.orders`, quoted where it has to be. */
export const qualified = (namespace: string, name: string): string =>
  `pg_catalog.format('%I.%I', ${namespace}, ${name})`;

/** The key of a relation from its row of pg_class and of pg_namespace. */
export const relationKey = (relation: string, namespace: string): string =>
  `${relationKind(relation)} || ' ' || ${qualified(`${namespace}.nspname`, `${relation}.relname`)}`;

/** What people call a relation. */
export const relationKind = (relation: string): string =>
  `CASE ${relation}.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
    WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'type' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'table' END`;

/** A list in its own order, or sorted; nothing of an empty one. */
export const listed = (array: string, order: "sorted" | "as it is" = "sorted"): string =>
  `(SELECT pg_catalog.string_agg(l.item, ', ' ORDER BY ${order === "sorted" ? "l.item" : "l.place"})
    FROM pg_catalog.unnest(${array}) WITH ORDINALITY AS l (item, place))`;

/** A word where something is so, nothing where it is not. */
export const yes = (condition: string): string => `CASE WHEN ${condition} THEN 'yes' END`;

/** The name of something by its oid, qualified, unless it is one that every server has. */
export const routineName = (oid: string): string => `nullif(${oid}, 0)::pg_catalog.regprocedure::text`;

/**
 * Privileges that roles have otherwise than on a new object of this owner: one text for each role. The order of an ACL
 * means nothing, and one that says what a missing one says is none.
 *
 * @param type as acldefault takes it; undefined: nobody has any, as on columns
 */
export function privilegesSql(acl: string, owner: string, type: string | undefined): string {
  const items = (items: string, isActual: boolean): string => `
      SELECT i.grantee, i.privilege_type || CASE WHEN i.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
        || CASE WHEN i.grantor <> ${owner} THEN ' granted by ' || ${roleName("i.grantor")} ELSE '' END AS privilege,
        ${isActual} AS actual
      FROM pg_catalog.aclexplode(${items}) AS i`;
  const born =
    type === undefined ? "" : `UNION ALL ${items(`pg_catalog.acldefault('${type}', ${owner})`, false)}`;
  return `CASE WHEN ${acl} IS NOT NULL THEN (
    SELECT pg_catalog.json_object_agg(x.grantee, coalesce(x.has, 'none') ORDER BY x.grantee) FROM (
      SELECT CASE p.grantee WHEN 0 THEN 'PUBLIC' ELSE ${roleName("p.grantee")} END AS grantee,
        pg_catalog.string_agg(p.privilege, ', ' ORDER BY p.privilege) FILTER (WHERE p.actual) AS has,
        pg_catalog.string_agg(p.privilege, ', ' ORDER BY p.privilege) FILTER (WHERE NOT p.actual) AS born
      FROM (${items(acl, true)} ${born}) AS p GROUP BY p.grantee) AS x
    WHERE x.has IS DISTINCT FROM x.born) END AS "$privileges"`;
}
