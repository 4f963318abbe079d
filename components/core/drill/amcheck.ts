/** So many are told. */
const shown = 20;

/**
 * What pg_amcheck found, from all that it printed: it names a relation, and below it what is wrong, or the error of the
 * function that it called. Empty: it looked at everything, and nothing is wrong.
 */
export function parseAmcheck({
  exitCode,
  stdout,
  stderr,
}: {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}): string[] {
  const faults: string[] = [];
  for (const line of stdout.split("\n").filter((text) => text.trim() !== "")) {
    const last = faults.length - 1;
    if (/^\s/.test(line) && last >= 0) faults[last] = `${faults[last] ?? ""} ${line.trim()}`;
    else faults.push(line.trim());
  }
  const errors = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^pg_amcheck: (?:warning|detail|hint):/.test(line));
  const all = exitCode === 0 ? errors : [...faults, ...errors];
  if (exitCode !== 0 && all.length === 0) return [`pg_amcheck ended with ${exitCode}, and said nothing`];
  return all.length > shown ? [...all.slice(0, shown), `and ${all.length - shown} more`] : all;
}
