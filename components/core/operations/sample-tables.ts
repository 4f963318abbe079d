import { quoteIdentifier } from "../identifier";
import { ownSchema } from "../born-with";
import { ownSchemaStatements } from "../own-schema";
import { problemError } from "../problem";
import type { Plan, Statement } from "../statement";

/** Number of this program's layout of the tables of samples; raised with every change of one. */
export const sampleLayout = 1;

const schema = quoteIdentifier(ownSchema);
const table = (name: string): string => `${schema}.${quoteIdentifier(name)}`;

/** The tables, as SQL. All begin with `sample`: backups leave the rows of those out. */
export const sampleTables = {
  /** A row for each sample: sizes, connections, XIDs, the volume. */
  sample: table("sample"),
  /** The largest tables. */
  relation: table("sample_relation"),
  /** What each statement has done between two samples. */
  statement: table("sample_statement"),
  /** Texts of statements, once each. */
  text: table("sample_text"),
  /** The counters of pg_stat_statements as the last sample found them. */
  last: table("sample_last"),
} as const;

/** Names of the tables, which backups have without rows. */
export const sampleTableNames = [
  "sample",
  "sample_relation",
  "sample_statement",
  "sample_text",
  "sample_last",
] as const;

/**
 * How many samples are kept. Rows beside each: at most 500 statements and one of the rest, and every hour 50 tables.
 *
 * Newest ones as they were taken, two days of one every ten minutes: however often somebody takes them, it is this
 * number. Then one an hour for two weeks, then one a day: statements for a quarter, sizes for a year and a month, as
 * growth has seasons.
 */
export const sampleLimits = {
  fine: 288,
  hourlyDays: 14,
  statementDays: 90,
  days: 400,
  statements: 500,
  relations: 50,
  textLength: 4_000,
} as const;

/** What of the tables a database has. */
export interface SamplePlace {
  readonly hasSchema: boolean;
  /** Layout of the tables that are there; undefined: there are none. */
  readonly layout: number | undefined;
  /** Whether the login may make a schema, or a table in ours. */
  readonly mayCreate: boolean;
  /** Roles other than the owner and `pg_monitor` that may do something with a table; `PUBLIC` is one. */
  readonly others: readonly { readonly table: string; readonly grantee: string }[];
  /** Tables that `pg_monitor` may not read. */
  readonly hidden: readonly string[];
  /** Whom the login's default privileges would let at a new table. */
  readonly defaults: readonly string[];
}

/**
 * Refuses tables that a later version of this program has made: what it would write there may be wrong.
 *
 * @throws ProblemError
 */
export function assertKnownSamples({ layout }: Pick<SamplePlace, "layout">): void {
  if (layout === undefined || layout <= sampleLayout) return;
  throw problemError(
    "pgstead.sample",
    `the samples have layout ${layout}, and this program knows ${sampleLayout}`,
    "a later version of pgstead has been here: use that one.",
  );
}

/**
 * The statements that make the tables of samples, and close them to everybody but who watches the server: texts of
 * statements tell what an application asks.
 *
 * @param place undefined: a database that is not there yet
 * @param database for the refusal where the login may not make them
 */
export function planSamples(place: SamplePlace | undefined, database: string): Plan {
  if (place === undefined) return planSamples(nowhere, database);
  assertKnownSamples(place);
  const nothing = { refusals: [], undeclared: [] };
  if (place.layout !== undefined) return { ...nothing, statements: closeTables(place) };
  if (!place.mayCreate) return { ...nothing, statements: [], refusals: [refuseToMake(database)] };
  const made = [...(place.hasSchema ? [] : ownSchemaStatements), ...creations];
  const all = sampleTableNames.map(table).join(", ");
  const closed = [...new Set(["PUBLIC", ...place.defaults])].map(
    (grantee) => `REVOKE ALL ON TABLE ${all} FROM ${spell(grantee)}`,
  );
  const statements = [...made, ...closed, `GRANT SELECT ON TABLE ${all} TO "pg_monitor"`];
  const reason = "keeps samples of statements and sizes";
  return {
    ...nothing,
    statements: statements.map((sql): Statement => ({ sql, reason, risk: "none", kind: "schema" })),
  };
}

