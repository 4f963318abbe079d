import { nearest } from "../nearest";
import type { Problem } from "../problem";

/** What a migration's author tells its reviewers; every entry has to be there. */
export interface ReviewNotes {
  readonly why: string;
  readonly data: string;
  readonly rollback: string;
  readonly performance: string;
}

/** The comments before the first marker. */
export interface Header {
  readonly notes: ReviewNotes;
  /** False: `-- transaction: none`, its statements run one by one. */
  readonly transactional: boolean;
  /** Why there is no way back: `-- irreversible: …`. */
  readonly irreversible?: string;
}

/** What each note is to say, as the template asks for it. */
export const noteQuestions: Readonly<Record<keyof ReviewNotes, string>> = {
  why: "what this is for, in the words of those who asked for it",
  data: "which rows it changes or loses, how many, and whether the old ones can be told from it",
  rollback: "what the down part gives back, and what stays lost",
  performance: "how large the tables are, which locks it takes, and for how long",
};

const noteKeys = Object.keys(noteQuestions) as (keyof ReviewNotes)[];
const keys = [...noteKeys, "transaction", "irreversible"] as const;
type Key = (typeof keys)[number];

interface Entry {
  readonly key: Key;
  readonly line: number;
  readonly words: string[];
}

/** Reads the lines before the first marker; all that is wrong with them goes to `report`. */
export function parseHeader(
  lines: readonly string[],
  report: (line: number, problem: Omit<Problem, "path">) => void,
): Header {
  const entries = readEntries(lines, report);
  const valueOf = (key: Key): string | undefined =>
    entries.find((entry) => entry.key === key)?.words.join(" ");
  const lineOf = (key: Key): number => entries.find((entry) => entry.key === key)?.line ?? 1;
  const note = (key: keyof ReviewNotes): string => {
    const value = valueOf(key);
    const hint = `write \`-- ${key}: …\` before the first marker: ${noteQuestions[key]}`;
    if (value === undefined) report(1, { message: `says nothing about "${key}"`, hint });
    else if (isUntouched(value)) report(lineOf(key), { message: `"${key}" is not filled in`, hint });
    return value ?? "";
  };
  const notes = {
    why: note("why"),
    data: note("data"),
    rollback: note("rollback"),
    performance: note("performance"),
  };
  const transaction = valueOf("transaction");
  if (transaction !== undefined && transaction !== "none") {
    const hint = "write `-- transaction: none`, or leave the line out: a migration is one transaction";
    report(lineOf("transaction"), { message: `transaction: ${transaction} is not known`, hint });
  }
  const irreversible = valueOf("irreversible");
  if (irreversible !== undefined && isUntouched(irreversible)) {
    const hint = "write `-- irreversible: …` with the reason why there is no way back";
    report(lineOf("irreversible"), { message: '"irreversible" has no reason', hint });
  }
  const transactional = transaction === undefined;
  return { notes, transactional, ...(irreversible === undefined ? {} : { irreversible }) };
}

/** Nothing, or still the question of the template. */
function isUntouched(value: string): boolean {
  return value === "" || /^<.*>$/.test(value);
}

function readEntries(
  lines: readonly string[],
  report: (line: number, problem: Omit<Problem, "path">) => void,
): Entry[] {
  const entries: Entry[] = [];
  for (const [index, text] of lines.entries()) {
    const comment = /^--(\s*)(.*?)\s*$/.exec(text.trimStart());
    if (comment === null) continue; // an empty line; SQL is told of elsewhere
    const [, indent = "", content = ""] = comment;
    const [, word, value = ""] = /^([A-Za-z]+):(?:\s+(.*))?$/.exec(content) ?? [];
    // A line that is indented further goes on with the note before it, whatever it begins with.
    const key = indent.length > 1 ? undefined : keyOf(word, index + 1, report);
    if (key === undefined) entries.at(-1)?.words.push(...(content === "" ? [] : [content]));
    else if (entries.some((entry) => entry.key === key)) {
      const hint = `write it once; lines that go on with it are indented: \`--   …\``;
      report(index + 1, { message: `says "${key}" a second time`, hint });
    } else entries.push({ key, line: index + 1, words: value === "" ? [] : [value] });
  }
  return entries;
}

/** The key that a line begins with; a word that is nearly one is told, as it would be left out otherwise. */
function keyOf(
  word: string | undefined,
  line: number,
  report: (line: number, problem: Omit<Problem, "path">) => void,
): Key | undefined {
  if (word === undefined) return undefined;
  const key = keys.find((known) => known === word.toLowerCase());
  if (key !== undefined) return key;
  const meant = nearest(word, keys);
  if (meant !== undefined) {
    const hint = `is \`-- ${meant}: …\` meant? A line that goes on with a note is indented: \`--   ${word}: …\``;
    report(line, { message: `"${word}:" is no word of a header`, hint });
  }
  return undefined;
}
