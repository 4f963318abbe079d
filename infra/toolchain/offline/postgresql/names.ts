import { identifierBytes, maxIdentifierBytes } from "../../../../components/core/identifier";

/** What is wrong with a name of PostgreSQL. */
export function wrongIdentifier(property: string, value: string): string | undefined {
  if (value === "") return `\`${property}\` must not be empty`;
  if (value.includes("\0")) return `\`${property}\` must not hold a zero byte`;
  const bytes = identifierBytes(value);
  if (bytes <= maxIdentifierBytes) return undefined;
  return `\`${property}\` is ${bytes} bytes long; PostgreSQL cuts names after ${maxIdentifierBytes}, so choose a shorter one`;
}

/** What is wrong with a schema of a search path, which is read back as one text. */
export function wrongSearchPath(property: string, value: string): string | undefined {
  if (!value.includes(", ")) return wrongIdentifier(property, value);
  return `\`${property}\` must hold one schema an entry: an entry with a comma and a space cannot be read back`;
}
