import type { Problem } from "../problem";
import type { DatabaseObject, ObjectName } from "./objects";
import { madeBy, repeatableDirectories, type Repeatable } from "./repeatable";

/**
 * The files in the order in which they can be applied to an empty database: what a file needs of others comes before
 * it; where that says nothing functions are before views, and files by name.
 */
export function orderRepeatables(files: readonly Repeatable[]): {
  readonly ordered: readonly Repeatable[];
  readonly problems: readonly Problem[];
} {
  const needed = new Map(files.map((file) => [file, neededFiles(file, files)]));
  const left = files.toSorted(byPlace);
  const ordered: Repeatable[] = [];
  for (;;) {
    const next = left.find((file) => (needed.get(file) ?? []).every((one) => ordered.includes(one)));
    if (next === undefined) break;
    ordered.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return { ordered, problems: left.length === 0 ? [] : [cycleProblem(left, needed)] };
}

function byPlace(one: Repeatable, other: Repeatable): number {
  const place = ({ directory }: Repeatable): number => repeatableDirectories.indexOf(directory);
  return place(one) - place(other) || (one.name < other.name ? -1 : 1);
}

/** Other files that make something that a file names; one without a schema may be of any. */
function neededFiles(file: Repeatable, files: readonly Repeatable[]): Repeatable[] {
  const own = madeBy(file);
  const isNeeded = (made: DatabaseObject): boolean =>
    made.kind !== "trigger" &&
    made.kind !== "index" &&
    !own.some((one) => isMeant(one, made)) &&
    file.needs.some((need) => isMeant(need, made));
  return files.filter((other) => other !== file && madeBy(other).some(isNeeded));
}

function isMeant(need: ObjectName, made: ObjectName): boolean {
  return need.name === made.name && (need.schema === undefined || need.schema === made.schema);
}

function cycleProblem(
  left: readonly Repeatable[],
  needed: ReadonlyMap<Repeatable, readonly Repeatable[]>,
): Problem {
  const path: Repeatable[] = [];
  // Each of those that are left needs another one that is left, so that a walk comes back to where it was.
  for (let at = left[0]; at !== undefined && !path.includes(at);) {
    path.push(at);
    at = (needed.get(at) ?? []).find((one) => left.includes(one));
  }
  const again = (needed.get(path.at(-1) ?? ({} as Repeatable)) ?? []).find((one) => path.includes(one));
  const circle = again === undefined ? path : path.slice(path.indexOf(again));
  const names = [...circle, ...circle.slice(0, 1)].map(({ path: shown }) => shown);
  return {
    path: names[0] ?? "",
    message: `needs what needs it: ${names.join(" needs ")}`,
    hint: "take what both of them need into a file of its own; write names with their schema, so that only what is meant is found",
  };
}
