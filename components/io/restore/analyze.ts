import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import type { Session } from "../session";
import { untilAborted } from "../until-aborted";

/**
 * Makes the statistics of a restored database, which do not come with its dump. One table that cannot be looked at ends
 * ANALYZE for all: a partition elsewhere that does not answer, or an index on an expression that fails. So each comes
 * by itself then.
 *
 * @returns tables without statistics, with why: that is no reason to give a restore up
 */
export async function analyzeAll(
  login: ConnectionTarget,
  database: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const options = { database, asItself: true, applicationName: "pgstead restore" };
  return untilAborted(login, options, signal, async (session) => {
    await session.query("SET statement_timeout = 0");
    try {
      await session.query("ANALYZE");
      return [];
    } catch {
      signal.throwIfAborted();
      return analyzeEach(session, signal);
    }
  });
}

async function analyzeEach(session: Session, signal: AbortSignal): Promise<readonly string[]> {
  const notes: string[] = [];
  const tables = await session.query<{ schema: string; name: string }>(tablesSql);
  for (const { schema, name } of tables) {
    notes.push(...(await analyzeOne(session, { schema, name })));
    signal.throwIfAborted();
  }
  return notes;
}

/** Makes the statistics of a table. @returns why there are none */
export async function analyzeOne(
  session: Session,
  { schema, name }: { readonly schema: string; readonly name: string },
): Promise<readonly string[]> {
  try {
    await session.query(`ANALYZE ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`);
    return [];
  } catch (error) {
    return [
      `${schema}.${name} has no statistics: ${(error as Error).message}; ANALYZE it once that is mended`,
    ];
  }
}

/** A partitioned table last: what it looks at again, its partitions have by then. */
const tablesSql = `
SELECT n.nspname::text AS schema, c.relname::text AS name
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't'
ORDER BY c.relkind = 'p', n.nspname COLLATE "C", c.relname COLLATE "C"`;
