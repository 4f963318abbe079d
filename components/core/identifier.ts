/** Bytes that PostgreSQL keeps of a name (`NAMEDATALEN` − 1); it cuts longer ones silently, so we refuse them. */
export const maxIdentifierBytes = 63;

/** A name as SQL, always quoted: right for keywords, capitals, spaces, dots and quotes alike. */
export function quoteIdentifier(name: string): string {
  assertText(name);
  if (name === "") throw new Error("an empty name is not an identifier");
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as an SQL literal, whatever `standard_conforming_strings` says. */
export function quoteLiteral(text: string): string {
  assertText(text);
  const quoted = `'${text.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`;
  return text.includes("\\") ? ` E${quoted}` : quoted;
}

/** Length of a name as PostgreSQL counts it: bytes of UTF-8. */
export function identifierBytes(name: string): number {
  return new TextEncoder().encode(name).length;
}

function assertText(text: string): void {
  if (text.includes("\0")) throw new Error("PostgreSQL has no text with a zero byte");
}
