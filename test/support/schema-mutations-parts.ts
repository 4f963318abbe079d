import { extra, missing, one, type Mutation } from "./schema-mutation";

/** Constraints, indexes, triggers, rules, policies. */
export const tableParts: readonly Mutation[] = [
  one(
    "ALTER TABLE app.orders DROP CONSTRAINT orders_customer_fkey",
    "constraint orders_customer_fkey on app.orders",
    missing,
  ),
  one("ALTER TABLE app.orders DROP CONSTRAINT no_overlap", "constraint no_overlap on app.orders", missing),
  one(
    "ALTER TABLE app.customers DROP CONSTRAINT customers_mail_key",
    "constraint customers_mail_key on app.customers",
    missing,
  ),
  one("ALTER TABLE app.cache ADD CHECK (key <> '')", "constraint cache_key_check on app.cache", extra),
  {
    sql: "ALTER TABLE app.cache ADD PRIMARY KEY (key)",
    found: [
      ["column app.cache.key", "not null: expected none, found yes"],
      ["constraint cache_pkey on app.cache", extra],
    ],
  },
  one(
    "ALTER TABLE app.orders DROP CONSTRAINT orders_customer_fkey, ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES app.customers ON DELETE RESTRICT",
    "constraint orders_customer_fkey on app.orders",
    /^definition: .*ON DELETE CASCADE, found .*ON DELETE RESTRICT$/,
  ),
  one(
    "ALTER TABLE app.orders DROP CONSTRAINT orders_customer_fkey, ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES app.customers ON DELETE CASCADE NOT VALID",
    "constraint orders_customer_fkey on app.orders",
    /found .*NOT VALID$/,
  ),
  one(
    "COMMENT ON CONSTRAINT orders_total_check ON app.orders IS 'x'",
    "constraint orders_total_check on app.orders",
    /^comment: /,
  ),
  one("DROP INDEX app.orders_placed_at_idx", "index app.orders_placed_at_idx", missing),
  one("CREATE INDEX by_hand ON app.orders (state)", "index app.by_hand", extra),
  one(
    "DROP INDEX app.orders_placed_at_idx; CREATE INDEX orders_placed_at_idx ON app.orders (placed_at); COMMENT ON INDEX app.orders_placed_at_idx IS 'for the list of open orders'",
    "index app.orders_placed_at_idx",
    /^definition: expected .*WHERE/,
  ),
  one(
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.orders_placed_at_idx'::regclass",
    "index app.orders_placed_at_idx",
    "valid: expected none, found no",
  ),
  one(
    "ALTER INDEX app.customers_mail_key SET (fillfactor = 60)",
    "index app.customers_mail_key",
    "options: expected none, found fillfactor=60",
  ),
  one(
    "ALTER INDEX app.orders_placed_at_idx SET (fillfactor = 60)",
    "index app.orders_placed_at_idx",
    /^definition: /,
  ),
  one("DROP INDEX app.events_at_idx", "index app.events_at_idx", missing),
  one("DROP TRIGGER orders_touched ON app.orders", "trigger orders_touched on app.orders", missing),
  one(
    "CREATE TRIGGER by_hand AFTER INSERT ON app.orders FOR EACH ROW EXECUTE FUNCTION app.touched()",
    "trigger by_hand on app.orders",
    extra,
  ),
  one(
    "ALTER TABLE app.orders DISABLE TRIGGER orders_touched",
    "trigger orders_touched on app.orders",
    "fires: expected none, found no",
  ),
  one(
    "CREATE OR REPLACE TRIGGER orders_touched AFTER UPDATE ON app.orders FOR EACH ROW EXECUTE FUNCTION app.touched()",
    "trigger orders_touched on app.orders",
    /^definition: /,
  ),
  one(
    "ALTER TABLE app.events DISABLE TRIGGER events_touched",
    "trigger events_touched on app.events",
    "fires: expected none, found no",
  ),
  one("DROP RULE no_deletes ON app.cache", "rule no_deletes on app.cache", missing),
  one(
    "ALTER TABLE app.cache DISABLE RULE no_deletes",
    "rule no_deletes on app.cache",
    "fires: expected none, found no",
  ),
  one("DROP POLICY own_only ON app.secrets", "policy own_only on app.secrets", missing),
  one(
    "ALTER POLICY own_only ON app.secrets USING (true)",
    "policy own_only on app.secrets",
    /^using: expected .*, found true$/,
  ),
  one(
    "ALTER POLICY own_only ON app.secrets TO PUBLIC",
    "policy own_only on app.secrets",
    "roles: expected base_reader, found PUBLIC",
  ),
  one(
    "CREATE POLICY by_hand ON app.secrets AS RESTRICTIVE FOR INSERT WITH CHECK (body <> '')",
    "policy by_hand on app.secrets",
    extra,
  ),
  one("DROP STATISTICS app.orders_stats", "statistics app.orders_stats", missing),
];
