import { buffer } from "node:stream/consumers";
import { partOf } from "../../core/restore/dump-statements";
import { settingOf } from "../../core/move/held-back";
import { statementsOf } from "../../core/restore/script";
import type { ConnectionTarget } from "../../core/connection";
import type { ClientTools } from "../backup/client-tools";
import { streamTool, withEnvironment } from "../backup/run-tool";
import { describeDatabase } from "../restore/database-script";
import { maintenanceDatabase } from "../session";

/** A copy that takes a database's place. */
export interface Surroundings {
  readonly login: ConnectionTarget;
  readonly tools: ClientTools;
  /** The name that it is to have. */
  readonly database: string;
  /** What the backup says of its database, as a dump has it. */
  readonly own: readonly string[];
  /** Name of the backup's database. */
  readonly from: string;
  readonly isThere: boolean;
  readonly signal: AbortSignal;
}

/**
 * Has a copy be what the database is that it replaces: owner, privileges, settings, limit. These are of an environment and
 * not of its data; settings may hold secrets. Where there is none, owner and privileges are those of the backup.
 *
 * @param fresh the copy, which stays closed
 * @returns how many connections it is to allow, and what of the backup it does not have
 */
export async function describeCopy(
  { login, tools, database, own, from, isThere, signal }: Surroundings,
  fresh: string,
): Promise<{ readonly connectionLimit: number; readonly notes: readonly string[] }> {
  const statements = isThere
    ? await readOwn({ login, tools, signal }, database)
    : own.filter((text) => settingOf(text) === undefined);
  const name = isThere ? database : from;
  const connectionLimit = await withEnvironment(login, maintenanceDatabase, tools, (environment) =>
    describeDatabase({ tools, environment, signal }, statements, {
      from: name,
      database: fresh,
      keepClosed: true,
    }),
  );
  const left = own.flatMap((text) => settingOf(text) ?? []);
  const notes = left.length === 0 ? [] : [`settings of the other database are left out: ${left.join(", ")}`];
  return { connectionLimit, notes };
}

/** What a database that is there is, as its dump would say it: pg_dump quotes what is in settings. */
async function readOwn(
  { login, tools, signal }: Pick<Surroundings, "login" | "tools" | "signal">,
  database: string,
): Promise<readonly string[]> {
  const { value } = await withEnvironment(login, database, tools, (environment) =>
    streamTool(
      { tools, environment, signal },
      "pg_dump",
      ["--no-password", "--create", "--schema-only", "--exclude-schema=*"],
      buffer,
    ),
  );
  const statements = statementsOf(value.toString("latin1"), `database ${database}`);
  const own = statements.filter((text) => ["database", "encoding", "authorization"].includes(partOf(text)));
  return own;
}
