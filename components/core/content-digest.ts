/** FNV-1a of 32 bits, as eight hexadecimal digits: tells texts apart for people, and keeps nothing safe. */
export function contentDigest(text: string): string {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193);
  return (value >>> 0).toString(16).padStart(8, "0");
}
