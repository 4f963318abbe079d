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
  // Planning anew costs more than a small statement: the planner would do so each time, for parameters that it likes.
  ["plan_cache_mode", "force_generic_plan"],
] as const;

/** Who: the login, the role that it works as, whom the application says, from where. */
export const who = {
  columns: "at, transaction, login, role, app_user, application, address",
  values: `moment, pg_catalog.pg_current_xact_id(), session_user,
           nullif(pg_catalog.current_setting('role'), 'none'),
           nullif(pg_catalog.current_setting('app.user', true), ''),
           nullif(pg_catalog.current_setting('application_name'), ''), pg_catalog.inet_client_addr()`,
} as const;

/** The key of a row by the columns of its primary key; a row without one has none. */
const keyOfMany = (row: string): string =>
  `(SELECT pg_catalog.jsonb_object_agg(k.name, ${row} -> k.name) FROM pg_catalog.unnest(keys) AS k (name))`;

/** Most keys have one column or two, for which this is several times as fast. */
const keyOfFew = (row: string): string => `CASE pg_catalog.cardinality(keys)
             WHEN 0 THEN NULL
             WHEN 1 THEN pg_catalog.jsonb_build_object(keys[1], ${row} -> keys[1])
             WHEN 2 THEN pg_catalog.jsonb_build_object(keys[1], ${row} -> keys[1], keys[2], ${row} -> keys[2])`;

const keyOf = (row: string): string => `${keyOfFew(row)}
             ELSE ${keyOfMany(row)}
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

/** Its key, and whether it has a type that is not to become JSON by itself: in one scan, as every write waits for it. */
const readTable = `SELECT coalesce(pg_catalog.array_agg(a.attname::text) FILTER (WHERE a.attnum = ANY (i.columns)), '{}'),
         pg_catalog.bool_or(a.atttypid >= 16384 OR a.atttypid IN (114, 199) OR a.attgenerated = 'v')
    INTO keys, is_mixed
  FROM pg_catalog.pg_attribute AS a
  LEFT JOIN (
    SELECT (x.indkey::int2[])[0:x.indnkeyatts - 1] AS columns
    FROM pg_catalog.pg_index AS x WHERE x.indrelid = TG_RELID AND x.indisprimary
  ) AS i ON true
  WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped;
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
  END IF;`;

interface Recorded {
  /** Its transition tables. */
  readonly rows: readonly ("old" | "new")[];
  /** Writes entries of any number of rows. */
  readonly many: string;
}

const single = `${into}
      VALUES (${who.values},
           TG_OP, ${subject}, row_key, old_row - excluded, new_row - excluded)`;

/** An expression with a query in it is several times as slow as one without: it is apart. */
const singleKey = (row: string): string => `row_key := ${keyOfFew(row)} END;
    IF pg_catalog.cardinality(keys) > 2 THEN
      row_key := ${keyOfMany(row)};
    END IF;`;

/**
 * Most statements change one row or none: for those there is nothing to pair, and nothing to plan. A row whose key changed
 * takes the way of many.
 */
function recordSingle({ rows }: Recorded): string {
  const subqueries = (from: (table: string) => string): string =>
    rows.map((which) => `(SELECT pg_catalog.to_jsonb(t.*) FROM ${from(`${which}_rows`)} AS t)`).join(", ");
  const shaped = subqueries((table) => `(SELECT %1$s FROM ${table} AS t)`);
  const into = rows.map((which) => `${which}_row`).join(", ");
  return `IF shape IS NULL THEN
      SELECT ${subqueries((table) => table)} INTO ${into};
    ELSE
      EXECUTE pg_catalog.format($sql$SELECT ${shaped}$sql$, shape) INTO ${into};
    END IF;
    ${rows.map((which) => singleKey(`${which}_row`)).join("\n    old_key := row_key;\n    ")}
    IF ${rows.length === 1 ? "true" : "old_key = row_key"} THEN
      ${single};
      RETURN NULL;
    END IF;`;
}

const rowFunction = (recorded: Recorded): string => `
DECLARE
  moment CONSTANT timestamptz := pg_catalog.clock_timestamp();
  excluded CONSTANT text[] := coalesce(TG_ARGV[1:], '{}');
  keys text[];
  is_mixed boolean;
  shape text;
  few bigint[];
  old_row jsonb;
  new_row jsonb;
  old_key jsonb;
  row_key jsonb;
BEGIN
  -- Up to two of each.
  SELECT ARRAY[${recorded.rows.map((which) => `(SELECT count(*) FROM (SELECT FROM ${which}_rows LIMIT 2) AS x)`).join(", ")}] INTO few;
  IF 0 = ALL (few) THEN
    RETURN NULL;
  END IF;
  ${readTable}
  IF 1 = ALL (few) THEN
    ${recordSingle(recorded)}
  END IF;
  -- Many rows are worth a plan of their own.
  SET LOCAL plan_cache_mode = auto;
  IF shape IS NULL THEN
    ${recorded.many};
  ELSE
    ${dynamic(recorded.many)};
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
  recording("insert", rowFunction({ rows: ["new"], many: inserted })),
  recording("update", rowFunction({ rows: ["old", "new"], many: updated })),
  recording("delete", rowFunction({ rows: ["old"], many: deleted })),
  recording("truncate", truncateFunction),
];
