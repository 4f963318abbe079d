import { DatabaseError } from "pg";
import { judgeAnswer, renderAssertion } from "../../core/drill/assertion";
import { quoteIdentifier } from "../../core/identifier";
import { cancellable, openClient, withSession } from "../session";
import type { ThrowawayServer } from "./throwaway-server";

/** An assertion, with its place in the list of all. */
interface NumberedAssertion {
  readonly sql: string;
  readonly index: number;
}

export interface AssertionsOrder {
  readonly server: ThrowawayServer;
  readonly database: string;
  readonly assertions: readonly NumberedAssertion[];
  /** Longest time of each. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Asks whether what has to hold does, each query by itself, in a transaction that cannot write, as a login that may read
 * every table and execute every function, and nothing on the machine.
 *
 * @returns what does not hold, each with its assertion
 */
export async function checkAssertions(order: AssertionsOrder): Promise<string[]> {
  const { server, database, assertions, signal } = order;
  if (assertions.length === 0) return [];
  await letRead(server, database);
  const faults: string[] = [];
  for (const { sql, index } of assertions) {
    signal.throwIfAborted();
    const fault = await ask(order, sql);
    signal.throwIfAborted();
    if (fault !== undefined) faults.push(`${renderAssertion(sql, index)} ${fault}`);
  }
  return faults;
}

/** Makes the reader where there is none yet. */
async function letRead({ administrator, reader }: ThrowawayServer, database: string): Promise<void> {
  const role = quoteIdentifier(reader.user);
  await withSession(administrator, { database, applicationName: "pgstead drill" }, async (session) => {
    const [known] = await session.query("SELECT FROM pg_catalog.pg_roles WHERE rolname = $1", [reader.user]);
    if (known === undefined) {
      await session.query(`CREATE ROLE ${role} LOGIN BYPASSRLS`);
      await session.query(`GRANT pg_read_all_data, pg_read_all_settings TO ${role}`);
    }
    await session.query(`GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${role}`);
    const schemas = await session.query<{ name: string }>(
      "SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'",
    );
    for (const { name } of schemas) {
      await session.query(`GRANT EXECUTE ON ALL ROUTINES IN SCHEMA ${quoteIdentifier(name)} TO ${role}`);
    }
  });
}

/** A cursor takes one query, which cannot write, and gives as few rows as are asked for. */
async function ask(
  { server, database, timeoutMs, signal }: AssertionsOrder,
  sql: string,
): Promise<string | undefined> {
  const options = { database, statementTimeoutMs: timeoutMs, readOnly: true, serversSearchPath: true };
  const client = await openClient(
    server.reader,
    { ...options, applicationName: "pgstead drill" },
    { pipeline: false },
  );
  const cancel = (): void => void cancellable(client, server.reader).cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    await client.query("BEGIN TRANSACTION READ ONLY");
    const query = sql.trim().replace(/;\s*$/, "");
    // Prepared, so that it is one statement whatever is in it.
    await client.query({ text: `DECLARE answer NO SCROLL CURSOR FOR ${query}`, name: "assertion" });
    const { fields, rows } = await client.query<unknown[]>({
      text: "FETCH 2 FROM answer",
      rowMode: "array",
    });
    return judgeAnswer({ type: fields[0]?.dataTypeID, values: rows.map(([value]) => value) });
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return `failed: ${error.message}`;
  } finally {
    signal.removeEventListener("abort", cancel);
    await client.end();
  }
}
