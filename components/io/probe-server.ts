import type { Duplex } from "node:stream";
import type { Client } from "pg";
import type { ConnectionTarget } from "../core/connection";
import { probeTable, probeTableStatements, type Probe } from "../core/operations/probe";
import { openClient, sessionOf, type Session } from "./session";
import { errorMessage } from "../core/error-message";

type Draft = { -readonly [Key in keyof Probe]: Probe[Key] };

/**
 * Logs in, reads and writes as a client does: in a new session each time, so that a server that takes none is noticed.
 *
 * It never takes longer than its time, whatever the server does: a session that has not answered by then is cut off.
 * The write is an update of one row, committed as the server commits by default.
 *
 * @param timeoutMs for all of it
 */
export async function probeServer(target: ConnectionTarget, timeoutMs: number): Promise<Probe> {
  const since = performance.now();
  const nothing = { reachable: false, readable: false, writable: false, inRecovery: null };
  const found: Draft = { ...nothing, seconds: 0, reason: null };
  const login: { client?: Client; isLate?: boolean } = {};
  const work = (async () => {
    const client = await openClient(target, {
      connectTimeoutMs: timeoutMs,
      statementTimeoutMs: timeoutMs,
      applicationName: "pgstead probe",
    });
    login.client = client;
    if (login.isLate === true) {
      cutOff(client);
      return;
    }
    found.reachable = true;
    await readAndWrite(sessionOf(client), found);
    // Its answer is known: nobody waits for its end.
    void client.end().catch(() => undefined);
  })();
  try {
    await within(work, timeoutMs);
  } catch (error) {
    found.reason = errorMessage(error);
    login.isLate = true;
    if (login.client !== undefined) cutOff(login.client);
  }
  // A copy: what is still under way of one that was late tells nobody.
  return { ...found, seconds: (performance.now() - since) / 1_000 };
}

async function readAndWrite(session: Session, found: Draft): Promise<void> {
  const [row] = await session.query<{ inRecovery: boolean; hasSchema: boolean; hasTable: boolean }>(`
    SELECT pg_catalog.pg_is_in_recovery() AS "inRecovery",
           pg_catalog.to_regnamespace('pgstead') IS NOT NULL AS "hasSchema",
           pg_catalog.to_regclass('pgstead.probe') IS NOT NULL AS "hasTable"`);
  if (row === undefined) throw new Error("the read gave no row");
  found.readable = true;
  found.inRecovery = row.inRecovery;
  if (row.inRecovery) throw new Error("the server is in recovery: it takes no writes");
  if (!row.hasTable) for (const sql of probeTableStatements(row.hasSchema)) await session.query(sql);
  const update = `UPDATE ${probeTable} SET at = pg_catalog.clock_timestamp() WHERE one RETURNING at`;
  const written = await session.query(update);
  // Somebody has emptied it.
  if (written.length === 0) for (const sql of probeTableStatements(true)) await session.query(sql);
  found.writable = true;
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${ms / 1_000} s`));
    }, ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Without a word to the server: one that hangs would not hear it. */
function cutOff(client: Client): void {
  (client as unknown as { readonly connection: { readonly stream: Duplex } }).connection.stream.destroy();
}
