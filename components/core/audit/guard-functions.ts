import { quoteLiteral } from "../identifier";
import { enableWords, referencing, triggerKinds, triggerName, type TriggerKind } from "./ddl-functions";
import { parseDetach, startSource } from "./detach-guard";
import type { AuditDeclaration } from "./model";
import { pinnedPath, type DesiredFunction } from "./record-functions";

/** The arguments of a trigger as SQL: what the table is, then the columns that are left out. */
const attach = `
DECLARE
  place CONSTANT text := pg_catalog.format('%I.%I', table_schema, table_name);
  arguments CONSTANT text := (
    SELECT pg_catalog.string_agg(pg_catalog.quote_literal(a.word), ', ' ORDER BY a.number)
    FROM pg_catalog.unnest(words) WITH ORDINALITY AS a (word, number));
BEGIN
  ${triggerKinds.map((kind) => attachOne(kind)).join("\n  ")}
  EXECUTE pg_catalog.format('ALTER TABLE ONLY %s ${triggerKinds.map((kind) => enableWords(triggerName(kind))).join(", ")}', place);
END`;

function attachOne(kind: TriggerKind): string {
  return `EXECUTE pg_catalog.format('CREATE OR REPLACE TRIGGER ${triggerName(kind)} AFTER ${kind.event.toUpperCase()} ON %s ${referencing(kind)}FOR EACH STATEMENT EXECUTE FUNCTION audit.record_${kind.event}(%s)', place, arguments);`;
}

const dropGuard = `
  FOR one IN
    SELECT d.object_identity AS name FROM pg_catalog.pg_event_trigger_dropped_objects() AS d
    WHERE d.object_type = 'trigger' AND pg_catalog.starts_with(d.address_names[3], 'pgstead_audit_')
      -- With its table it may go.
      AND pg_catalog.to_regclass(pg_catalog.format('%I.%I', d.address_names[1], d.address_names[2])) IS NOT NULL
  LOOP
    RAISE EXCEPTION 'audit: % may not be dropped', one.name
      USING ERRCODE = '42501', HINT = 'A superuser may; pgstead:audit says which tables are audited.';
  END LOOP;
`;

/** Whether it was made for a partition. A literal of bytea would mean something else with standard_conforming_strings off. */
const isPartitionTrigger = (trigger: string): string =>
  `pg_catalog.substring(${trigger}.tgargs, 1, 10) = pg_catalog.decode('706172746974696f6e00', 'hex')`;

/** The words of a trigger: they are bytes that end in a zero each. */
const wordsOf = (bytes: string): string => `ARRAY(
          SELECT pg_catalog.convert_from(pg_catalog.decode(x.word[1], 'hex'), pg_catalog.getdatabaseencoding())
          FROM pg_catalog.regexp_matches(pg_catalog.encode(${bytes}, 'hex'), '((?:..)*?)00', 'g') WITH ORDINALITY AS x (word, number)
          ORDER BY x.number)`;

/**
 * A column that is left out stays so under its new name, as what it holds is still a secret. Its old name is not told any
 * more: what counts is that one which is left out is not there. In tables that inherit the column it is renamed as well.
 */
const renameGuard = `
  FOR one IN
    WITH RECURSIVE renamed AS (
      SELECT d.objid AS oid, a.attname::text AS name
      FROM pg_catalog.pg_event_trigger_ddl_commands() AS d
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.objid AND a.attnum = d.objsubid
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.object_type = 'table column'
      UNION
      SELECT i.inhrelid, r.name FROM renamed AS r JOIN pg_catalog.pg_inherits AS i ON i.inhparent = r.oid
    )
    SELECT n.nspname, c.relname, w.words || r.name AS words
    FROM renamed AS r
    JOIN pg_catalog.pg_class AS c ON c.oid = r.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = c.oid AND g.tgname = 'pgstead_audit_insert'
    CROSS JOIN LATERAL (SELECT ${wordsOf("g.tgargs")}) AS w (words)
    WHERE r.name <> ALL (w.words[2:]) AND EXISTS (
      SELECT FROM pg_catalog.unnest(w.words[2:]) AS x (name)
      WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                        WHERE a.attrelid = c.oid AND a.attname = x.name AND NOT a.attisdropped))
  LOOP
    PERFORM pgstead.audit_attach(one.nspname, one.relname, one.words);
  END LOOP;
`;

