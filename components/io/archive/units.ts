import type { ArchiveUnit, ArchivedColumn } from "../../core/archive/archive";
import type { TableName } from "../../core/conventions/new-table";
import { problemError } from "../../core/problem";
import type { Session } from "../session";

/** What is asked for. */
export interface ArchiveRequest {
  readonly table: TableName;
  readonly before: Date;
  /** Of a table that is not partitioned; default `created_at`. */
  readonly column?: string;
}

interface Found {
  readonly kind: string;
  readonly columns: readonly ArchivedColumn[];
  readonly partitions: readonly { schema: string; name: string; kind: string }[];
}

/**
 * What is archived: partitions that are wholly before the moment, or a table's rows.
 *
 * @throws ProblemError
 */
export async function findUnits(
  session: Session,
  { table, before, column }: ArchiveRequest,
): Promise<ArchiveUnit[]> {
  const moment = before.toISOString();
  const path = `${table.schema}.${table.name}`;
  const [found] = await session.query<Found & Record<string, unknown>>(find, [
    table.schema,
    table.name,
    moment,
  ]);
  if (found === undefined) throw problemError(path, "is no table of this database", "is it spelt right?");
  const { columns } = found;
  if (found.kind === "p") {
    if (column !== undefined) {
      throw problemError(
        "--column",
        `${path} is partitioned: its partitions say what is old`,
        "leave it out",
      );
    }
    const deep = found.partitions.find(({ kind }) => kind !== "r");
    if (deep !== undefined) {
      const hint = "archive its partitions: name it with --table";
      throw problemError(`${deep.schema}.${deep.name}`, "is partitioned itself, or foreign", hint);
    }
    return found.partitions.map(({ schema, name }) => ({
      relation: { schema, name },
      partitionOf: table,
      before: moment,
      columns,
    }));
  }
  const name = column ?? "created_at";
  const { type } = columns.find((one) => one.name === name) ?? {};
  if (type === undefined || !/^(?:timestamp|date)/.test(type)) {
    const message =
      type === undefined ? `${path} has no column ${name}` : `${name} is ${type}, which is no time`;
    throw problemError("--column", message, "name the column that says how old a row is");
  }
  return [{ relation: table, column: name, before: moment, columns }];
}

const find = `
  SELECT c.relkind::text AS kind,
         (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
         (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('schema', pn.nspname, 'name', p.relname, 'kind', p.relkind) ORDER BY b.ends), '[]'::json)
          FROM pg_catalog.pg_inherits AS i
          JOIN pg_catalog.pg_class AS p ON p.oid = i.inhrelid JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace,
          LATERAL (SELECT (pg_catalog.regexp_match(pg_catalog.pg_get_expr(p.relpartbound, p.oid), 'TO \\(''([0-9][^'']+)''\\)$'))[1]::timestamptz AS ends) AS b
          WHERE i.inhparent = c.oid AND c.relkind = 'p' AND b.ends <= $3::timestamptz) AS partitions
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')`;
