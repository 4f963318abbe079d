/**
 * The text of a migration as it counts: without a byte order mark, and with LF at the end of lines, so that an editor or
 * `core.autocrlf` of git changes nothing. Everything else counts, comments and spaces included. Lines, offsets and the
 * checksum (SHA-256 of this text in UTF-8) are of this text.
 */
export function normalizeText(text: string): string {
  return text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
}

/** A place in a text; both count from 1, columns in characters. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where an offset is. */
export function placeFinder(text: string): (offset: number) => Place {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Array.from(text.slice(starts[low], offset)).length + 1 };
  };
}

/** Turns a number of bytes in UTF-8, as PostgreSQL's parser counts, into an offset in the text. */
export function byteFinder(text: string): (byte: number) => number {
  const length = new TextEncoder().encode(text).length;
  if (length === text.length) return (byte) => byte;
  const offsets = new Uint32Array(length + 1);
  let byte = 0;
  for (let offset = 0; offset < text.length;) {
    const code = text.codePointAt(offset) ?? 0;
    const bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    offsets.fill(offset, byte, byte + bytes);
    byte += bytes;
    offset += code < 0x10000 ? 1 : 2;
  }
  offsets[length] = text.length;
  return (at) => offsets[Math.min(at, length)] ?? text.length;
}

/** Turns a number of characters, as PostgreSQL's errors count, into an offset in the text. */
export function characterOffset(text: string, characters: number): number {
  let offset = 0;
  for (let left = characters; left > 0 && offset < text.length; left--) {
    offset += (text.codePointAt(offset) ?? 0) < 0x10000 ? 1 : 2;
  }
  return offset;
}