/** A database as it is made. */
const nowhere: SamplePlace = {
  hasSchema: false,
  layout: undefined,
  mayCreate: true,
  others: [],
  hidden: [],
  defaults: [],
};

function refuseToMake(database: string) {
  return {
    subject: `samples of ${database}`,
    message: "the managing login may not make schema pgstead there",
    hint: `GRANT CREATE ON DATABASE ${quoteIdentifier(database)} to it, or set pgstead:monitoring.samples to false`,
  };
}

function closeTables({ others, hidden }: SamplePlace): Statement[] {
  return [
    ...others.map(({ table: name, grantee }): Statement => {
      const sql = `REVOKE ALL ON TABLE ${table(name)} FROM ${spell(grantee)}`;
      const reason = "texts of statements are for who watches the server only";
      return { sql, reason, risk: "access", kind: grantee === "PUBLIC" ? "PUBLIC" : "privilege" };
    }),
    ...hidden.map((name): Statement => {
      const sql = `GRANT SELECT ON TABLE ${table(name)} TO "pg_monitor"`;
      return { sql, reason: "who watches the server reads samples", risk: "access", kind: "privilege" };
    }),
  ];
}

const spell = (grantee: string): string => (grantee === "PUBLIC" ? grantee : quoteIdentifier(grantee));

const { sample, relation, statement, text, last } = sampleTables;

/** Counters of pg_stat_statements, as both tables that hold them have them. Times are milliseconds. */
const counters = `calls bigint NOT NULL, total_ms double precision NOT NULL, square_ms double precision NOT NULL,
  max_ms double precision, rows bigint NOT NULL, blocks_hit bigint NOT NULL, blocks_read bigint NOT NULL,
  blocks_written bigint NOT NULL, temp_blocks bigint NOT NULL, io_ms double precision NOT NULL, wal_bytes numeric NOT NULL`;

const creations = [
  `CREATE TABLE IF NOT EXISTS ${sample} (
  taken_at timestamptz PRIMARY KEY, from_at timestamptz, server text NOT NULL, database oid NOT NULL,
  database_bytes bigint NOT NULL, server_bytes bigint, wal_bytes bigint, wal_position numeric NOT NULL,
  connections integer NOT NULL, connection_limit integer NOT NULL, xid bigint NOT NULL, xid_age bigint NOT NULL,
  volume_bytes bigint, volume_free_bytes bigint, statements_reset timestamptz, statements_evicted bigint,
  resets integer NOT NULL DEFAULT 0, evictions bigint NOT NULL DEFAULT 0)`,
  `COMMENT ON TABLE ${sample} IS 'layout ${sampleLayout}'`,
  `CREATE TABLE IF NOT EXISTS ${relation} (
  taken_at timestamptz, schema_name text, name text, bytes bigint NOT NULL, PRIMARY KEY (taken_at, schema_name, name))`,
  // Of the statements that are too many there is one row without a queryid.
  `CREATE TABLE IF NOT EXISTS ${statement} (
  taken_at timestamptz NOT NULL REFERENCES ${sample} ON DELETE CASCADE, role oid, queryid bigint, toplevel boolean,
  ${counters})`,
  `CREATE INDEX IF NOT EXISTS "sample_statement_taken_at" ON ${statement} (taken_at)`,
  `CREATE TABLE IF NOT EXISTS ${text} (queryid bigint PRIMARY KEY, text text NOT NULL)`,
  // Counters change where they are: nothing of them is in the index.
  `CREATE TABLE IF NOT EXISTS ${last} (
  role oid, queryid bigint, toplevel boolean, since timestamptz, ${counters},
  PRIMARY KEY (queryid, role, toplevel)) WITH (fillfactor = 60)`,
];
