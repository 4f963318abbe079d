const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** PostgreSQL's units of time, in milliseconds. */
const milliseconds = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["min", 60_000],
  ["h", 3_600_000],
]);

/** A time as PostgreSQL writes it, `500ms` or `15min`, in milliseconds; undefined: it is none. 0 needs no unit. */
export function parseTime(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,6})\s*([a-z]*)$/.exec(text) ?? [];
  const factor = digits === "0" && unit === "" ? 1 : milliseconds.get(unit);
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

/** A number of seconds in PostgreSQL's units, the two greatest of them: `3 h 12 min`, `2 d`, `0 s`. */
export function renderDuration(seconds: number): string {
  let rest = Math.max(0, Math.floor(seconds));
  const parts = units.flatMap(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return [{ unit, count }];
  });
  const first = parts.findIndex(({ count }) => count > 0);
  if (first === -1) return "0 s";
  const shown = parts.slice(first, first + 2).filter(({ count }) => count > 0);
  return shown.map(({ unit, count }) => `${count} ${unit}`).join(" ");
}