/** Tables that a command may have changed: the ones it names, those of its triggers, and partitions of both. */
const touched = `
    SELECT DISTINCT c.oid, n.nspname, c.relname, c.relispartition, d.command_tag,
           rn.nspname AS root_schema, r.relname AS root_name, g.tgargs,
           coalesce(${isPartitionTrigger("g")}, false) AS was_partition
    FROM pg_catalog.pg_event_trigger_ddl_commands() AS d
    LEFT JOIN pg_catalog.pg_trigger AS t
      ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND t.oid = d.objid
    CROSS JOIN LATERAL (
      SELECT CASE WHEN d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass THEN d.objid ELSE t.tgrelid END AS oid
    ) AS named
    CROSS JOIN LATERAL (
      SELECT named.oid UNION
      SELECT p.relid FROM pg_catalog.pg_partition_tree(named.oid) AS p
      UNION
      -- What was a partition until now.
      SELECT x.tgrelid FROM pg_catalog.pg_trigger AS x JOIN pg_catalog.pg_class AS y ON y.oid = x.tgrelid
      WHERE d.command_tag = 'ALTER TABLE' AND x.tgname = 'pgstead_audit_insert' AND NOT y.relispartition
        AND ${isPartitionTrigger("x")}
    ) AS every (oid)
    JOIN pg_catalog.pg_class AS c ON c.oid = every.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class AS r
      ON r.oid = CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid) ELSE c.oid END
    JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
    LEFT JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = c.oid AND g.tgname = 'pgstead_audit_insert'
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND NOT d.in_extension`;

const refuse = (what: string, hint: string): string =>
  `RAISE EXCEPTION 'audit: ${what}', pg_catalog.format('%I.%I', one.nspname, one.relname)
          USING ERRCODE = '42501', HINT = '${hint}';`;

const alterGuard = `
  FOR one IN ${touched}
  LOOP
    SELECT count(*) FILTER (WHERE pg_catalog.starts_with(g.tgname::text, 'pgstead_audit_')),
           count(*) FILTER (WHERE g.tgfoid = p.oid AND g.tgenabled = 'A'),
           count(*) FILTER (WHERE g.tgname = 'pgstead_audit_' || pg_catalog.substr(p.proname::text, 8)),
           count(*) FILTER (WHERE pg_catalog.starts_with(g.tgname::text, 'pgstead_audit_') AND p.oid IS NULL)
      INTO found, working, named, foreign_ones
    FROM pg_catalog.pg_trigger AS g
    LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = g.tgfoid AND p.pronamespace = 'audit'::pg_catalog.regnamespace
      AND pg_catalog.starts_with(p.proname::text, 'record_')
    WHERE g.tgrelid = one.oid AND NOT g.tgisinternal
      AND (p.oid IS NOT NULL OR pg_catalog.starts_with(g.tgname::text, 'pgstead_audit_'));
    IF foreign_ones > 0 AND NOT trusted THEN
      ${refuse("a trigger of % has a name of ours", "Names that begin with pgstead_audit_ are taken.")}
    END IF;
    -- Nothing else may be right yet while the triggers are being made.
    CONTINUE WHEN one.command_tag = 'CREATE TRIGGER';
    declared := declarations -> one.root_schema::text -> one.root_name::text;
    audited := CASE WHEN declared IS NULL THEN one.root_schema = ANY (schemas) ELSE declared <> 'false' END;
    -- What is finalized was detached by who might.
    IF NOT one.relispartition AND one.was_partition AND NOT trusted
       AND upper(detaching[3]) IS DISTINCT FROM 'FINALIZE' THEN
      ${refuse("partition % may not be detached", "Rows would go without a mark in the trail. DROP TABLE of the partition leaves one; a superuser may detach it.")}
    END IF;
    IF one.relispartition AND NOT one.was_partition AND one.command_tag = 'ALTER TABLE'
       AND (audited OR found > 0) AND NOT trusted THEN
      ${refuse("% may not be attached", "Rows would come without a mark in the trail. A superuser may; CREATE TABLE … PARTITION OF makes an empty one.")}
    END IF;
    IF found = 0 THEN
      CONTINUE WHEN NOT audited;
    ELSIF working <> ${triggerKinds.length} OR named <> ${triggerKinds.length} THEN
      CONTINUE WHEN trusted;
      ${refuse("the triggers of % may not be changed", "A superuser may; pgstead:audit says which tables are audited.")}
    ELSIF one.was_partition = one.relispartition THEN
      CONTINUE;
    END IF;
    PERFORM pgstead.audit_attach(one.nspname, one.relname,
      ARRAY[CASE WHEN one.relispartition THEN 'partition' ELSE 'table' END] || CASE
        WHEN pg_catalog.jsonb_typeof(declared) = 'array' THEN ARRAY(
          SELECT x.name FROM pg_catalog.jsonb_array_elements_text(declared) WITH ORDINALITY AS x (name, number)
          ORDER BY x.number)
        -- What is left out stays so for a table that was detached: what a column holds does not change by it.
        ELSE (${wordsOf("one.tgargs")})[2:] END);
  END LOOP;
`;

