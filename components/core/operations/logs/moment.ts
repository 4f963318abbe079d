/** Reads the moments of one log file, line by line: it remembers the line before. */
export type MomentReader = (text: string) => number | undefined;

/** `2026-11-22 09:45:00.123 CET`: as `%m` and `%t` have it, and as JSON and CSV do. */
const form = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))? ([A-Za-z]+|[+-]\d\d(?::?\d\d)?)$/;

const minute = 60_000;

/**
 * Moments are written in the server's `log_timezone`, with the abbreviation of its zone, which says little by itself
 * (there are three IST): the zone's own rules tell. In the hour that a clock runs twice the second time is the one in
 * which the line before it would lie ahead.
 *
 * @param zone `log_timezone`, a name of the IANA database
 * @throws RangeError the zone is none that this Node.js knows
 */
export function momentReader(zone: string): MomentReader {
  const offsets = new Map<string, readonly number[]>();
  const rules = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  let before = -Infinity;
  return (text) => {
    const found = form.exec(text);
    if (found === null) return undefined;
    const [, year, month, day, hour, clock, second, fraction = "0", name = ""] = found;
    const wall = Date.UTC(
      ...([
        Number(year),
        Number(month) - 1,
        Number(day),
        Number(hour),
        Number(clock),
        Number(second),
      ] as const),
      Math.trunc(Number(`0.${fraction}`) * 1000),
    );
    const known = fixedOffset(name);
    if (known !== undefined) return wall - known;
    const key = `${text.slice(0, 13)} ${Math.trunc(Number(clock) / 15)}`;
    const candidates = offsets.get(key) ?? offsetsAt(wall, rules);
    if (offsets.size > 1_000) offsets.clear();
    offsets.set(key, candidates);
    const moments = candidates.map((offset) => wall - offset);
    // Lines of several processes come a little out of order.
    const moment = moments.find((one) => one >= before - minute) ?? moments.at(-1) ?? wall;
    before = Math.max(before, moment);
    return moment;
  };
}

/** In milliseconds east of Greenwich; undefined: the name does not say it. */
function fixedOffset(name: string): number | undefined {
  if (name === "UTC" || name === "GMT" || name === "Z") return 0;
  const [, sign, hours, minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(name) ?? [];
  if (sign === undefined) return undefined;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * minute;
}

/** The offsets with which a wall clock of the zone can show it, the earlier moment first. */
function offsetsAt(wall: number, rules: Intl.DateTimeFormat): number[] {
  const near = [-26, 0, 26].map((hours) => offsetOf(wall + hours * 60 * minute, rules));
  const possible = [...new Set(near)].filter((offset) => offsetOf(wall - offset, rules) === offset);
  return (possible.length === 0 ? [near[1] ?? 0] : possible).toSorted((a, b) => b - a);
}

function offsetOf(moment: number, rules: Intl.DateTimeFormat): number {
  const name = rules.formatToParts(moment).find(({ type }) => type === "timeZoneName")?.value ?? "GMT";
  return fixedOffset(name.replace(/^GMT/, "") || "GMT") ?? 0;
}
