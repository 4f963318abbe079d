import { nameSql } from "../repeatables/objects";
import type { ConventionFunction } from "./row-functions";

const path = "SET search_path = pg_catalog, pg_temp";

/** Partitions by time: to make them ahead, and to find those that are past. */
export function partitionFunctions(schema: string): ConventionFunction[] {
  const at = (name: string): string => nameSql({ schema, name });
  return [makePartitions(at), partitionsBefore(at)];
}

type At = (name: string) => string;

function makePartitions(at: At): ConventionFunction {
  return {
    signature: `${at("make_partitions")}(regclass, integer, text)`,
    acknowledgement: `-- pgstead:allow dynamic-sql reason="makes tables by a name that the moment gives, with format and %I"\n`,
    create: `-- Makes the partition of now and so many ahead, where they are not there; each begins at midnight UTC. Waits for
-- nobody who reads or writes: a partition is made by itself, then attached. Nobody attaches one to an audited table: there
-- it is made in its place, and waits, so set lock_timeout. Call it as the owner, every day.
CREATE OR REPLACE FUNCTION ${at("make_partitions")}(parent regclass, ahead integer DEFAULT 3, every text DEFAULT 'month')
RETURNS SETOF text
LANGUAGE plpgsql ${path}
AS $fn$
DECLARE
  home text;
  base text;
  named text;
  starts timestamp;
  bound text;
BEGIN
  IF every NOT IN ('day', 'week', 'month', 'year') OR every IS NULL OR ahead IS NULL OR ahead NOT BETWEEN 0 AND 366 THEN
    RAISE EXCEPTION 'every is %, ahead is %: say day, week, month or year, and 0 to 366', every, ahead
      USING ERRCODE = '22023';
  END IF;
  SELECT n.nspname, c.relname INTO home, base
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = parent AND c.relkind = 'p';
  IF base IS NULL THEN
    RAISE EXCEPTION '% is no partitioned table', parent USING ERRCODE = '42809';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('make_partitions ' || parent::oid, 0));
  FOR step IN 0..ahead LOOP
    starts := date_trunc(every, now() AT TIME ZONE 'UTC') + step * ('1 ' || every)::interval;
    named := left(base, 50) || '_p' || to_char(starts, 'YYYYMMDD');
    IF to_regclass(format('%I.%I', home, named)) IS NULL THEN
      bound := format('FOR VALUES FROM (%L) TO (%L)', starts || '+00', (starts + ('1 ' || every)::interval) || '+00');
      IF EXISTS (SELECT FROM pg_trigger AS g WHERE g.tgrelid = parent AND starts_with(g.tgname::text, 'pgstead_audit_')) THEN
        EXECUTE format('CREATE TABLE %I.%I PARTITION OF %I.%I %s', home, named, home, base, bound);
      ELSE
        EXECUTE format(
          'CREATE TABLE %I.%I (LIKE %I.%I INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMMENTS INCLUDING CONSTRAINTS)',
          home, named, home, base);
        EXECUTE format('ALTER TABLE %I.%I ATTACH PARTITION %I.%I %s', home, base, home, named, bound);
      END IF;
      RETURN NEXT format('%I.%I', home, named);
    END IF;
  END LOOP;
END
$fn$;`,
  };
}

function partitionsBefore(at: At): ConventionFunction {
  return {
    signature: `${at("partitions_before")}(regclass, timestamptz)`,
    acknowledgement: "",
    create: `-- The partitions whose rows are all before a moment, the oldest first: those past retention. \`ops archive\` takes
-- them away once they are in a file.
CREATE OR REPLACE FUNCTION ${at("partitions_before")}(parent regclass, before timestamptz)
RETURNS TABLE (partition regclass, ends_at timestamptz)
LANGUAGE sql STABLE ${path}
AS $fn$
  SELECT b.partition, b.ends_at
  FROM (
    SELECT i.inhrelid::regclass AS partition,
           (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([^'']+)''\\)$'))[1]::timestamptz AS ends_at
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent = parent
  ) AS b
  WHERE b.ends_at <= before ORDER BY b.ends_at
$fn$;`,
  };
}
