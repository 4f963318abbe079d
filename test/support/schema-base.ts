/** A schema with something of every kind, as its owner and a superuser would make it. */
export const baseSchema = `
CREATE EXTENSION pg_trgm SCHEMA public;
CREATE SCHEMA app AUTHORIZATION base_owner;
COMMENT ON SCHEMA app IS 'what the application has';
SET search_path = app, public;
CREATE TYPE status AS ENUM ('new', 'paid', 'sent');
CREATE TYPE place AS (street text, town varchar(40));
CREATE TYPE period AS RANGE (subtype = timestamp);
CREATE DOMAIN email AS text CONSTRAINT looks_right CHECK (VALUE LIKE '%@%');
CREATE SEQUENCE numbers INCREMENT 10 CACHE 5;
CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mail email NOT NULL,
  name text COLLATE "C" DEFAULT 'nobody',
  upper_name text GENERATED ALWAYS AS (upper(name)) STORED,
  note text,
  home place,
  CONSTRAINT customers_mail_key UNIQUE (mail));
CREATE TABLE orders (
  id serial PRIMARY KEY,
  customer bigint NOT NULL CONSTRAINT orders_customer_fkey REFERENCES customers (id) ON DELETE CASCADE,
  total numeric(10, 2) NOT NULL DEFAULT 0 CONSTRAINT orders_total_check CHECK (total >= 0),
  state status NOT NULL DEFAULT 'new',
  placed_at timestamptz NOT NULL DEFAULT now(),
  span tsrange,
  CONSTRAINT no_overlap EXCLUDE USING gist (span WITH &&));
ALTER TABLE orders SET (fillfactor = 80, autovacuum_enabled = true);
ALTER TABLE customers ALTER COLUMN name SET STATISTICS 500;
ALTER TABLE customers ALTER COLUMN note SET STORAGE EXTERNAL, ALTER COLUMN note SET (n_distinct = 10);
CREATE INDEX orders_placed_at_idx ON orders (placed_at) WHERE state <> 'sent';
CREATE INDEX customers_name_idx ON customers USING gin (name gin_trgm_ops);
CREATE STATISTICS orders_stats (ndistinct) ON customer, state FROM orders;
CREATE TABLE events (id bigint, at date NOT NULL, body jsonb) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
CREATE INDEX events_at_idx ON events (at);
CREATE TABLE visits (id bigint, at date NOT NULL, by bigint CONSTRAINT visits_by REFERENCES customers,
  note text CONSTRAINT visits_note CHECK (note <> ''), PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE INDEX visits_noted ON visits (note);
CREATE TABLE visits_2026 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE visits_2027 (LIKE visits INCLUDING ALL);
ALTER TABLE visits ATTACH PARTITION visits_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
CREATE TABLE archive (archived_at date) INHERITS (orders);
CREATE UNLOGGED TABLE cache (key text, value text);
CREATE TABLE kinds (kind varchar(10) DEFAULT 'a' CHECK (kind IN ('a', 'it''s')), short char(3) CHECK (short IN ('x', 'y')));
CREATE INDEX kinds_idx ON kinds (kind) WHERE kind NOT IN ('a', 'b');
CREATE VIEW few AS SELECT kind FROM kinds WHERE kind IN ('a', 'b') AND short <> ALL (ARRAY['x', 'y']);
CREATE TABLE secrets (owner_name text, body text);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_only ON secrets FOR SELECT TO base_reader USING (owner_name = current_user);
CREATE TABLE copied (id int NOT NULL, body text);
CREATE UNIQUE INDEX copied_id_idx ON copied (id);
ALTER TABLE copied REPLICA IDENTITY USING INDEX copied_id_idx;
ALTER TABLE copied CLUSTER ON copied_id_idx;
CREATE VIEW recent AS SELECT id, total FROM orders WHERE placed_at > now() - interval '7 days';
CREATE VIEW guarded WITH (security_barrier = true) AS SELECT id FROM customers;
CREATE MATERIALIZED VIEW totals AS SELECT customer, sum(total) AS total FROM orders GROUP BY customer;
CREATE UNIQUE INDEX totals_customer_idx ON totals (customer);
CREATE FUNCTION add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT a + b';
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION many() RETURNS SETOF int LANGUAGE sql STABLE SECURITY DEFINER COST 7 ROWS 20 SET search_path = app
  AS 'SELECT 1';
CREATE FUNCTION modern(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a * 2; END;
CREATE PROCEDURE tidy(INOUT n int) LANGUAGE plpgsql AS $$ BEGIN n := 1; END $$;
CREATE AGGREGATE total_of (int) (SFUNC = add, STYPE = int, INITCOND = '0');
CREATE TRIGGER orders_touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touched();
CREATE TRIGGER events_touched AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION touched();
CREATE RULE no_deletes AS ON DELETE TO cache DO INSTEAD NOTHING;
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq, COMMUTATOR = ===);
CREATE OPERATOR FAMILY own_family USING btree;
CREATE OPERATOR CLASS own_class FOR TYPE int USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(int);
CREATE FUNCTION to_place(text) RETURNS place LANGUAGE sql IMMUTABLE AS $$ SELECT ROW($1, '')::app.place $$;
CREATE CAST (text AS place) WITH FUNCTION to_place(text);
CREATE COLLATION german (provider = icu, locale = 'de-DE');
CREATE CONVERSION own_conversion FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple, stopwords = english);
CREATE TEXT SEARCH CONFIGURATION search (COPY = simple);
CREATE FOREIGN DATA WRAPPER elsewhere;
CREATE SERVER far FOREIGN DATA WRAPPER elsewhere OPTIONS (host 'far.example');
CREATE USER MAPPING FOR base_reader SERVER far OPTIONS (password 'hidden');
CREATE FOREIGN TABLE remote (id int OPTIONS (column_name 'i')) SERVER far OPTIONS (table_name 'r');
CREATE PUBLICATION changes FOR TABLE customers (id, mail), copied WHERE (id > 0);
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE EVENT TRIGGER watch ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION on_ddl();
CREATE ACCESS METHOD own_heap TYPE TABLE HANDLER heap_tableam_handler;
ALTER DEFAULT PRIVILEGES FOR ROLE base_owner IN SCHEMA app GRANT SELECT ON TABLES TO base_reader;
GRANT USAGE ON SCHEMA app TO base_reader;
GRANT SELECT ON customers, orders TO base_reader;
GRANT UPDATE (note) ON customers TO base_reader;
GRANT EXECUTE ON FUNCTION add(int, int) TO base_reader;
GRANT USAGE ON SEQUENCE numbers TO base_reader;
COMMENT ON TABLE customers IS 'who buys';
COMMENT ON COLUMN customers.mail IS 'where to write';
COMMENT ON CONSTRAINT orders_total_check ON orders IS 'nobody is paid for buying';
COMMENT ON FUNCTION add(int, int) IS 'adds';
COMMENT ON INDEX orders_placed_at_idx IS 'for the list of open orders';
ALTER TABLE customers OWNER TO base_owner;
ALTER FUNCTION add(int, int) OWNER TO base_owner;
RESET search_path;
`;
