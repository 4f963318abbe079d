import { judgeBloat } from "../../../components/core/operations/bloat";
import type { MaintenanceStep } from "../../../components/core/operations/maintenance";
import { problemError } from "../../../components/core/problem";
import { renderSize } from "../../../components/core/size";
import { readBloat } from "../../../components/io/catalog/bloat";
import { readServerSpace } from "../../../components/io/catalog/space";
import { maintenanceDatabase } from "../../../components/io/session";
import type { CommandContext } from "../command";
import { readVolumes } from "../space/volumes";
import type { Watcher } from "../watcher";
import type { MaintenanceArgs } from "./maintenance-report";

/** @throws ProblemError where nobody has said which database is locked, and nobody can be asked */
export function assertFullConfirmable(
  { askFor }: CommandContext,
  { confirm, dryRun }: MaintenanceArgs,
  database: string,
): void {
  if (dryRun === true || confirm === database) return;
  const hint = `VACUUM FULL keeps even reads out of each table: say --confirm ${database}, or --dry-run to see more`;
  if (confirm !== undefined) {
    throw problemError("--confirm", `${confirm} is not the database; nothing was done`, hint);
  }
  if (askFor !== undefined) return;
  throw problemError(
    "--confirm",
    "is missing, and there is no terminal to type it at; nothing was done",
    hint,
  );
}

/** Has the name of the database typed. */
export async function typeName({ askFor }: CommandContext, database: string): Promise<boolean> {
  if (askFor === undefined) return false;
  const typed = await askFor(
    "Nobody reads these tables while they are written anew. Type the name of the database:",
  );
  return typed === database;
}

/** The estimate of what rows take is right to about a tenth: less than this part of it surely does not do. */
const surePart = 0.8;

/**
 * A table is written anew beside the old one, with its indexes: the old ones go when that is done.
 *
 * @returns remarks on the room
 * @throws ProblemError where a copy surely does not fit
 */
export async function assertRoom(
  context: CommandContext,
  watcher: Watcher,
  database: string,
  steps: readonly MaintenanceStep[],
): Promise<string[]> {
  const most = Math.max(0, ...steps.map(({ needsBytes }) => needsBytes));
  const announced = `the largest copy takes up to ${renderSize(most)} beside what is there`;
  const look = await readVolumes(context, await watcher.look(maintenanceDatabase, readServerSpace));
  if ("unseen" in look) return [`${announced}; ${look.unseen}`];
  const free = look.volumes.find(({ holds }) => holds.includes("data"))?.freeBytes;
  if (free === undefined || free >= most) {
    return [free === undefined ? announced : `${announced}; ${renderSize(free)} are free`];
  }
  const { tables } = judgeBloat(await watcher.asAdministrator(database, (session) => readBloat(session, 0)));
  const least = new Map(
    tables.map(({ table, sizeBytes, bloatBytes }) => [
      table,
      bloatBytes === null ? 0 : (sizeBytes - bloatBytes) * surePart,
    ]),
  );
  const tooLarge = steps.filter(({ subject }) => (least.get(subject) ?? 0) > free);
  if (tooLarge.length > 0) {
    const names = tooLarge.map(({ subject }) => subject).join(", ");
    throw problemError(
      "--full",
      `${renderSize(free)} are free, and a copy of ${names} surely takes more; nothing was done`,
      "make room first, or name tables that fit; plain `vacuum` needs none",
    );
  }
  return [`${announced}; only ${renderSize(free)} are free: it fits if enough of the tables is empty`];
}
