import { InvalidArgumentError } from "commander";

/** A moment of an option, with or without its time. */
export function parseMoment(text: string): Date {
  const moment = new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(moment.getTime())) return moment;
  throw new InvalidArgumentError("Write it such as 2026-03-01 or 2026-03-01T12:00Z.");
}

/** How many of something an option asks for. */
export function parseLimit(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 100_000) return count;
  throw new InvalidArgumentError("It is a whole number from 1 to 100000.");
}
