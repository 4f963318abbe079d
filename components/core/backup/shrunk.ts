import type { Finding } from "../finding";
import { renderSize } from "../size";

/** So many of those before are looked at, and with fewer than {@link least} nothing is known yet. */
const looked = 7;
const least = 3;

/**
 * Tells a backup that is less than half as large as the median of those before it: whole, and perhaps of a database
 * that somebody has emptied. So old ones stay until somebody has looked.
 *
 * @param bytes of the new one
 * @param before of the good ones of its database and format, the newest first
 */
export function findShrunk(
  { name, database, bytes }: { readonly name: string; readonly database: string; readonly bytes: number },
  before: readonly number[],
): Finding | undefined {
  const sizes = before.slice(0, looked).toSorted((a, b) => a - b);
  const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
  if (sizes.length < least || bytes * 2 >= median) return undefined;
  return {
    subject: `backup of ${database}`,
    message: `${name} takes ${renderSize(bytes)}, less than half of the ${renderSize(median)} that those before it took: is everything in it? No old one was removed`,
    hint: `look into it: \`restore ${name} --into <database>\`; if it is right, nothing is to be done: the next ones are compared with it as well`,
  };
}
