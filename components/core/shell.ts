/** Characters that no POSIX shell and no `.env` reader takes for anything but themselves. */
const plain = /^[A-Za-z0-9_./:@%+=,-]+$/;

/** A text as one word of a POSIX shell, which reads back exactly that text: plain where it can be, else in quotes. */
export function quoteShell(text: string): string {
  if (text.includes("\0")) throw new Error("a shell has no text with a zero byte");
  if (plain.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}
