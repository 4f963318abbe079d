/**
 * True where a version stands after another: `1.10` after `1.9`. Versions of extensions are free text, so what is no
 * row of numbers (`1.0-beta`) counts as newer whenever it differs.
 */
export function isNewerVersion(candidate: string, than: string): boolean {
  if (candidate === than) return false;
  const [left, right] = [numbers(candidate), numbers(than)];
  if (left === undefined || right === undefined) return true;
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function numbers(version: string): readonly number[] | undefined {
  return /^\d+(\.\d+)*$/.test(version) ? version.split(".").map(Number) : undefined;
}
