import { InvalidArgumentError } from "commander";

/** How many of something an option asks for. */
export function parseLimit(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 100_000) return count;
  throw new InvalidArgumentError("It is a whole number from 1 to 100000.");
}
