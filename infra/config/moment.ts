const pattern =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.\d+)?)?)?(?: ?(Z|UTC|[+-]\d{2}(?::?\d{2})?(?: UTC)?))?$/i;

/**
 * A moment in UTC, as `2030-01-01T00:00:00Z`; undefined for what is none. A date alone is its first second.
 *
 * The engine turns a date in YAML into `2030-01-01 00:00:00 +0000 UTC`, so that is a moment as well.
 */
export function parseMoment(text: string): string | undefined {
  const [, date, minutes = "00:00", seconds = "00", zone = "Z"] = pattern.exec(text.trim()) ?? [];
  if (date === undefined) return undefined;
  const wall = `${date}T${minutes}:${seconds}`;
  const milliseconds = Date.parse(`${wall}Z`);
  // JavaScript takes the 30th of February for the 2nd of March.
  if (Number.isNaN(milliseconds) || render(milliseconds) !== `${wall}Z`) return undefined;
  const offset = offsetMinutes(zone);
  return offset === undefined ? undefined : render(milliseconds - offset * 60_000);
}

function offsetMinutes(zone: string): number | undefined {
  const [, sign, hours, minutes = "00"] = /^([+-])(\d{2}):?(\d{2})?/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  // PostgreSQL's limit is 15:59.
  if (Number(hours) > 15 || Number(minutes) > 59) return undefined;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

function render(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(".000Z", "Z");
}
