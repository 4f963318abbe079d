import { planSettling } from "../../core/physical/generations";
import { startServerContainer } from "../docker/server";
import { leaveGeneration, readDataVolume, removeGenerations } from "./generations";
import { finishSwap, type Tell } from "./swap-generation";
import type { WorkContainer } from "./work-container";

/**
 * Brings to its end, or takes away, what earlier runs have left, whichever step they were killed at. Gives what was done,
 * for people; empty: nothing was left.
 */
export async function settleVolume(
  work: WorkContainer,
  isKept: boolean,
  say: Tell,
): Promise<readonly string[]> {
  const { remove, leave, finish, start } = planSettling(await readDataVolume(work), isKept);
  const done: string[] = [];
  if (finish !== undefined) {
    await say(
      `an earlier run led \`current\` to generation ${finish.generation} and was ended: going on with it`,
    );
    await finishSwap(work, finish, say);
    done.push(
      `the restore to generation ${finish.generation}, which was interrupted, was brought to its end`,
    );
  }
  if (start) {
    const waiting = { say, signal: new AbortController().signal };
    await startServerContainer(work.docker, work.server, waiting);
    done.push("a restore was interrupted before anything changed: the server runs as before");
  }
  for (const generation of leave) await leaveGeneration(work, generation);
  await removeGenerations(work, remove);
  if (remove.length > 0) done.push(`what an interrupted restore had left was removed: ${remove.join(", ")}`);
  return done;
}
