import { nearest } from "../nearest";
import type { Problem } from "../problem";
import { fileNameOf } from "./history";

/** Anything with the name of a migration. */
interface Named {
  readonly version: string;
  readonly name: string;
}

/**
 * The migration that a user means: by its number with or without zeros, its file, or its name.
 *
 * @returns undefined: there is none
 */
export function findTarget<Item extends Named>(wanted: string, items: readonly Item[]): Item | undefined {
  const file = wanted.split("/").at(-1) ?? "";
  if (/^\d+$/.test(wanted)) return items.find(({ version }) => Number(version) === Number(wanted));
  return items.find((item) => item.name === wanted || fileNameOf(item) === file);
}

/** Tells of a target that is nowhere. */
export function unknownTarget(wanted: string, items: readonly Named[]): Problem {
  const meant = nearest(
    wanted,
    items.flatMap((item) => [item.name, fileNameOf(item), item.version]),
  );
  const [first, last] = [items[0], items.at(-1)];
  const known =
    first === undefined || last === undefined
      ? "there is no migration yet"
      : `there are ${first.version} to ${last.version}`;
  return {
    path: wanted,
    message: "is no migration",
    hint: meant === undefined ? `give a number, a name or a file: ${known}` : `is ${meant} meant?`,
  };
}
