import { realpath } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import { parseCopyIndex } from "../../core/copies/copy-index";
import type { CopyPlan } from "../../core/copies/plan";
import { problemError } from "../../core/problem";
import { sha256 } from "../backup/files";
import type { Destination } from "./destination";

/** Refuses a directory that is a part of the repository, or the other way round: a disk would take both with it. */
export async function assertApart(repository: string, plan: CopyPlan): Promise<void> {
  if (!("path" in plan)) return;
  const [a, b] = await Promise.all([placeOf(repository), placeOf(plan.path)]);
  if (!isWithin(a, b) && !isWithin(b, a)) return;
  const hint = "name a directory elsewhere, on a disk of its own";
  throw problemError(`copy ${plan.name} (${plan.path})`, `lies with the repository ${repository}`, hint);
}

function placeOf(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path)); // what is not there is told when it is opened
}

function isWithin(parent: string, path: string): boolean {
  const way = relative(parent, path);
  return way === "" || (!way.startsWith("..") && !isAbsolute(way));
}

/**
 * Refuses a place with copies of another stack: the rules of the one would remove those of the other.
 *
 * @param unknown names of whole copies there that this repository did not send
 */
export async function assertOwnCopies(
  destination: Destination,
  unknown: readonly string[],
  stack: string,
  signal: AbortSignal,
): Promise<void> {
  for (const name of unknown) {
    const text = await destination.readIndex(name, signal);
    const other = stackOf(text, name);
    if (other === undefined || other === stack) continue;
    throw problemError(
      `copy ${destination.name} (${destination.where})`,
      `holds copies of stack ${other}, such as ${name}`,
      "give each stack a directory, or a prefix, of its own",
    );
  }
}

/** Undefined: it is damaged, and nobody's. */
function stackOf(text: string, name: string): string | undefined {
  try {
    return parseCopyIndex(text, name, sha256).stack;
  } catch {
    return undefined;
  }
}
