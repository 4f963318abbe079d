import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";

/** The program has the text of a map; the stack's file has a map, of `{ secure: … }`. Undefined: it is none. */
export function secretNames(written: unknown): readonly string[] | undefined {
  if (written === undefined) return [];
  try {
    const value: unknown = typeof written === "string" ? JSON.parse(written) : written;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return "secure" in value ? undefined : Object.keys(value);
  } catch {
    return undefined;
  }
}

/** The entries of a map of secrets that somebody wrote into the stack's file as they are. */
export function checkClear(where: readonly string[], written: unknown, hint: string): Problem[] {
  const entries = typeof written === "object" ? Object.entries(written ?? {}) : [];
  return entries.flatMap(([name, value]) =>
    typeof value === "string"
      ? at([...where, name], { message: "stands in the stack's file in clear", hint })
      : [],
  );
}
