import { contentDigest } from "./content-digest";
import { identifierBytes, maxIdentifierBytes } from "./identifier";

/** What the members of a schema's group may do: read its rows, or read and write them. */
export type Profile = "reader" | "writer";

export const profiles: readonly Profile[] = ["reader", "writer"];

/**
 * Name of a schema's group: `<database>_<schema>_reader` or `…_writer`. Where that has more bytes than PostgreSQL keeps,
 * it is cut and ends in a hash of the whole, so that two long names never meet.
 */
export function groupName(database: string, schema: string, profile: Profile): string {
  const whole = `${database}_${schema}_${profile}`;
  if (identifierBytes(whole) <= maxIdentifierBytes) return whole;
  const end = `_${contentDigest(whole)}_${profile}`;
  let start = `${database}_${schema}`;
  while (identifierBytes(start + end) > maxIdentifierBytes) start = Array.from(start).slice(0, -1).join("");
  return start + end;
}