function guardSource({ schemas, tables }: AuditDeclaration): string {
  return `
DECLARE
  -- Who may do anything on the server may do this as well, and mends it.
  trusted CONSTANT boolean := (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = session_user);
  schemas CONSTANT text[] := ARRAY[${schemas.map((name) => quoteLiteral(name)).join(", ")}]::text[];
  -- By schema and table: the columns that are left out, or false.
  declarations CONSTANT jsonb := ${quoteLiteral(JSON.stringify(declarationsOf(tables)))};
  declared jsonb;
  audited boolean;
  found bigint;
  working bigint;
  named bigint;
  foreign_ones bigint;
  one record;
  ${parseDetach.declarations}
BEGIN
  ${parseDetach.statements}
  IF TG_EVENT = 'sql_drop' THEN
    IF trusted THEN
      RETURN;
    END IF;
${dropGuard.replaceAll(/^(?=.)/gm, "  ")}
    RETURN;
  END IF;
${alterGuard.replace(/^\n/, "")}${renameGuard}
END`;
}

function declarationsOf(tables: AuditDeclaration["tables"]): Record<string, Record<string, unknown>> {
  const declared: Record<string, Record<string, unknown>> = {};
  for (const { schema, name, audited, exclude } of tables) {
    declared[schema] = { ...declared[schema], [name]: audited ? exclude : false };
  }
  return declared;
}

/**
 * Keeps the triggers where they are, and puts them onto tables that are made: for that it works as the superuser who
 * made it. It writes nothing to the trail, and nobody can call it.
 */
export function guardFunctions(declaration: AuditDeclaration): readonly DesiredFunction[] {
  const own = { schema: "pgstead", settings: [pinnedPath] };
  return [
    {
      ...own,
      name: "audit_attach",
      returns: "void",
      args: "table_schema name, table_name name, words text[]",
      source: `${attach.trim()}\n`,
    },
    {
      ...own,
      name: "audit_guard",
      returns: "event_trigger",
      args: "",
      source: `${guardSource(declaration).trim()}\n`,
    },
    {
      ...own,
      name: "audit_guard_start",
      returns: "event_trigger",
      args: "",
      source: `${startSource.trim()}\n`,
      // Names in the command mean what they mean to who sent it.
      settings: [],
    },
  ];
}
