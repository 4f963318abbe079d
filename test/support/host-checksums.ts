/** `mode owner:group; sha256 …` of a file, `mode owner:group directory`, or `link target`, by path. */
export type Checksums = Readonly<Record<string, string>>;

/** Reads what test/fixtures/debian-host/checksums prints: lines of a path, a tab, and what is there. */
export function parseChecksums(printed: string): Checksums {
  const found: Record<string, string> = {};
  for (const line of printed.split("\n").filter((text) => text !== "")) {
    const [path = "", what = ""] = line.split("\t");
    found[path] = found[path] === undefined ? what : `${found[path]}; ${what}`;
  }
  if (Object.keys(found).length < 100) throw new Error(`the checksums of a host are not whole: ${printed}`);
  return found;
}

/** What differs between two looks, one line each; empty: nothing. */
export function changedFiles(before: Checksums, after: Checksums): string[] {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return paths
    .filter((path) => before[path] !== after[path])
    .map((path) => `${path}: ${before[path] ?? "absent"} -> ${after[path] ?? "absent"}`);
}
