/** Gives lines of a text that was rendered anew the layout that they had: those that differ by white space alone. */
export function keepLayout(old: string, rendered: string): string {
  const bare = (line: string) => line.replace(/\s+/g, "");
  const known = new Map(old.split("\n").map((line) => [bare(line), line]));
  return rendered
    .split("\n")
    .map((line) => known.get(bare(line)) ?? line)
    .join("\n");
}
