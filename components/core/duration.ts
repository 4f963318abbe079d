const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

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
