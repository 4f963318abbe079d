import type { AclItem } from "../../core/privileges/acl";
import type { ActualTable, ActualTrigger, AuditCatalog, AuditDeclaration } from "../../core/audit/model";
import type { Session } from "../session";
import { explodeSql } from "./acl-parts";

/**
 * All that a database has of its trail, in one read as one JSON value: what is in schema audit, our functions and event
 * triggers, and every table that is audited, is to be ($1 schemas, $2 schemas of tables that are named), or was.
 *
 * Temporary tables are nobody's to see, and what an extension brought is the extension's.
 */
const auditSql = `
WITH trail AS (
  SELECT n.oid, n.nspacl, n.nspowner FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'audit'
), log AS (
  SELECT c.oid, c.relkind, c.relrowsecurity FROM pg_catalog.pg_class AS c JOIN trail ON trail.oid = c.relnamespace
  WHERE c.relname = 'change_log' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
), part AS (
  SELECT c.oid, c.relname, pg_catalog.pg_get_expr(c.relpartbound, c.oid) AS bound, c.relowner
  FROM log JOIN pg_catalog.pg_inherits AS i ON i.inhparent = log.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
), place AS (
  SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n
  WHERE n.nspname = ANY ($1::text[]) OR n.nspname = ANY ($2::text[])
), ours AS (
  SELECT t.oid, t.tgrelid, t.tgname, t.tgenabled, t.tgtype, t.tgargs, t.tgoldtable, t.tgnewtable,
         t.tgqual IS NOT NULL OR t.tgattr <> '' OR t.tgconstraint <> 0 AS narrowed, pn.nspname AS in_schema, p.proname
  FROM pg_catalog.pg_trigger AS t
  JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid
  JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.pronamespace
  WHERE NOT t.tgisinternal AND (pg_catalog.starts_with(t.tgname::text, 'pgstead_audit_')
    OR pn.nspname = 'audit' AND pg_catalog.starts_with(p.proname::text, 'record_'))
), relation AS (
  SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.relowner, c.relispartition,
         CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid) ELSE c.oid END AS root
  FROM pg_catalog.pg_class AS c
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relpersistence <> 't'
    AND (c.relispartition OR c.relnamespace IN (SELECT oid FROM place) OR c.oid IN (SELECT tgrelid FROM ours))
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
                    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
), audited AS (
  SELECT r.*, n.nspname, rc.relname AS root_name, rn.nspname AS root_schema
  FROM relation AS r
  JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace
  JOIN pg_catalog.pg_class AS rc ON rc.oid = r.root
  JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace
  WHERE rn.nspname <> 'audit'
    AND (rc.relnamespace IN (SELECT oid FROM place) OR r.oid IN (SELECT tgrelid FROM ours))
)
SELECT pg_catalog.json_build_object(
  'major', pg_catalog.current_setting('server_version_num')::int / 10000,
  'superuser', EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = $4 AND r.rolsuper),
  'month', pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM'),
  'hasOwnSchema', EXISTS (SELECT FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'pgstead'),
  'ownerExists', EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = $3),
  'members', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'member', m.rolname, 'grantor', pg_catalog.pg_get_userbyid(a.grantor)) ORDER BY m.rolname), '[]'::json)
    FROM pg_catalog.pg_auth_members AS a
    JOIN pg_catalog.pg_roles AS r ON r.oid = a.roleid AND r.rolname = $3
    JOIN pg_catalog.pg_roles AS m ON m.oid = a.member
    WHERE NOT m.rolsuper AND m.rolname <> $4
  ),
  'schemaAcl', (SELECT ${explodeSql("coalesce(trail.nspacl, pg_catalog.acldefault('n', trail.nspowner))")} FROM trail),
  'relations', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', c.relname, 'kind', c.relkind, 'owner', pg_catalog.pg_get_userbyid(c.relowner),
      'acl', ${explodeSql(`coalesce(c.relacl, pg_catalog.acldefault(
        (CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner))`)}) ORDER BY c.relname), '[]'::json)
    FROM pg_catalog.pg_class AS c
    WHERE c.relkind IN ('r', 'p', 'S', 'v', 'm', 'f')
      AND (c.oid IN (SELECT oid FROM log) OR c.oid IN (SELECT oid FROM part) OR EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d JOIN log ON d.refobjid = log.oid
        WHERE c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid))
  ),
  'columns', (
    SELECT coalesce(pg_catalog.json_agg(a.attname ORDER BY a.attnum), '[]'::json)
    FROM log JOIN pg_catalog.pg_attribute AS a ON a.attrelid = log.oid AND a.attnum > 0 AND NOT a.attisdropped
  ),
  'indexes', (
    SELECT coalesce(pg_catalog.json_agg(c.relname ORDER BY c.relname), '[]'::json)
    FROM log JOIN pg_catalog.pg_index AS i ON i.indrelid = log.oid JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indisvalid
  ),
  'interposed', (
    SELECT coalesce(pg_catalog.json_agg(x.what ORDER BY x.what), '[]'::json)
    FROM (
      SELECT pg_catalog.format('TRIGGER %I ON %s', t.tgname, t.tgrelid::pg_catalog.regclass) AS what
      FROM pg_catalog.pg_trigger AS t WHERE NOT t.tgisinternal AND t.tgparentid = 0
        AND (t.tgrelid IN (SELECT oid FROM log) OR t.tgrelid IN (SELECT oid FROM part))
      UNION ALL
      SELECT pg_catalog.format('RULE %I ON %s', w.rulename, w.ev_class::pg_catalog.regclass)
      FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class AND c.relkind IN ('r', 'p')
      WHERE w.ev_class IN (SELECT oid FROM log) OR w.ev_class IN (SELECT oid FROM part)
    ) AS x
  ),
  'partitions', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', part.relname, 'bound', part.bound, 'owner', pg_catalog.pg_get_userbyid(part.relowner))
      ORDER BY part.relname), '[]'::json) FROM part
  ),
  'functions', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'schema', n.nspname, 'name', p.proname, 'owner', o.rolname, 'ownedBySuperuser', o.rolsuper,
      'source', p.prosrc, 'language', l.lanname, 'definer', p.prosecdef,
      'config', coalesce(pg_catalog.to_json(p.proconfig), '[]'::json),
      'returns', pg_catalog.format_type(p.prorettype, NULL),
      'acl', ${explodeSql("coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))")}) ORDER BY n.nspname, p.proname), '[]'::json)
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
    JOIN pg_catalog.pg_roles AS o ON o.oid = p.proowner
    WHERE n.nspname = 'audit' AND pg_catalog.starts_with(p.proname::text, 'record_')
       OR n.nspname = 'pgstead' AND p.proname IN ('audit_guard', 'audit_guard_start', 'audit_attach')
  ),
  'eventTriggers', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', e.evtname, 'event', e.evtevent, 'function', n.nspname || '.' || p.proname, 'enabled', e.evtenabled,
      'narrowed', e.evttags IS NOT NULL) ORDER BY e.evtname), '[]'::json)
    FROM pg_catalog.pg_event_trigger AS e JOIN pg_catalog.pg_proc AS p ON p.oid = e.evtfoid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
    WHERE pg_catalog.starts_with(e.evtname::text, 'pgstead_audit_')
  ),
  'tables', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'schema', a.nspname, 'name', a.relname, 'kind', a.relkind, 'owner', pg_catalog.pg_get_userbyid(a.relowner),
      'root', pg_catalog.json_build_object('schema', a.root_schema, 'name', a.root_name),
      'isPartition', a.relispartition,
      'key', (
        SELECT coalesce(pg_catalog.json_agg(k.attname ORDER BY k.attnum), '[]'::json)
        FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_attribute AS k
          ON k.attrelid = i.indrelid AND k.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
        WHERE i.indrelid = a.oid AND i.indisprimary),
      'columns', (
        SELECT coalesce(pg_catalog.json_agg(k.attname ORDER BY k.attnum), '[]'::json)
        FROM pg_catalog.pg_attribute AS k WHERE k.attrelid = a.oid AND k.attnum > 0 AND NOT k.attisdropped),
      'triggers', (
        SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'name', o.tgname, 'function', o.in_schema || '.' || o.proname, 'enabled', o.tgenabled, 'type', o.tgtype,
          'arguments', pg_catalog.encode(o.tgargs, 'hex'), 'oldTable', o.tgoldtable, 'newTable', o.tgnewtable,
          'narrowed', o.narrowed) ORDER BY o.tgname), '[]'::json)
        FROM ours AS o WHERE o.tgrelid = a.oid)
    )), '[]'::json)
    FROM audited AS a
  )
) AS catalog`;

type ReadTable = Omit<ActualTable, "triggers"> & {
  readonly triggers: readonly (Omit<ActualTrigger, "arguments"> & { readonly arguments: string })[];
};

type ReadCatalog = Omit<AuditCatalog, "tables" | "stranded" | "schemaAcl"> & {
  readonly tables: readonly ReadTable[];
  readonly schemaAcl: readonly AclItem[] | null;
};

/** Two questions, whatever the number of tables. */
export async function readAuditCatalog(
  session: Session,
  { owner, manager, schemas, tables }: Pick<AuditDeclaration, "owner" | "manager" | "schemas" | "tables">,
): Promise<AuditCatalog> {
  const values = [schemas, tables.map(({ schema }) => schema), owner, manager];
  const [row] = await session.query<{ catalog: ReadCatalog }>(auditSql, values);
  if (row === undefined) throw new Error("the read of schema audit gave no row");
  const { catalog } = row;
  return {
    ...catalog,
    schemaAcl: catalog.schemaAcl ?? undefined,
    stranded: await readStranded(session, catalog),
    tables: catalog.tables.map((table) => ({
      ...table,
      triggers: table.triggers.map((trigger) => ({ ...trigger, arguments: wordsOf(trigger.arguments) })),
    })),
  };
}

/** What a plan for a database that is not there yet has to know. */
export async function readAuditMoment(
  maintenance: Session,
  manager: string,
): Promise<{ readonly superuser: boolean; readonly month: string }> {
  const [row] = await maintenance.query<{ superuser: boolean; month: string }>(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname = $1 AND r.rolsuper) AS superuser,
            pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM') AS month`,
    [manager],
  );
  if (row === undefined) throw new Error("the read of the clock gave no row");
  return row;
}

/** Arguments end in a zero byte each. */
function wordsOf(hexadecimal: string): string[] {
  return Buffer.from(hexadecimal, "hex").toString("utf8").split("\0").slice(0, -1);
}

/** Months of entries that came when they had no partition. A login that only looks may not read them. */
async function readStranded(session: Session, { partitions }: ReadCatalog): Promise<string[]> {
  if (!partitions.some(({ name }) => name === "change_log_rest")) return [];
  const [may] = await session.query<{ may: boolean }>(
    `SELECT pg_catalog.has_schema_privilege('audit', 'USAGE')
            AND pg_catalog.has_table_privilege('audit.change_log_rest', 'SELECT') AS may`,
  );
  if (may?.may !== true) return [];
  const rows = await session.query<{ month: string }>(
    `SELECT DISTINCT pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM') AS month FROM audit.change_log_rest`,
  );
  return rows.map(({ month }) => month).toSorted();
}
