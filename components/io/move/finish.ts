import type { ConnectionTarget } from "../../core/connection";
import { turnOf } from "../../core/move/held-back";
import { partOf } from "../../core/restore/dump-statements";
import type { ClientTools } from "../backup/client-tools";
import { withEnvironment, type ToolSurroundings } from "../backup/run-tool";
import { runScript } from "../restore/database-script";
import { untilAborted } from "../until-aborted";
import { silentSession } from "./mask";
import { renewStatistics } from "./rewrite";

/** A masked database, and what its backup has besides. */
export interface Unfinished {
  readonly login: ConnectionTarget;
  readonly tools: ClientTools;
  readonly database: string;
  /** What was held back, in its order; one character a byte. */
  readonly held: readonly string[];
  /** What the backup says of the database itself, which tells how it is written. */
  readonly own: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Computes from masked rows what is computed from rows, materialized views and statistics, and then lets event triggers be
 * there. A view that cannot be computed, as one over another server, stays without rows.
 *
 * @returns what a person should know of it
 */
export async function finishCopy({
  login,
  tools,
  database,
  held,
  own,
  signal,
}: Unfinished): Promise<string[]> {
  const encoding = own.filter((text) => partOf(text) === "encoding");
  const later = held.filter((text) => turnOf(text) === "later");
  const isRefresh = (text: string): boolean => text.startsWith(refresh);
  const notes = await withEnvironment(login, database, tools, async (environment) => {
    const surroundings = { tools, signal, environment };
    const unfilled: string[] = [];
    for (const text of later.filter(isRefresh)) unfilled.push(...(await fill(surroundings, encoding, text)));
    const eventTriggers = later.filter((text) => !isRefresh(text));
    if (eventTriggers.length > 0)
      await runScript(surroundings, [...encoding, ...eventTriggers], ["--single-transaction"]);
    return unfilled;
  });
  const options = { database, asItself: true, applicationName: "pgstead copy" };
  const unknown = await untilAborted(login, options, signal, async (session) => {
    await session.query(silentSession);
    return renewStatistics(session);
  });
  return [...notes, ...unknown];
}

const refresh = "REFRESH MATERIALIZED VIEW ";

async function fill(
  surroundings: ToolSurroundings,
  encoding: readonly string[],
  statement: string,
): Promise<string[]> {
  try {
    await runScript(surroundings, [...encoding, statement]);
    return [];
  } catch {
    surroundings.signal.throwIfAborted();
    const name = Buffer.from(statement.slice(refresh.length, -1), "latin1").toString("utf8");
    return [`materialized view ${name} has no rows: it cannot be computed here`];
  }
}
