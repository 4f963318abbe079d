import { lookupName, nameSql, type DatabaseObject } from "../../core/repeatables/objects";
import type { Dependence, FoundObject, Privilege } from "../../core/repeatables/replacement";
import type { Session } from "../session";

/** Every object of a kind that repeatable files make: `object` is its kind and identity in the server's words. */
export const identifiedObjects = `
  SELECT i.type || ' ' || i.identity AS object, o.classid, o.objid
  FROM (
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::oid AS classid, p.oid AS objid
    FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, x.indexrelid
    FROM pg_catalog.pg_index AS x JOIN pg_catalog.pg_class AS m ON m.oid = x.indrelid WHERE m.relkind = 'm'
    UNION ALL
    SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid FROM pg_catalog.pg_trigger AS t WHERE NOT t.tgisinternal
  ) AS o, LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, 0) AS i`;

/** Finds objects by their names as files have them, which mean what they mean to whoever asks; those that are there. */
export async function findObjects(
  session: Session,
  objects: readonly DatabaseObject[],
): Promise<(FoundObject | undefined)[]> {
  const rows = await session.query<FoundObject & { place: number }>(
    `SELECT w.place::int, i.type || ' ' || i.identity AS object, f.classid::text, f.objid::text
     FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) WITH ORDINALITY AS w (kind, name, host, place),
     LATERAL (
       SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::oid AS classid,
              pg_catalog.to_regprocedure(CASE WHEN w.kind IN ('function', 'procedure') THEN w.name END)::oid AS objid
       UNION ALL
       SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_class AS c
       WHERE c.oid = pg_catalog.to_regclass(CASE WHEN w.kind IN ('view', 'materialized view', 'index') THEN w.name END)
       UNION ALL
       SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid FROM pg_catalog.pg_trigger AS t
       WHERE w.kind = 'trigger' AND t.tgname = w.name AND t.tgrelid = pg_catalog.to_regclass(w.host)
     ) AS f, LATERAL pg_catalog.pg_identify_object(f.classid, f.objid, 0) AS i
     WHERE f.objid IS NOT NULL`,
    [
      objects.map(({ kind }) => kind),
      objects.map((object) => (object.kind === "trigger" ? object.name : lookupName(object))),
      objects.map(({ on }) => (on === undefined ? null : nameSql(on))),
    ],
  );
  return objects.map((_, index) => rows.find(({ place }) => place === index + 1));
}

/**
 * What stands on objects, and on what stands on them: what a DROP would not do without, or would take along unasked
 * (triggers and rules of a view, indexes of a materialized one).
 */
export async function readDependences(
  session: Session,
  roots: readonly FoundObject[],
): Promise<Dependence[]> {
  return session.query<Dependence & Record<string, unknown>>(dependences, [
    roots.map(({ classid }) => classid),
    roots.map(({ objid }) => objid),
  ]);
}

/** Who may do what with objects, the owner and what is there by default included. */
export async function readPrivileges(
  session: Session,
  objects: readonly FoundObject[],
): Promise<Privilege[]> {
  return session.query<Privilege & Record<string, unknown>>(
    `WITH asked AS (
       SELECT a.object, a.classid, a.objid FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::oid[]), pg_catalog.unnest($3::oid[])) AS a (object, classid, objid)
     ), acl AS (
       SELECT a.object, NULL::text AS column, e.* FROM asked AS a
       JOIN pg_catalog.pg_proc AS p ON a.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = a.objid,
       LATERAL pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) AS e
       UNION ALL
       SELECT a.object, NULL, e.* FROM asked AS a
       JOIN pg_catalog.pg_class AS c ON a.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = a.objid AND c.relkind IN ('v', 'm'),
       LATERAL pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS e
       UNION ALL
       SELECT a.object, t.attname::text, e.* FROM asked AS a
       JOIN pg_catalog.pg_attribute AS t ON a.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND t.attrelid = a.objid AND t.attnum > 0,
       LATERAL pg_catalog.aclexplode(t.attacl) AS e
     )
     SELECT object, "column", privilege_type AS privilege, bool_or(is_grantable) AS grantable,
            CASE WHEN grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(grantee)::text END AS grantee
     FROM acl GROUP BY object, "column", privilege_type, grantee ORDER BY object, 5, 2, 3`,
    [
      objects.map(({ object }) => object),
      objects.map(({ classid }) => classid),
      objects.map(({ objid }) => objid),
    ],
  );
}

const dependences = `WITH RECURSIVE edge AS (
       SELECT NULL::oid AS onclass, NULL::oid AS onobj, r.classid, r.objid, 0 AS subid, true AS passes
       FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::oid[])) AS r (classid, objid)
       UNION
       SELECT e.classid, e.objid, s.classid, s.objid, s.subid,
              -- What stands on a table that stands on it is that table's.
              s.classid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass) OR EXISTS (
                SELECT FROM pg_catalog.pg_class AS c
                WHERE s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = s.objid AND c.relkind IN ('v', 'm'))
       FROM edge AS e JOIN pg_catalog.pg_depend AS d ON d.refclassid = e.classid AND d.refobjid = e.objid,
       LATERAL (
         -- The query of a view is a rule of its own.
         SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid AS classid, w.ev_class AS objid, 0 AS subid
         FROM pg_catalog.pg_rewrite AS w
         WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid AND w.rulename = '_RETURN'
         UNION ALL
         SELECT d.classid, d.objid, d.objsubid
         WHERE NOT EXISTS (
           SELECT FROM pg_catalog.pg_rewrite AS w
           WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid AND w.rulename = '_RETURN')
       ) AS s
       WHERE e.passes AND d.deptype IN ('n', 'a', 'i') AND (s.classid, s.objid) <> (e.classid, e.objid)
     ), own AS (
       -- The row type of a view and its array, and what holds long values, come and go with it.
       SELECT DISTINCT e.classid, e.objid FROM edge AS e
       LEFT JOIN pg_catalog.pg_type AS t ON e.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = e.objid
       LEFT JOIN pg_catalog.pg_type AS r ON r.oid = t.typelem
       LEFT JOIN pg_catalog.pg_class AS c ON e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = e.objid
       WHERE t.typrelid <> 0 OR r.typrelid <> 0 OR c.relkind = 't'
     ), seen AS (
       -- What stands on a view's type stands on the view.
       SELECT e.classid, e.objid, e.subid,
              CASE WHEN t.oid IS NULL THEN e.onclass ELSE 'pg_catalog.pg_class'::pg_catalog.regclass END AS onclass,
              coalesce(nullif(t.typrelid, 0), r.typrelid, e.onobj) AS onobj
       FROM edge AS e
       LEFT JOIN pg_catalog.pg_type AS t ON e.onclass = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = e.onobj
       LEFT JOIN pg_catalog.pg_type AS r ON r.oid = t.typelem AND t.typrelid = 0
       WHERE e.onobj IS NOT NULL AND NOT EXISTS (SELECT FROM own WHERE own.classid = e.classid AND own.objid = e.objid)
     )
     SELECT DISTINCT s.classid::text, s.objid::text, i.type || ' ' || i.identity AS object, o.type || ' ' || o.identity AS "on"
     FROM seen AS s, LATERAL pg_catalog.pg_identify_object(s.classid, s.objid, s.subid) AS i,
     LATERAL pg_catalog.pg_identify_object(s.onclass, s.onobj, 0) AS o
     WHERE (s.classid, s.objid) <> (s.onclass, s.onobj) ORDER BY object, "on"`;
