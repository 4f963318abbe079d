import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import fc from "fast-check";

/** One thing that may happen to the files of a backup; `file` counts them, `at` the bytes of that one. */
export type Corruption =
  | { readonly kind: "bit"; readonly file: number; readonly at: number; readonly bit: number }
  | { readonly kind: "byte"; readonly file: number; readonly at: number; readonly by: number }
  | { readonly kind: "cut" | "insert"; readonly file: number; readonly at: number; readonly bytes: number }
  | { readonly kind: "append"; readonly file: number; readonly bytes: number }
  | { readonly kind: "remove" | "rename"; readonly file: number }
  | { readonly kind: "add"; readonly file: number; readonly bytes: number }
  | { readonly kind: "swap"; readonly file: number; readonly other: number };

const place = { file: fc.nat(), at: fc.nat() };
const bytes = fc.integer({ min: 1, max: 4_096 });

/** Any of them, anywhere. */
export const corruptions: fc.Arbitrary<Corruption> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("bit" as const), ...place, bit: fc.nat(7) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("byte" as const),
      ...place,
      by: fc.integer({ min: 1, max: 255 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom("cut" as const, "insert" as const), ...place, bytes }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("append" as const), file: fc.nat(), bytes }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("remove" as const, "rename" as const), file: fc.nat() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("add" as const), file: fc.nat(), bytes: fc.nat(64) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("swap" as const), file: fc.nat(), other: fc.nat() }),
  },
);

/**
 * Does it to a backup, looks, and takes it back.
 *
 * @param paths of all files of the backup
 * @returns what the look found; undefined: it changes nothing, such as two files with the same content swapped
 */
export async function whileCorrupt<Found>(
  directory: string,
  paths: readonly string[],
  corruption: Corruption,
  look: () => Promise<Found>,
): Promise<Found | undefined> {
  const pathOf = (index: number): string => join(directory, paths[index % paths.length] ?? "");
  const path = pathOf(corruption.file);
  const whole = await readFile(path);
  switch (corruption.kind) {
    case "remove":
      await rm(path);
      return look().finally(() => writeFile(path, whole));
    case "rename":
      await rename(path, `${path}.old`);
      return look().finally(() => rename(`${path}.old`, path));
    case "add": {
      const added = join(dirname(path), "left", "over");
      await mkdir(dirname(added));
      await writeFile(added, Buffer.alloc(corruption.bytes));
      return look().finally(() => rm(dirname(added), { recursive: true }));
    }
    case "swap": {
      const other = pathOf(corruption.other);
      const its = await readFile(other);
      if (whole.equals(its)) return undefined;
      await writeFile(path, its);
      await writeFile(other, whole);
      return look().finally(async () => {
        await writeFile(path, whole);
        await writeFile(other, its);
      });
    }
    default: {
      const damaged = change(whole, corruption);
      if (damaged.equals(whole)) return undefined;
      await writeFile(path, damaged);
      return look().finally(() => writeFile(path, whole));
    }
  }
}

function change(
  whole: Buffer,
  corruption: Exclude<Corruption, { kind: "remove" | "rename" | "add" | "swap" }>,
): Buffer {
  if (corruption.kind === "append") return Buffer.concat([whole, Buffer.alloc(corruption.bytes)]);
  const at = whole.length === 0 ? 0 : corruption.at % whole.length;
  switch (corruption.kind) {
    case "cut":
      return Buffer.concat([whole.subarray(0, at), whole.subarray(at + corruption.bytes)]);
    case "insert":
      return Buffer.concat([whole.subarray(0, at), Buffer.alloc(corruption.bytes), whole.subarray(at)]);
    case "bit":
    case "byte": {
      const damaged = Buffer.from(whole);
      const by = corruption.kind === "bit" ? 1 << corruption.bit : corruption.by;
      if (at < damaged.length) damaged[at] = (damaged[at] ?? 0) ^ by;
      return damaged;
    }
  }
}
