import { quoteIdentifier } from "../../core/identifier";
import type { FoundTraces, Traces } from "../../core/migrations/leftover";
import type { Session } from "../session";

/** Where it is looked. */
interface Place {
  readonly session: Pick<Session, "query">;
  /** As whom. */
  readonly owner: string;
}

/** Looks for what a statement left behind, as the owner, as names mean what they mean to him. */
export async function findTraces(context: Place, traces: Traces): Promise<FoundTraces> {
  const { session, owner } = context;
  await session.query(`BEGIN; SET LOCAL ROLE ${quoteIdentifier(owner)}`);
  try {
    return await find(context, traces);
  } finally {
    await session.query("ROLLBACK");
  }
}

async function find(context: Place, traces: Traces): Promise<FoundTraces> {
  switch (traces.kind) {
    case "index made":
      return { state: await stateOfIndex(context, traces.table, traces.index ?? ""), copies: [] };
    case "index dropped":
      return { state: await presence(context, traces.index), copies: [] };
    case "index made anew":
      return { state: "absent", ...(await copiesIn(context, traces.of, traces.place)) };
    case "partition detached":
      return { state: await attachment(context, traces.table, traces.partition), copies: [] };
    case "nothing":
    case "unknown":
      return { state: "absent", copies: [] };
  }
}

async function stateOfIndex({ session }: Place, table: string, index: string): Promise<FoundTraces["state"]> {
  const [found] = await session.query<{ same: boolean | null; valid: boolean | null }>(
    `SELECT i.indrelid = t.oid AS same, i.indisvalid AND i.indisready AS valid
     FROM pg_catalog.pg_class AS t
     JOIN pg_catalog.pg_class AS c ON c.relnamespace = t.relnamespace AND c.relname = $2
     LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
     WHERE t.oid = pg_catalog.to_regclass($1)`,
    [table, index],
  );
  if (found === undefined) return "absent";
  if (found.same !== true) return "elsewhere";
  return found.valid === true ? "valid" : "invalid";
}

async function presence({ session }: Place, name: string): Promise<FoundTraces["state"]> {
  const [found] = await session.query<{ there: boolean }>(
    "SELECT pg_catalog.to_regclass($1) IS NOT NULL AS there",
    [name],
  );
  return found?.there === true ? "valid" : "absent";
}

/** Invalid copies, those of the tables' toast tables and partitions included. */
async function copiesIn(
  { session }: Place,
  of: "index" | "table" | "schema" | "database",
  place: string | undefined,
): Promise<Pick<FoundTraces, "copies" | "kept">> {
  const rows = await session.query<{ name: string; mine: boolean }>(
    `WITH root AS (
       SELECT pg_catalog.to_regclass(CASE WHEN $1 = 'table' THEN $2 END) AS oid
       UNION ALL
       SELECT i.indrelid FROM pg_catalog.pg_index AS i
       WHERE i.indexrelid = pg_catalog.to_regclass(CASE WHEN $1 = 'index' THEN $2 END)
     ), tables AS (
       SELECT root.oid FROM root
       UNION SELECT p.relid FROM root, LATERAL pg_catalog.pg_partition_tree(root.oid) AS p
       UNION SELECT c.oid FROM pg_catalog.pg_class AS c
       WHERE $1 = 'database'
          OR ($1 = 'schema' AND c.relnamespace = pg_catalog.to_regnamespace(CASE WHEN $1 = 'schema' THEN $2 END))
     ), every AS (
       SELECT oid FROM tables UNION
       SELECT c.reltoastrelid FROM pg_catalog.pg_class AS c JOIN tables ON tables.oid = c.oid
     )
     SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name,
            pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS mine
     FROM pg_catalog.pg_index AS i JOIN every ON every.oid = i.indrelid
     JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
     WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' ORDER BY 1`,
    [of, place ?? null],
  );
  const named = (mine: boolean): string[] => rows.filter((row) => row.mine === mine).map(({ name }) => name);
  return { copies: named(true), kept: named(false) };
}

async function attachment(
  { session }: Place,
  table: string,
  partition: string,
): Promise<FoundTraces["state"]> {
  const [found] = await session.query<{ pending: boolean }>(
    `SELECT inhdetachpending AS pending FROM pg_catalog.pg_inherits
     WHERE inhrelid = pg_catalog.to_regclass($1) AND inhparent = pg_catalog.to_regclass($2)`,
    [partition, table],
  );
  if (found === undefined) return "absent";
  return found.pending ? "pending" : "valid";
}
