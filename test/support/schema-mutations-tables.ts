import { extra, missing, one, unmended, type Mutation } from "./schema-mutation";

export const tables: readonly Mutation[] = [
  one("CREATE TABLE app.by_hand (id int PRIMARY KEY, body text)", "table app.by_hand", extra),
  one("DROP TABLE app.secrets", "table app.secrets", missing),
  one("DROP TABLE app.cache", "table app.cache", missing),
  one("DROP TABLE app.events_2027", "table app.events_2027", missing),
  one("DROP TABLE app.archive", "table app.archive", missing),
  one("ALTER TABLE app.cache SET LOGGED", "table app.cache", "unlogged: expected yes, found none"),
  one("ALTER TABLE app.secrets SET UNLOGGED", "table app.secrets", "unlogged: expected none, found yes"),
  one(
    "ALTER TABLE app.orders SET (fillfactor = 70)",
    "table app.orders",
    /^options: expected .*fillfactor=80, found .*fillfactor=70$/,
  ),
  one("ALTER TABLE app.orders RESET (autovacuum_enabled)", "table app.orders", /^options: /),
  one(
    "ALTER TABLE app.copied SET (toast.autovacuum_enabled = off)",
    "table app.copied",
    /^toast options: expected none/,
  ),
  one(
    "ALTER TABLE app.secrets DISABLE ROW LEVEL SECURITY",
    "table app.secrets",
    "row security: expected enabled, found none",
  ),
  one(
    "ALTER TABLE app.secrets NO FORCE ROW LEVEL SECURITY",
    "table app.secrets",
    "row security forced: expected yes, found none",
  ),
  one(
    "ALTER TABLE app.copied REPLICA IDENTITY FULL",
    "table app.copied",
    "replica identity: expected index copied_id_idx, found full",
  ),
  one(
    "ALTER TABLE app.customers REPLICA IDENTITY NOTHING",
    "table app.customers",
    "replica identity: expected none, found nothing",
  ),
  one(
    "ALTER TABLE app.copied SET WITHOUT CLUSTER",
    "table app.copied",
    "clustered on: expected copied_id_idx, found none",
  ),
  one(
    "ALTER TABLE app.copied SET ACCESS METHOD own_heap",
    "table app.copied",
    "access method: expected none, found own_heap",
  ),
  one(
    "ALTER TABLE app.customers OWNER TO postgres",
    "table app.customers",
    /^owner: expected base_owner, found /,
  ),
  one(
    "COMMENT ON TABLE app.customers IS 'others'",
    "table app.customers",
    "comment: expected who buys, found others",
  ),
  one(
    "ALTER TABLE app.events DETACH PARTITION app.events_2027; ALTER TABLE app.events ATTACH PARTITION app.events_2027 FOR VALUES FROM ('2027-01-01') TO ('2029-01-01')",
    "table app.events_2027",
    /^bound: .*2028-01-01.*2029-01-01/,
  ),
  {
    sql: "ALTER TABLE app.events DETACH PARTITION app.events_2027",
    found: [
      ["table app.events_2027", /^partition of: expected app\.events, found none; bound: /],
      ["trigger events_touched on app.events_2027", missing],
    ],
  },
  {
    ...unmended(
      "ALTER TABLE app.archive NO INHERIT app.orders",
      "table app.archive",
      "inherits: expected app.orders, found none",
    ),
    // Nothing takes back that its columns are its own as well.
    tried: ["ALTER TABLE app.archive INHERIT app.orders"],
  },
  one(
    "ALTER TABLE app.visits DETACH PARTITION app.visits_2026",
    "table app.visits_2026",
    /^partition of: expected app\.visits, found none; bound: /,
  ),
  one(
    "ALTER TABLE app.visits DETACH PARTITION app.visits_2027",
    "table app.visits_2027",
    /^partition of: expected app\.visits, found none; bound: /,
  ),
  {
    sql: "ALTER TABLE app.visits DETACH PARTITION app.visits_2026; ALTER TABLE app.visits_2026 ADD COLUMN by_hand int, ADD CONSTRAINT by_hand CHECK (id > 0)",
    found: [
      ["table app.visits_2026", /^partition of: /],
      ["column app.visits_2026.by_hand", extra],
      ["constraint by_hand on app.visits_2026", extra],
    ],
  },
];

