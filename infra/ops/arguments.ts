import { InvalidArgumentError } from "commander";

/** A moment of an option, with or without its time. */
export function parseMoment(text: string): Date {
  const moment = readMoment(text);
  if (moment !== undefined) return moment;
  throw new InvalidArgumentError("Write it such as 2026-03-01 or 2026-03-01T12:00Z.");
}

function readMoment(text: string): Date | undefined {
  const moment = new Date(text);
  return /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(moment.getTime()) ? moment : undefined;
}

const spans = { min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/**
 * A moment of an option as people say it: `2h` ago (min, h, d, w), `today` or `yesterday`, which begin at midnight in UTC,
 * or a moment.
 */
export function parseSince(text: string, now: Date = new Date()): Date {
  const [, count, unit] = /^(\d{1,5})\s*(min|h|d|w)$/.exec(text) ?? [];
  if (count !== undefined) return new Date(now.getTime() - Number(count) * spans[unit as keyof typeof spans]);
  const midnight = new Date(now).setUTCHours(0, 0, 0, 0);
  if (text === "today") return new Date(midnight);
  if (text === "yesterday") return new Date(midnight - spans.d);
  const moment = readMoment(text);
  if (moment !== undefined) return moment;
  throw new InvalidArgumentError(
    "Write it such as 2h, 3d, today, yesterday, 2026-03-01 or 2026-03-01T12:00Z.",
  );
}

/** How many of something an option asks for. */
export function parseLimit(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 100_000) return count;
  throw new InvalidArgumentError("It is a whole number from 1 to 100000.");
}
