import { pendingName, type DesiredFiles } from "../../core/files/model";
import type { FilesPlan } from "../../core/files/plan";
import { problemError } from "../../core/problem";
import { renderPlan, type Plan } from "../../core/statement";
import { NotOnEngineError } from "./ask-engine";
import { connectDocker } from "./engine";
import { EngineUnreachableError, isNotFound } from "./failure";
import { reloadContainer } from "./reload";
import { writeVolume } from "./volume-files";
import type { VolumePlace } from "./volume-place";

/** What is written under a name. */
export type FileContents = ReadonlyMap<string, { readonly content: string; readonly mode: string }>;

/**
 * Does what a plan says: writes and removes, then tells the container that reads the files.
 *
 * While a running container has not been told, a mark lies on the volume: a run that is killed there leaves it to the
 * next one, which finds it and tells.
 */
export async function applyFiles(
  place: VolumePlace,
  { plan, write, remove, isChange }: FilesPlan,
  contents: FileContents,
  { owner, directoryMode, reload }: Pick<DesiredFiles, "owner" | "directoryMode" | "reload">,
): Promise<void> {
  if (plan.statements.length === 0) return;
  const target = { owner, directoryMode };
  const isMarked = reload !== undefined && (!isChange || (await isRunning(place, reload.container)));
  if (isChange) {
    const files = write.map((name) => ({ name, ...(contents.get(name) ?? missing(name)) }));
    const mark = isMarked ? { mark: pendingName(reload) } : {};
    await writeVolume(place, { ...target, write: files, remove, ...mark });
  }
  if (reload === undefined) return;
  await reloadContainer(place.endpoint, reload);
  if (isMarked) await writeVolume(place, { ...target, write: [], remove: [pendingName(reload)] });
}

/** What was written has to be there when it is read again. */
export function assertSettled({ volume }: VolumePlace, plan: Plan): void {
  if (plan.statements.length === 0) return;
  throw problemError(
    `volume ${volume}`,
    `it still differs after the change: ${renderPlan(plan)}`,
    "does another program change it at the same time? Run this again.",
  );
}

/** True for what a preview can go on without: it then compares with the state, and says why. */
export function isUnread(error: unknown): error is Error {
  return error instanceof EngineUnreachableError || error instanceof NotOnEngineError;
}

async function isRunning({ endpoint }: VolumePlace, container: string): Promise<boolean> {
  try {
    const { State } = await connectDocker(endpoint).getContainer(container).inspect();
    return State.Running;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function missing(name: string): never {
  throw new Error(`the plan writes ${name}, and nobody said what is in it`);
}
