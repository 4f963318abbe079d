import { pinnedPath, who, type DesiredFunction } from "./record-functions";

/** Names of the triggers, by what they watch; `tgtype` of a statement's AFTER trigger. */
export const triggerKinds = [
  { event: "insert", type: 4, oldTable: null, newTable: "new_rows" },
  { event: "update", type: 16, oldTable: "old_rows", newTable: "new_rows" },
  { event: "delete", type: 8, oldTable: "old_rows", newTable: null },
  { event: "truncate", type: 32, oldTable: null, newTable: null },
] as const;

export type TriggerKind = (typeof triggerKinds)[number];

export const triggerName = ({ event }: TriggerKind): string => `pgstead_audit_${event}`;

const into = `INSERT INTO audit.change_log (${who.columns}, operation, table_schema, table_name, relation, command, object)`;

/** How the triggers of a table are turned on; audit_attach and a plan have the same words. */
export const enableWords = (name: string): string => `ENABLE ALWAYS TRIGGER ${name}`;

const allOn = triggerKinds.map((kind) => enableWords(triggerName(kind))).join(", ");

const oneOn = enableWords(`"pgstead_audit_(?:${triggerKinds.map(({ event }) => event).join("|")})"`);

/** The end of a statement that turns some of them on, as a plan writes it. */
const someOn = `'${oneOn}(?:, ${oneOn})*$'`;

/**
 * Records what of the schema changed, and not the text of the command, which may hold a password (CREATE USER MAPPING).
 *
 * Our own triggers are no news, unless one leaves out columns. A command that does nothing but turn them on is told as
 * that, from its own text, whoever sent it: it is what every `up` and every new table brings, and hides nothing.
 */
const recordDdl = `
DECLARE
  moment CONSTANT timestamptz := pg_catalog.clock_timestamp();
  around text;
BEGIN
  IF TG_EVENT = 'sql_drop' THEN
    ${into}
    SELECT ${who.values},
           'DDL', d.address_names[1],
           CASE WHEN d.object_type IN ('table', 'table column', 'table constraint', 'trigger', 'policy', 'rule')
                THEN d.address_names[2] END,
           CASE WHEN d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass THEN d.objid END,
           TG_TAG, pg_catalog.concat_ws(' ', d.object_type, d.object_identity)
    FROM pg_catalog.pg_event_trigger_dropped_objects() WITH ORDINALITY AS d
    WHERE d.original AND NOT d.is_temporary
    ORDER BY d.ordinality;
    RETURN;
  END IF;
  GET DIAGNOSTICS around = PG_CONTEXT;
  -- Its first line is of this function, and the second one of the statement, if it is another function's.
  around := pg_catalog.substr(around, pg_catalog.strpos(around, pg_catalog.chr(10)) + 1);
  ${into}
  SELECT ${who.values},
         'DDL', coalesce(n.nspname, d.schema_name), c.relname, c.oid,
         d.command_tag, CASE
           WHEN d.command_tag = 'ALTER TABLE' AND (
             pg_catalog.regexp_replace(pg_catalog.current_query(), ${someOn}, '')
               = pg_catalog.format('ALTER TABLE ONLY "%s"."%s" ', pg_catalog.replace(n.nspname, '"', '""'), pg_catalog.replace(c.relname, '"', '""'))
             OR pg_catalog.starts_with(around, pg_catalog.format('SQL statement "ALTER TABLE ONLY %I.%I ${allOn}"', n.nspname, c.relname)))
           THEN 'audit triggers of '
           ELSE '' END
         || pg_catalog.concat_ws(' ', d.object_type, d.object_identity)
         || CASE WHEN t.tgnargs > 1 AND p.oid IS NOT NULL THEN ', with columns left out' ELSE '' END
  FROM pg_catalog.pg_event_trigger_ddl_commands() WITH ORDINALITY AS d
  LEFT JOIN pg_catalog.pg_trigger AS t
    ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND t.oid = d.objid
  LEFT JOIN pg_catalog.pg_class AS c
    ON c.oid = CASE WHEN d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass THEN d.objid ELSE t.tgrelid END
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid AND p.pronamespace = 'audit'::pg_catalog.regnamespace
  WHERE d.schema_name IS DISTINCT FROM 'pg_temp'
    AND (p.oid IS NULL OR t.tgnargs > 1 OR t.tgqual IS NOT NULL OR t.tgattr <> '')
  ORDER BY d.ordinality;
END`;

/** `REFERENCING OLD TABLE AS old_rows `, or nothing. */
export function referencing({ oldTable, newTable }: TriggerKind): string {
  const names = [
    ...(oldTable === null ? [] : [`OLD TABLE AS ${oldTable}`]),
    ...(newTable === null ? [] : [`NEW TABLE AS ${newTable}`]),
  ];
  return names.length === 0 ? "" : `REFERENCING ${names.join(" ")} `;
}

/** Writes to the trail as its owner; made by whoever manages the trail. */
export const ddlFunction: DesiredFunction = {
  schema: "audit",
  name: "record_ddl",
  returns: "event_trigger",
  args: "",
  source: `${recordDdl.trim()}\n`,
  settings: [pinnedPath],
};
