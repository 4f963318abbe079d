import type { Month, Retention } from "./model";

/** A number of months from month 0 of year 0, with which one can count. */
function indexOf(month: Month): number {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return year * 12 + number - 1;
}

function monthAt(index: number): Month {
  return `${String(Math.floor(index / 12)).padStart(4, "0")}-${String((index % 12) + 1).padStart(2, "0")}`;
}

export function monthsLater(month: Month, count: number): Month {
  return monthAt(indexOf(month) + count);
}

/** From a month on, so many. */
export function monthsFrom(month: Month, count: number): Month[] {
  return Array.from({ length: count }, (_, index) => monthsLater(month, index));
}

/** The first moment of a month, as PostgreSQL writes it in UTC. */
export function startOf(month: Month): string {
  return `${month}-01 00:00:00+00`;
}

/** Months whose last moment is as long ago as the retention says, whatever the day is: none is cut short. */
export function isExpired(month: Month, today: Month, { months, days }: Retention): boolean {
  // A month has 28 days or more: so many whole ones have passed at least.
  const whole = months + Math.ceil(days / 28);
  return indexOf(month) + 1 + whole <= indexOf(today);
}

/** `24 months`, `2 years` or `90 days`; undefined where it is none of them. */
export function parseRetention(text: string): Retention | undefined {
  const [, count = "", unit = ""] = /^([1-9]\d{0,3}) ?(day|month|year)s?$/.exec(text.trim()) ?? [];
  if (count === "") return undefined;
  const number = Number(count);
  if (unit === "day") return { months: 0, days: number };
  return { months: unit === "year" ? number * 12 : number, days: 0 };
}
