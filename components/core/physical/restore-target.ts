import { problemError } from "../problem";

/** What a server is restored to. */
export type RestoreTarget =
  | { readonly kind: "latest" }
  /** Milliseconds since 1970: what was committed before it is there, and nothing else. */
  | { readonly kind: "moment"; readonly at: number };

const form = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?\s*(\S*)$/;
const zoneForm = /^([+-])(\d\d)(?::?(\d\d))?$/;
const example = `write it such as "2026-11-20 14:30:00+00", or latest`;

/**
 * A target as PostgreSQL writes it, with its zone: nobody shall guess which one is meant.
 *
 * @throws ProblemError
 */
export function parseRestoreTarget(text: string): RestoreTarget {
  if (text === "latest") return { kind: "latest" };
  const [, year, month, day, hour, minute, second = "0", fraction = "", zone = ""] = form.exec(text) ?? [];
  if (year === undefined) throw refused(`${JSON.stringify(text)} is no moment`, example);
  if (zone === "") {
    throw refused(
      `${text} has no zone: it is another moment in each`,
      `add it: "${text}+00" is UTC, "${text}+02" two hours east of it`,
    );
  }
  const offset = zoneOffset(zone);
  const digits = fraction.padEnd(6, "0");
  const fields = [year, month, day, hour, minute, second].map(Number) as [
    ...[number, number, number, number, number, number],
  ];
  const [y, mo, d, h, mi, s] = fields;
  const local = Date.UTC(y, mo - 1, d, h, mi, s, Number(digits.slice(0, 3)));
  if (offset === undefined || !isSame(local, fields)) {
    throw refused(`${JSON.stringify(text)} is no moment that there is`, example);
  }
  if (!digits.endsWith("000")) {
    const hint =
      "leave the last three digits out: what was committed in that thousandth is then not restored";
    throw refused(`${text} is finer than a thousandth of a second`, hint);
  }
  return { kind: "moment", at: local - offset };
}

/** The 30th of February would become a day of March. */
function isSame(moment: number, [y, mo, d, h, mi, s]: readonly number[]): boolean {
  const found = new Date(moment);
  return (
    found.getUTCFullYear() === y &&
    found.getUTCMonth() + 1 === mo &&
    found.getUTCDate() === d &&
    found.getUTCHours() === h &&
    found.getUTCMinutes() === mi &&
    found.getUTCSeconds() === s
  );
}

/** East of UTC in milliseconds; undefined: it is no zone that is known by itself. */
function zoneOffset(zone: string): number | undefined {
  if (zone === "Z" || zone === "UTC") return 0;
  const [, sign, hours, minutes = "0"] = zoneForm.exec(zone) ?? [];
  if (sign === undefined || Number(hours) > 15 || Number(minutes) > 59) return undefined;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

function refused(message: string, hint: string): Error {
  return problemError("--to", message, hint);
}
