/** A function of ours, as it is to be. */
export interface DesiredFunction {
  readonly schema: string;
  readonly name: string;
  readonly returns: "trigger" | "event_trigger" | "void";
  /** Types of its arguments. */
  readonly args: string;
  readonly source: string;
  readonly settings: readonly (readonly [name: string, value: string])[];
}

/** Names are found in pg_catalog alone, whatever the caller has set. */
export const pinnedPath = ["search_path", "pg_catalog, pg_temp"] as const;

/** How a row is written down must not hang on what its writer has set: values have one spelling. */
const settings = [
  pinnedPath,
  ["TimeZone", "UTC"],
  ["DateStyle", "ISO, YMD"],
  ["IntervalStyle", "postgres"],
  ["extra_float_digits", "1"],
  ["bytea_output", "hex"],
] as const;

/** Who: the login, the role that it works as, whom the application says, from where. */
export const who = {
  columns: "at, transaction, login, role, app_user, application, address",
  values: `moment, pg_catalog.pg_current_xact_id(), session_user,
           nullif(pg_catalog.current_setting('role'), 'none'),
           nullif(pg_catalog.current_setting('app.user', true), ''),
           nullif(pg_catalog.current_setting('application_name'), ''), pg_catalog.inet_client_addr()`,
} as const;

/**
 * The key of a row, by the columns of its primary key; a row without one has none. Most keys have one column or two, for
 * which this is several times as fast as the general form.
 */
const keyOf = (row: string): string => `CASE pg_catalog.cardinality(keys)
             WHEN 0 THEN NULL
             WHEN 1 THEN pg_catalog.jsonb_build_object(keys[1], ${row} -> keys[1])
             WHEN 2 THEN pg_catalog.jsonb_build_object(keys[1], ${row} -> keys[1], keys[2], ${row} -> keys[2])
             ELSE (SELECT pg_catalog.jsonb_object_agg(k.name, ${row} -> k.name) FROM pg_catalog.unnest(keys) AS k (name))
           END`;

/** Rows of a transition table as jsonb, each with its key; OFFSET keeps the planner from making the jsonb twice. */
const rowsOf = (table: string): string => `(
      SELECT j.row, ${keyOf("j.row")} AS key
      FROM (SELECT pg_catalog.to_jsonb(t.*) AS row FROM ${table} AS t OFFSET 0) AS j OFFSET 0)`;

const into = `INSERT INTO audit.change_log (${who.columns}, operation, table_schema, table_name, relation, key, old, new)`;
const subject = "TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_RELID";

const inserted = `${into}
    SELECT ${who.values},
           'INSERT', ${subject}, n.key, NULL, n.row - excluded
    FROM ${rowsOf("new_rows")} AS n`;

const deleted = `${into}
    SELECT ${who.values},
           'DELETE', ${subject}, o.key, o.row - excluded, NULL
    FROM ${rowsOf("old_rows")} AS o`;

/** A row whose key changed has no partner: it is one that went and one that came. */
const updated = `${into}
    SELECT ${who.values},
           CASE WHEN o.row IS NULL THEN 'INSERT' WHEN n.row IS NULL THEN 'DELETE' ELSE 'UPDATE' END,
           ${subject}, coalesce(n.key, o.key), o.row - excluded, n.row - excluded
    FROM ${rowsOf("old_rows")} AS o
    FULL JOIN ${rowsOf("new_rows")} AS n ON n.key = o.key`;

const truncated = `${into}
    SELECT ${who.values},
           'TRUNCATE', ${subject}, NULL, NULL, NULL`;

const variables = "moment, TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_RELID, keys, excluded";

/**
 * The same with values of types that are not PostgreSQL's own as their text. How such a type becomes jsonb is for its
 * owner to say (CREATE CAST), and would run here as the trail's owner. What a json holds may be more than jsonb can.
 */
function dynamic(sql: string): string {
  const parameters = new Map(variables.split(", ").map((name, index) => [name, `$${index + 1}`]));
  const text = sql
    .replaceAll(
      /\b(moment|TG_TABLE_SCHEMA|TG_TABLE_NAME|TG_RELID|keys|excluded)\b/g,
      (name) => parameters.get(name) ?? "",
    )
    .replaceAll("pg_catalog.to_jsonb(t.*)", "(SELECT pg_catalog.to_jsonb(c.*) FROM (SELECT %1$s) AS c)");
  return `EXECUTE pg_catalog.format($sql$${text}$sql$, shape) USING ${variables}`;
}

/**
 * 16384 is the first number of an object that is not PostgreSQL's own, 114 and 199 are json and json[]; a domain is what
 * it is made of.
 */
const base = "coalesce(nullif(t.typbasetype, 0), t.oid)";
const ownType = `${base} < 16384 AND ${base} NOT IN (114, 199)`;

const rowFunction = (sql: string): string => `
DECLARE
  moment CONSTANT timestamptz := pg_catalog.clock_timestamp();
  excluded CONSTANT text[] := coalesce(TG_ARGV[1:], '{}');
  keys text[];
  is_mixed boolean;
  shape text;
BEGIN
  SELECT coalesce((
           SELECT pg_catalog.array_agg(a.attname::text)
           FROM pg_catalog.pg_index AS i
           JOIN pg_catalog.pg_attribute AS a
             ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
           WHERE i.indrelid = TG_RELID AND i.indisprimary), '{}'),
         -- An aggregate: for EXISTS the planner may read all columns of all tables.
         (SELECT pg_catalog.bool_or(a.atttypid >= 16384 OR a.atttypid IN (114, 199) OR a.attgenerated = 'v')
          FROM pg_catalog.pg_attribute AS a
          WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped)
    INTO keys, is_mixed;
  IF is_mixed THEN
    SELECT pg_catalog.string_agg(CASE WHEN ${ownType} THEN pg_catalog.format('t.%I', a.attname)
        ELSE pg_catalog.format('CASE WHEN pg_catalog.num_nulls(t.%1$I) = 0 THEN pg_catalog.format(''%%s'', t.%1$I) END AS %1$I', a.attname)
        END, ', ' ORDER BY a.attnum)
      INTO shape
    FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v';
  END IF;
  -- A key that may not be told pairs nothing.
  IF keys && excluded THEN
    keys := '{}';
  END IF;
  IF shape IS NULL THEN
    ${sql};
  ELSE
    ${dynamic(sql)};
  END IF;
  RETURN NULL;
END`;

const truncateFunction = `
DECLARE
  moment CONSTANT timestamptz := pg_catalog.clock_timestamp();
BEGIN
  ${truncated};
  RETURN NULL;
END`;

const recording = (name: string, source: string): DesiredFunction => ({
  schema: "audit",
  name: `record_${name}`,
  returns: "trigger",
  args: "",
  source: `${source.trim()}\n`,
  settings,
});

/** The functions of the triggers, by what they record. All of them write as the trail's owner. */
export const recordFunctions: readonly DesiredFunction[] = [
  recording("insert", rowFunction(inserted)),
  recording("update", rowFunction(updated)),
  recording("delete", rowFunction(deleted)),
  recording("truncate", truncateFunction),
];
