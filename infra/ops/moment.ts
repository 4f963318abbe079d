import { InvalidArgumentError } from "commander";
import { parseTime } from "../../components/core/duration";

/**
 * A moment as an option says it. What is said from now on back stays so: each look of `--watch` has its own now.
 */
export type Moment =
  /** Milliseconds since 1970 in UTC. */
  | { readonly at: number }
  /** So many milliseconds ago. */
  | { readonly ago: number }
  /** The midnight in UTC that so many days began before today did. */
  | { readonly daysBack: number };

const day = 86_400_000;

/** What PostgreSQL has no unit for: its greatest are hours. */
const longUnits: Readonly<Record<string, number>> = { d: day, w: 7 * day };

const words: Readonly<Record<string, Moment>> = { today: { daysBack: 0 }, yesterday: { daysBack: 1 } };

/**
 * A moment of an option as people say it: `30min`, `2h`, `3d` or `2w` ago, `today` or `yesterday`, which begin at midnight
 * in UTC, a date, which begins then as well, or a date with its time and its zone.
 *
 * @throws InvalidArgumentError
 */
export function parseMoment(text: string): Moment {
  const ago = parseSpan(text);
  if (ago !== undefined && ago > 0) return { ago };
  const at = readAbsolute(text);
  const moment = Object.hasOwn(words, text) ? words[text] : at === undefined ? undefined : { at };
  if (moment !== undefined) return moment;
  throw new InvalidArgumentError(
    "Write it such as 30min, 2h, 3d, today, yesterday, 2026-03-01 (UTC) or 2026-03-01T12:00Z.",
  );
}

/**
 * A moment that a look at the clock does not move: what is to be dropped is said exactly.
 *
 * @throws InvalidArgumentError
 */
export function parseDate(text: string): Date {
  const at = readAbsolute(text);
  if (at !== undefined) return new Date(at);
  throw new InvalidArgumentError("Write it such as 2026-03-01 (UTC) or 2026-03-01T12:00Z.");
}

/** When it is that a moment means. */
export function momentOf(moment: Moment, now: number): Date {
  if ("at" in moment) return new Date(moment.at);
  if ("ago" in moment) return new Date(now - moment.ago);
  return new Date(Math.floor(now / day) * day - moment.daysBack * day);
}

function parseSpan(text: string): number | undefined {
  const [, count, unit = ""] = /^(\d{1,4})\s*([dw])$/.exec(text) ?? [];
  return count === undefined ? parseTime(text) : Number(count) * (longUnits[unit] ?? 0);
}

/** Nobody shall guess which zone a moment is of. */
const absolute = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;

function readAbsolute(text: string): number | undefined {
  const [, date = ""] = absolute.exec(text) ?? [];
  const [at, midnight] = [Date.parse(text), Date.parse(date)];
  if (Number.isNaN(at) || Number.isNaN(midnight)) return undefined;
  // JavaScript takes the 30th of February for the 2nd of March.
  return new Date(midnight).toISOString().startsWith(date) ? at : undefined;
}
