/** Durations as the official plugin writes them: `1m30s`, `250ms`, `0s`. Pure. */
const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds of a duration; undefined for what is none. */
export function parseGoDuration(text: string): number | undefined {
  if (text === "" || text === "0") return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g);
  return Math.round(
    [...parts].reduce(
      (sum, [, count = "0", unit = "s"]) => sum + Number(count) * (nanoseconds[unit] ?? 0),
      0,
    ),
  );
}

/** A duration as Go prints it. */
export function renderGoDuration(duration: number): string {
  if (duration === 0) return "0s";
  if (duration < 1e9) return duration >= 1e6 ? `${duration / 1e6}ms` : `${duration}ns`;
  const hours = Math.floor(duration / 3600e9);
  const minutes = Math.floor((duration % 3600e9) / 60e9);
  const seconds = `${(duration % 60e9) / 1e9}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** What is wrong with a duration. */
export function wrongDuration(property: string, text: string): string | undefined {
  if (parseGoDuration(text) !== undefined) return undefined;
  return `\`${property}\` must be a duration such as 5s, 250ms or 1m30s`;
}

/** Two ways to write one duration are the same. */
export function canonicalDuration(text: string): string {
  const duration = parseGoDuration(text);
  return duration === undefined ? text : String(duration);
}
