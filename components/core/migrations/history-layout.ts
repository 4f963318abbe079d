import { quoteIdentifier } from "../identifier";
import { ownSchemaStatements } from "../own-schema";
import { problemError } from "../problem";
import type { Statement } from "../statement";

/** Number of this program's layout of the history's tables; raised with every change of one. */
export const historyLayout = 2;

/** What of the history is in a database, and what a login may do with it. */
export interface HistoryPlace {
  readonly hasSchema: boolean;
  /** Layout of the tables that are there; undefined: there are none, or this session may not read them. */
  readonly layout: number | undefined;
  readonly hasTables: boolean;
  /** Whether the login that was asked about may read it. */
  readonly mayRead: boolean;
  /** Whether it may write it. */
  readonly mayWrite: boolean;
}

const schema = quoteIdentifier("pgstead");
const table = (name: string): string => `${schema}.${quoteIdentifier(name)}`;

/** The tables, as SQL. */
export const historyTables = {
  layout: table("migration_layout"),
  applied: table("migration"),
  progress: table("migration_progress"),
  trail: table("migration_trail"),
  repeatable: table("repeatable"),
} as const;

/**
 * Refuses tables that a later version of this program has made: what it would write there may be wrong.
 *
 * @throws ProblemError
 */
export function assertKnownLayout({ layout }: HistoryPlace): void {
  if (layout === undefined || layout <= historyLayout) return;
  throw problemError(
    "pgstead.migration",
    `the history of migrations has layout ${layout}, and this program knows ${historyLayout}`,
    "a later version of pgstead has been here: use that one.",
  );
}

/**
 * The statements that make the tables, and let a login keep the history in them. They are for the administrator: what
 * he makes is his, so that neither the owner, as whom the statements of migrations run, nor the application can write
 * there.
 *
 * @param migrator who records migrations; undefined: the administrator does so
 * @throws ProblemError where the layout is a later one
 */
export function planHistory(place: HistoryPlace, migrator: string | undefined): Statement[] {
  assertKnownLayout(place);
  const made = [
    ...(place.hasSchema ? [] : ownSchemaStatements),
    ...(place.hasTables ? [] : tables),
    ...(place.layout === 1 ? toSecondLayout : []),
  ];
  const isGranted = place.mayRead && place.mayWrite && place.layout !== 1;
  const granted = migrator === undefined || isGranted ? [] : grants(migrator);
  return [
    ...made.map((sql): Statement => {
      return { sql, reason: "keeps the history of migrations", risk: "none", kind: "schema" };
    }),
    ...granted.map((sql): Statement => {
      return { sql, reason: `${migrator ?? ""} records what it applies`, risk: "access", kind: "privilege" };
    }),
  ];
}

const { layout, applied, progress, trail, repeatable } = historyTables;

const actions = "action IN ('up', 'down', 'baseline', 'repair', 'repeat')";
/** What both ways to this layout end with; `left_behind` is what earlier texts of a file made. */
const repeatableTable = [
  `CREATE TABLE ${repeatable} (
  path text PRIMARY KEY, checksum text NOT NULL, objects text[] NOT NULL, left_behind text[] NOT NULL DEFAULT '{}',
  applied_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(), applied_by text NOT NULL DEFAULT session_user,
  duration_ms bigint NOT NULL)`,
  `REVOKE ALL ON TABLE ${repeatable} FROM PUBLIC`,
  `GRANT SELECT ON TABLE ${repeatable} TO "pg_monitor"`,
];

/** Layout 1 had no repeatable files. */
const toSecondLayout = [
  ...repeatableTable,
  `ALTER TABLE ${trail} DROP CONSTRAINT migration_trail_action_check,
  ADD CONSTRAINT migration_trail_action_check CHECK (${actions})`,
  `UPDATE ${layout} SET layout = 2`,
];

/** Who and when have defaults that nobody is granted to write: they are the server's words. */
const tables = [
  `CREATE TABLE ${layout} (layout integer NOT NULL)`,
  `INSERT INTO ${layout} VALUES (${historyLayout})`,
  `CREATE TABLE ${applied} (
  version text PRIMARY KEY CHECK (version ~ '^[0-9]+$'), name text NOT NULL UNIQUE, checksum text NOT NULL,
  transactional boolean NOT NULL, origin text NOT NULL DEFAULT 'applied' CHECK (origin IN ('applied', 'baseline')),
  applied_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(), applied_by text NOT NULL DEFAULT session_user,
  duration_ms bigint)`,
  // One file at a time can be half done.
  `CREATE TABLE ${progress} (
  one boolean PRIMARY KEY DEFAULT true CHECK (one), version text NOT NULL, name text NOT NULL,
  direction text NOT NULL CHECK (direction IN ('up', 'down')), done text[] NOT NULL DEFAULT '{}', running text,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(), started_by text NOT NULL DEFAULT session_user)`,
  `CREATE TABLE ${trail} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  by text NOT NULL DEFAULT session_user, action text NOT NULL CHECK (${actions}),
  outcome text NOT NULL CHECK (outcome IN ('begun', 'done', 'failed', 'cancelled')),
  version text NOT NULL, name text NOT NULL, checksum text NOT NULL, duration_ms bigint, note text)`,
  // Default privileges that somebody set must not open them.
  `REVOKE ALL ON TABLE ${layout}, ${applied}, ${progress}, ${trail} FROM PUBLIC`,
  `GRANT SELECT ON TABLE ${layout}, ${applied}, ${progress}, ${trail} TO "pg_monitor"`,
  ...repeatableTable,
];

function grants(migrator: string): string[] {
  const to = `TO ${quoteIdentifier(migrator)}`;
  const key = "version, name, checksum";
  return [
    `GRANT USAGE ON SCHEMA ${schema} ${to}`,
    `GRANT SELECT ON TABLE ${layout}, ${applied}, ${progress}, ${trail}, ${repeatable} ${to}`,
    `GRANT DELETE ON TABLE ${applied}, ${progress}, ${repeatable} ${to}`,
    `GRANT INSERT (${key}, transactional, origin, duration_ms), UPDATE (${key}, transactional) ON TABLE ${applied} ${to}`,
    `GRANT INSERT (version, name, direction), UPDATE (done, running) ON TABLE ${progress} ${to}`,
    `GRANT INSERT (path, checksum, objects, left_behind, duration_ms), UPDATE (left_behind) ON TABLE ${repeatable} ${to}`,
    `GRANT INSERT (action, outcome, ${key}, duration_ms, note) ON TABLE ${trail} ${to}`,
  ];
}
