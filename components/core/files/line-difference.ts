/** The difference of two texts, line by line. */
export interface LineDifference {
  /** `- old` and `+ new`, each with a line around it (`  same`), and `…` where lines were left out. */
  readonly lines: readonly string[];
  readonly added: number;
  readonly removed: number;
}

/** Beyond it lines are not matched one by one, but told as a block that was replaced: memory stays small. */
const maxCells = 4_000_000;

type Edit = readonly [mark: " " | "-" | "+", line: string];

/**
 * What changes from one text to another, by the longest common sequence of lines.
 *
 * Takes up to 4 million steps; what is longer in its middle is told as one block.
 */
export function diffLines(before: string, after: string): LineDifference {
  const edits = compare(linesOf(before), linesOf(after));
  return {
    lines: withContext(edits),
    added: edits.filter(([mark]) => mark === "+").length,
    removed: edits.filter(([mark]) => mark === "-").length,
  };
}

/** The last line feed ends a line, it does not begin another one; a file without it is told. */
function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") return lines.slice(0, -1);
  return [...lines.slice(0, -1), `${lines.at(-1) ?? ""} (no line feed at the end)`];
}

function compare(before: readonly string[], after: readonly string[]): Edit[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const old = before.slice(start, before.length - end);
  const made = after.slice(start, after.length - end);
  const same = (lines: readonly string[]): Edit[] => lines.map((line) => [" ", line]);
  const middle =
    old.length * made.length > maxCells
      ? [...old.map((line): Edit => ["-", line]), ...made.map((line): Edit => ["+", line])]
      : match(old, made);
  return [...same(before.slice(0, start)), ...middle, ...same(before.slice(before.length - end))];
}

/** Lengths of the common sequences of all ends of both texts, then the way through them. */
function match(before: readonly string[], after: readonly string[]): Edit[] {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, made] = [before[i], after[j]];
    if (old !== undefined && old === made) {
      edits.push([" ", old]);
      i += 1;
      j += 1;
    } else if (old !== undefined && (made === undefined || at(i + 1, j) >= at(i, j + 1))) {
      edits.push(["-", old]);
      i += 1;
    } else {
      edits.push(["+", made ?? ""]);
      j += 1;
    }
  }
  return edits;
}

/** Only what changes, with one line before and after it. */
function withContext(edits: readonly Edit[]): string[] {
  const changes = (index: number): boolean => (edits[index] ?? [" "])[0] !== " ";
  const lines: string[] = [];
  let left = false;
  for (const [index, [mark, line]] of edits.entries()) {
    if (changes(index - 1) || changes(index) || changes(index + 1)) {
      if (left && lines.length > 0) lines.push("…");
      left = false;
      lines.push(`${mark} ${line}`);
    } else {
      left = true;
    }
  }
  return lines;
}