export const columns: readonly Mutation[] = [
  one("ALTER TABLE app.customers DROP COLUMN home", "column app.customers.home", missing),
  one("ALTER TABLE app.customers ADD COLUMN phone text", "column app.customers.phone", extra),
  one("ALTER TABLE app.customers DROP COLUMN upper_name", "column app.customers.upper_name", missing),
  one("ALTER TABLE app.orders ADD COLUMN phone text", "column app.orders.phone", extra),
  one(
    "ALTER TABLE app.cache ALTER COLUMN value TYPE varchar(9)",
    "column app.cache.value",
    "type: expected text, found character varying(9)",
  ),
  one(
    "ALTER TABLE app.cache ALTER COLUMN value SET DEFAULT 'x'",
    "column app.cache.value",
    "default: expected none, found 'x'::text",
  ),
  one(
    "ALTER TABLE app.customers ALTER COLUMN name DROP DEFAULT",
    "column app.customers.name",
    "default: expected 'nobody'::text, found none",
  ),
  one(
    "ALTER TABLE app.orders ALTER COLUMN placed_at SET DEFAULT clock_timestamp()",
    "column app.orders.placed_at",
    "default: expected now(), found clock_timestamp()",
  ),
  one(
    "ALTER TABLE app.orders ALTER COLUMN customer DROP NOT NULL",
    "column app.orders.customer",
    "not null: expected yes, found none",
  ),
  one(
    "ALTER TABLE app.cache ALTER COLUMN key SET NOT NULL",
    "column app.cache.key",
    "not null: expected none, found yes",
  ),
  one(
    'ALTER TABLE app.cache ALTER COLUMN key TYPE text COLLATE "C"',
    "column app.cache.key",
    'collation: expected none, found pg_catalog."C"',
  ),
  one(
    "ALTER TABLE app.customers ALTER COLUMN id SET GENERATED BY DEFAULT",
    "column app.customers.id",
    "identity: expected always, found by default",
  ),
  {
    sql: "ALTER TABLE app.customers ALTER COLUMN id DROP IDENTITY",
    found: [
      ["sequence app.customers_id_seq", missing],
      ["column app.customers.id", "identity: expected always, found none"],
    ],
  },
  one(
    "ALTER TABLE app.customers ALTER COLUMN id SET INCREMENT 2",
    "sequence app.customers_id_seq",
    "increment: expected 1, found 2",
  ),
  one(
    "ALTER TABLE app.customers ALTER COLUMN upper_name SET EXPRESSION AS (lower(name))",
    "column app.customers.upper_name",
    "generated: expected upper(name), found lower(name)",
  ),
  unmended(
    "ALTER TABLE app.customers ALTER COLUMN upper_name DROP EXPRESSION",
    "column app.customers.upper_name",
    /^generated: expected upper\(name\), found none/,
  ),
  one(
    "ALTER TABLE app.customers ALTER COLUMN note SET STORAGE MAIN",
    "column app.customers.note",
    "storage: expected external, found main",
  ),
  one(
    "ALTER TABLE app.cache ALTER COLUMN value SET STORAGE PLAIN",
    "column app.cache.value",
    "storage: expected none, found plain",
  ),
  one(
    "ALTER TABLE app.cache ALTER COLUMN value SET COMPRESSION pglz",
    "column app.cache.value",
    "compression: expected none, found pglz",
  ),
  one(
    "ALTER TABLE app.customers ALTER COLUMN name SET STATISTICS 7",
    "column app.customers.name",
    "statistics target: expected 500, found 7",
  ),
  one(
    "ALTER TABLE app.customers ALTER COLUMN note RESET (n_distinct)",
    "column app.customers.note",
    "options: expected n_distinct=10, found none",
  ),
  one(
    "COMMENT ON COLUMN app.customers.mail IS NULL",
    "column app.customers.mail",
    "comment: expected where to write, found none",
  ),
  one(
    "GRANT SELECT (note) ON app.customers TO base_reader",
    "column app.customers.note",
    "privileges of base_reader: expected UPDATE, found SELECT, UPDATE",
  ),
];
