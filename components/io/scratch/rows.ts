import { quoteIdentifier } from "../../core/identifier";
import type { Session } from "../session";

/** Rows that each table gets. */
const rowCount = 3;

interface Column {
  readonly name: string;
  /** As `format_type` writes it, of a domain its base type, without a length. */
  readonly type: string;
  readonly category: string;
  readonly labels: readonly string[];
  readonly required: boolean;
  /** Where a foreign key of this column alone points. */
  readonly refers: { readonly table: string; readonly column: string } | null;
}

interface Table {
  /** As SQL takes it. */
  readonly name: string;
  readonly columns: readonly Column[];
}

/** What tables hold: a digest of their rows, whatever the order of rows and columns, and however many there are. */
export type Contents = ReadonlyMap<string, string>;

/**
 * Writes made-up rows into every table that takes some. A constraint may want what nobody can guess: such a table stays
 * as it is.
 *
 * @returns names of the tables that got none
 */
export async function makeUpRows(session: Session): Promise<string[]> {
  let waiting = await readTables(session);
  // A foreign key wants the rows of another table first: as long as one got its rows, others may follow.
  for (;;) {
    const left: Table[] = [];
    for (const table of waiting) if (!(await fill(session, table))) left.push(table);
    if (left.length === 0 || left.length === waiting.length) return left.map(({ name }) => name);
    waiting = left;
  }
}

async function fill(session: Session, table: Table): Promise<boolean> {
  const whole = insertSql(table, table.columns);
  const least = insertSql(
    table,
    table.columns.filter(({ required }) => required),
  );
  for (const sql of [whole, least]) {
    try {
      await session.query(sql);
      return true;
    } catch {
      // The next one says less; whatever the reason, there are no rows.
    }
  }
  return false;
}

function insertSql({ name }: Table, columns: readonly Column[]): string {
  const usable = columns.filter((column) => column.required || valueOf(column) !== "NULL");
  if (usable.length === 0) return `INSERT INTO ${name} DEFAULT VALUES`;
  const names = usable.map((column) => quoteIdentifier(column.name)).join(", ");
  return `INSERT INTO ${name} (${names}) SELECT ${usable.map(valueOf).join(", ")}
    FROM pg_catalog.generate_series(1, ${rowCount}) AS k`;
}

/** Values by type, as SQL of the row's number `k`: other ones in each row. */
const values: Readonly<Record<string, string>> = {
  boolean: "k % 2 = 1",
  uuid: "pg_catalog.md5(k::text)::uuid",
  json: "pg_catalog.json_build_object('k', k)",
  jsonb: "pg_catalog.jsonb_build_object('k', k)",
  bytea: "k::text::bytea",
  date: "'2020-01-01'::date + k",
  "time without time zone": "'01:00'::time + k * interval '1 minute'",
  "time with time zone": "'01:00+00'::timetz + k * interval '1 minute'",
  "timestamp without time zone": "'2020-01-01'::timestamp + k * interval '1 day'",
  "timestamp with time zone": "'2020-01-01 00:00+00'::timestamptz + k * interval '1 day'",
  interval: "k * interval '1 day'",
  inet: "('10.0.0.' || k)::inet",
  cidr: "('10.0.0.' || k)::cidr",
  tsvector: "k::text::tsvector",
  point: "pg_catalog.point(k, k)",
};

const ofCategory: Readonly<Record<string, string>> = { N: "k", S: "k::text", A: "'{}'", R: "'empty'" };

function valueOf({ type, category, labels, refers }: Column): string {
  if (refers !== null) {
    return `(SELECT r.${quoteIdentifier(refers.column)} FROM ${refers.table} AS r ORDER BY 1 OFFSET k - 1 LIMIT 1)`;
  }
  if (labels.length > 0)
    return `(ARRAY[${labels.map((label) => `'${label.replaceAll("'", "''")}'`).join(", ")}])[1 + (k - 1) % ${labels.length}]::${type}`;
  const value = values[type] ?? ofCategory[category];
  return value === undefined ? "NULL" : `(${value})::${type}`;
}

/**
 * Tables that are not of pgstead, without partitions: rows find their way there from the partitioned table. Alembic's
 * version table, which may have any name, says what is applied.
 */
async function readTables(session: Session): Promise<Table[]> {
  return session.query<Table & Record<string, unknown>>(`
    SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', a.attname, 'type', pg_catalog.format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL),
        'category', t.typcategory, 'required', a.attnotnull AND d.oid IS NULL,
        'labels', (SELECT coalesce(pg_catalog.json_agg(e.enumlabel ORDER BY e.enumsortorder), '[]'::json)
                   FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid),
        'refers', (SELECT pg_catalog.json_build_object('table', pg_catalog.format('%I.%I', rn.nspname, r.relname),
                     'column', ra.attname)
                   FROM pg_catalog.pg_constraint AS k JOIN pg_catalog.pg_class AS r ON r.oid = k.confrelid
                   JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
                   JOIN pg_catalog.pg_attribute AS ra ON ra.attrelid = r.oid AND ra.attnum = k.confkey[1]
                   WHERE k.contype = 'f' AND k.conrelid = c.oid AND k.conkey = ARRAY[a.attnum] LIMIT 1))
      ORDER BY a.attnum) AS columns
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attgenerated = '' AND a.attidentity = ''
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgstead')
    GROUP BY n.nspname, c.relname, c.oid
    HAVING array_agg(a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod))
      <> '{version_num character varying(32)}'
    ORDER BY c.oid`);
}

/** What every table holds. */
export async function readContents(session: Session): Promise<Contents> {
  const tables = await session.query<{ name: string; columns: string[] }>(`
    SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
      pg_catalog.array_agg(a.attname::text ORDER BY a.attname) AS columns
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgstead')
    GROUP BY n.nspname, c.relname ORDER BY 1`);
  const contents = new Map<string, string>();
  for (const { name, columns } of tables) {
    const row = `ROW(${columns.map((column) => `t.${quoteIdentifier(column)}`).join(", ")})::text`;
    const [digest] = await session.query<{ digest: string }>(
      `SELECT pg_catalog.count(*) || ' ' || coalesce(pg_catalog.sum(pg_catalog.hashtextextended(${row}, 0)::numeric), 0)
         AS digest FROM ${name} AS t`,
    );
    contents.set(name, digest?.digest ?? "");
  }
  return contents;
}

/** Tables whose rows are not what they were, one that is not there any more among them. */
export function changedContents(before: Contents, after: Contents): string[] {
  return [...before].filter(([name, digest]) => after.get(name) !== digest).map(([name]) => name);
}
