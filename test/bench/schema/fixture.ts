/**
 * A schema of many tables, each with what tables usually have, statement by statement: the one that makes
 * thousands commits now and then, as their locks are counted.
 */
export function manyTables(tables: number): string[] {
  const functions = Math.round(tables * 0.4);
  const views = Math.round(tables / 10);
  return [
    `CREATE ROLE bench_reader; CREATE SCHEMA large;
CREATE FUNCTION large.touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE large.root (id bigint PRIMARY KEY)`,
    `DO $do$ BEGIN
  FOR i IN 1..${tables} LOOP
    EXECUTE format($sql$
      CREATE TABLE large.t%1$s (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, root bigint NOT NULL REFERENCES large.root (id),
        name text NOT NULL DEFAULT 'nobody', total numeric(10, 2) NOT NULL DEFAULT 0 CHECK (total >= 0),
        made_at timestamptz NOT NULL DEFAULT now(), made_by text, note text, is_active boolean NOT NULL DEFAULT true);
      CREATE INDEX ON large.t%1$s (root);
      CREATE INDEX ON large.t%1$s (made_at) WHERE is_active;
      GRANT SELECT ON large.t%1$s TO bench_reader;
      COMMENT ON TABLE large.t%1$s IS 'table %1$s';
      COMMENT ON COLUMN large.t%1$s.total IS 'in euro';
      CREATE TRIGGER touched BEFORE UPDATE ON large.t%1$s FOR EACH ROW EXECUTE FUNCTION large.touched()
    $sql$, i);
    IF i % 100 = 0 THEN COMMIT; END IF;
  END LOOP;
  FOR i IN 1..${functions} LOOP
    EXECUTE format($sql$
      CREATE FUNCTION large.f%1$s(a int, b text DEFAULT 'x') RETURNS text LANGUAGE sql STABLE
        AS $body$ SELECT a::text || b || (SELECT count(*) FROM large.root)::text $body$;
      COMMENT ON FUNCTION large.f%1$s(int, text) IS 'function %1$s'
    $sql$, i);
    IF i % 100 = 0 THEN COMMIT; END IF;
  END LOOP;
  FOR i IN 1..${views} LOOP
    EXECUTE format('CREATE VIEW large.v%1$s AS SELECT t.id, t.name, r.id AS root FROM large.t%1$s t JOIN large.root r ON r.id = t.root WHERE t.is_active', i);
    IF i % 100 = 0 THEN COMMIT; END IF;
  END LOOP;
END $do$`,
  ];
}

/** Changes by hand all over it, so that there is something to tell and to mend. */
export const someChanges = `DO $do$ BEGIN
  FOR i IN 1..100 LOOP
    EXECUTE format('ALTER TABLE large.t%1$s ALTER COLUMN total SET DEFAULT 1, DROP COLUMN note', i);
  END LOOP;
END $do$`;
