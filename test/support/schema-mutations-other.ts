import { extra, missing, one, unmended, type Mutation } from "./schema-mutation";

/** Everything that is no table, no code and no privilege. */
export const others: readonly Mutation[] = [
  unmended(
    "ALTER DATABASE %DB% SET work_mem = '7MB'",
    "database itself",
    "settings: expected none, found work_mem=7MB",
  ),
  unmended(
    "ALTER ROLE base_reader IN DATABASE %DB% SET work_mem = '7MB'",
    "role settings base_reader",
    extra,
  ),
  unmended("COMMENT ON DATABASE %DB% IS 'x'", "database itself", "comment: expected none, found x"),
  unmended(
    "GRANT CONNECT ON DATABASE %DB% TO base_reader",
    "database itself",
    "privileges of base_reader: expected none, found CONNECT",
  ),
  one(
    "GRANT USAGE ON LANGUAGE plpgsql TO base_reader",
    "language plpgsql",
    "privileges of base_reader: expected none, found USAGE",
  ),
  one(
    "REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC",
    "language plpgsql",
    "privileges of PUBLIC: expected the default, found none",
  ),
  unmended(
    "ALTER LANGUAGE plpgsql OWNER TO base_reader",
    "language plpgsql",
    "owner: expected none, found base_reader",
  ),
  unmended("CREATE SCHEMA by_hand", "schema by_hand", extra),
  one("COMMENT ON SCHEMA app IS 'x'", "schema app", /^comment: /),
  one("COMMENT ON EXTENSION pg_trgm IS 'x'", "extension pg_trgm", /^comment: /),
  unmended("CREATE EXTENSION hstore", "extension hstore", extra),
  unmended(
    "DROP EXTENSION pg_trgm CASCADE; CREATE EXTENSION pg_trgm SCHEMA public VERSION '1.5'; CREATE INDEX customers_name_idx ON app.customers USING gin (name public.gin_trgm_ops)",
    "extension pg_trgm",
    "version: expected 1.6, found 1.5",
  ),
  unmended(
    "ALTER TYPE app.status ADD VALUE 'lost' AFTER 'paid'",
    "type app.status",
    "labels: expected 'new', 'paid', 'sent', found 'new', 'paid', 'lost', 'sent'",
  ),
  unmended("ALTER TYPE app.place ADD ATTRIBUTE zip text", "attribute app.place.zip", extra),
  unmended("CREATE TYPE app.by_hand AS RANGE (subtype = int)", "type app.by_hand", extra),
  unmended(
    "ALTER DOMAIN app.email SET DEFAULT 'a@b'",
    "domain app.email",
    "default: expected none, found 'a@b'::text",
  ),
  unmended("ALTER DOMAIN app.email SET NOT NULL", "domain app.email", "not null: expected none, found yes"),
  one("ALTER DOMAIN app.email DROP CONSTRAINT looks_right", "constraint looks_right on app.email", missing),
  unmended("DROP AGGREGATE app.total_of (int)", "aggregate app.total_of(integer)", missing),
  unmended("DROP OPERATOR app.=== (int, int)", "operator app.===(integer, integer)", missing),
  unmended(
    "DROP OPERATOR FAMILY app.own_family USING btree",
    "operator family app.own_family using btree",
    missing,
  ),
  unmended(
    "ALTER OPERATOR FAMILY app.own_family USING btree ADD OPERATOR 1 = (int, bigint)",
    "operator family app.own_family using btree",
    /^operators: expected none/,
  ),
  unmended("DROP CAST (text AS app.place)", "cast (text AS app.place)", missing),
  unmended("DROP COLLATION app.german", "collation app.german", missing),
  unmended("DROP CONVERSION app.own_conversion", "conversion app.own_conversion", missing),
  unmended(
    "ALTER TEXT SEARCH DICTIONARY app.words (stopwords)",
    "text search dictionary app.words",
    /^options: /,
  ),
  unmended(
    "ALTER TEXT SEARCH CONFIGURATION app.search DROP MAPPING FOR email",
    "text search configuration app.search",
    /^mapping: /,
  ),
  unmended(
    "ALTER SERVER far OPTIONS (SET host 'near.example')",
    "foreign server far",
    "options: expected host=far.example, found host=near.example",
  ),
  unmended("DROP USER MAPPING FOR base_reader SERVER far", "user mapping for base_reader on far", missing),
  unmended(
    "ALTER FOREIGN TABLE app.remote OPTIONS (SET table_name 's')",
    "foreign table app.remote",
    /^foreign options: /,
  ),
  unmended(
    "ALTER FOREIGN TABLE app.remote ALTER COLUMN id OPTIONS (SET column_name 'j')",
    "column app.remote.id",
    /^foreign options: /,
  ),
  unmended("ALTER PUBLICATION changes DROP TABLE app.copied", "publication changes", /^tables: /),
  unmended("ALTER PUBLICATION changes SET (publish = 'insert')", "publication changes", /^publishes: /),
  unmended("ALTER EVENT TRIGGER watch DISABLE", "event trigger watch", "fires: expected none, found no"),
  unmended("DROP EVENT TRIGGER watch", "event trigger watch", missing),
  unmended(
    "ALTER DEFAULT PRIVILEGES FOR ROLE base_owner IN SCHEMA app GRANT INSERT ON TABLES TO base_reader",
    "default privileges for base_owner in app on tables",
    "privileges of base_reader: expected SELECT, found INSERT, SELECT",
  ),
  unmended("ALTER DATABASE %DB% OWNER TO base_owner", "database itself", /^owner: /),
];
