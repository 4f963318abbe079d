/** One line that goes or comes, in the order of the file. */
export type LineChange<Old, New> =
  { readonly kind: "remove"; readonly item: Old } | { readonly kind: "add"; readonly item: New };

interface Keyed {
  readonly key: string;
}

/** The fewest lines that have to go and to come: a longest common subsequence stays. */
export function diffLines<Old extends Keyed, New extends Keyed>(
  from: readonly Old[],
  to: readonly New[],
): LineChange<Old, New>[] {
  const common = commonLengths(from, to);
  const changes: LineChange<Old, New>[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [old, fresh] = [from[i], to[j]];
    if (old === undefined && fresh === undefined) return changes;
    if (old?.key === fresh?.key) {
      i += 1;
      j += 1;
    } else if (fresh === undefined || (old !== undefined && at(common, i + 1, j) >= at(common, i, j + 1))) {
      if (old !== undefined) changes.push({ kind: "remove", item: old });
      i += 1;
    } else {
      changes.push({ kind: "add", item: fresh });
      j += 1;
    }
  }
}

/** Length of the longest common subsequence of what is left from each pair of places on. */
function commonLengths(from: readonly Keyed[], to: readonly Keyed[]): number[][] {
  const table = Array.from({ length: from.length + 1 }, () => new Array<number>(to.length + 1).fill(0));
  for (let i = from.length - 1; i >= 0; i -= 1) {
    for (let j = to.length - 1; j >= 0; j -= 1) {
      const same = from[i]?.key === to[j]?.key;
      const length = same ? at(table, i + 1, j + 1) + 1 : Math.max(at(table, i + 1, j), at(table, i, j + 1));
      const row = table[i];
      if (row !== undefined) row[j] = length;
    }
  }
  return table;
}

function at(table: readonly (readonly number[])[], i: number, j: number): number {
  return table[i]?.[j] ?? 0;
}
