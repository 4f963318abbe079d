import { visible } from "../../../components/core/visible";

/** A part of a comment that is folded: a title, and lines in a fence. */
export interface Section {
  readonly title: string;
  readonly language: "sql" | "text";
  /** In their order; where not all have room, those of a higher rank stay. */
  readonly lines: readonly { readonly text: string; readonly rank: number }[];
}

/** A comment before it is fitted into its place. */
export interface CommentDocument {
  /** What tells the comment from others, in its first line. */
  readonly marker: string;
  /** What always stays. */
  readonly head: string;
  readonly sections: readonly Section[];
}

/** Where a document goes, and how much it takes. */
export interface Place {
  readonly limit: number;
  readonly measure: (text: string) => number;
  /** Says what did not fit, and where it is to be had. */
  readonly announce: (missing: number, all: number) => string;
}

/** A title of a section is never longer: names of databases and roles are, with their quotes. */
const longestTitle = 300;

/**
 * The document as Markdown that fits its place: whole, or with its head, as many lines as there is room for, and an
 * announcement of what was cut.
 */
export function renderDocument(document: CommentDocument, place: Place): { text: string; missing: number } {
  const all = document.sections.flatMap(({ lines }) => lines).length;
  const whole = join(document, document.sections.map(renderWhole));
  if (place.measure(whole) <= place.limit) return { text: whole, missing: 0 };
  const announced = { ...document, head: `${document.head}\n\n${place.announce(all, all)}` };
  const room = place.limit - place.measure(join(announced, []));
  const kept = chooseLines(document.sections, room, place.measure);
  const missing = all - [...kept.values()].reduce((count, lines) => count + lines.size, 0);
  const cut = document.sections.flatMap((section) => renderCut(section, kept.get(section)));
  const text = join({ ...document, head: `${document.head}\n\n${place.announce(missing, all)}` }, cut);
  if (place.measure(text) > place.limit) throw new Error("the head of a comment alone is too long for it");
  return { text, missing };
}

function join({ marker, head }: CommentDocument, sections: readonly string[]): string {
  return `${[`${marker}\n${head}`, ...sections].join("\n\n")}\n`;
}

type Kept = Map<Section, Set<number>>;

/** What matters most first: the lines of the highest rank, in their order, as long as there is room. */
function chooseLines(sections: readonly Section[], room: number, measure: Place["measure"]): Kept {
  const candidates = sections.flatMap((section) =>
    section.lines.map(({ text, rank }, index) => ({ section, index, rank, size: measure(`${text}\n`) })),
  );
  const overhead = new Map(
    sections.map((section) => [section, measure(renderFolded(section, [more(9_999_999)])) + 2]),
  );
  const kept: Kept = new Map();
  let left = room;
  for (const { section, index, size } of candidates.toSorted((one, other) => other.rank - one.rank)) {
    const chosen = kept.get(section) ?? new Set();
    const needed = size + (chosen.size === 0 ? (overhead.get(section) ?? 0) : 0);
    if (needed > left) continue;
    left -= needed;
    kept.set(section, chosen.add(index));
  }
  return kept;
}

function renderWhole(section: Section): string {
  return renderFolded(
    section,
    section.lines.map(({ text }) => text),
  );
}

function renderCut(section: Section, kept: ReadonlySet<number> | undefined): string[] {
  if (kept === undefined) return [];
  const lines = section.lines.filter((_line, index) => kept.has(index)).map(({ text }) => text);
  const missing = section.lines.length - lines.length;
  return [renderFolded(section, missing === 0 ? lines : [...lines, more(missing)])];
}

function more(count: number): string {
  return `-- … and ${count} more`;
}

function renderFolded({ title, language, lines: all }: Section, lines: readonly string[]): string {
  // As long as for all lines: then the room that a fence takes does not depend on what is kept.
  const fence = fenceFor(all.map(({ text }) => text).join("\n"));
  const summary = escapeHtml(visible(title).slice(0, longestTitle));
  return `<details><summary>${summary}</summary>\n\n${fence}${language}\n${lines.join("\n")}\n${fence}\n\n</details>`;
}

/** Text in a block where nothing in it is a mention, a link or an end of the block. */
export function renderFenced(language: string, text: string): string {
  const fence = fenceFor(text);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** Longer than any run of backticks in the text. */
function fenceFor(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
  return "`".repeat(longest + 1);
}

/** Underscores, asterisks and backticks mean something in a summary as well. */
function escapeHtml(text: string): string {
  const escape = (character: string): string => `&#${character.codePointAt(0) ?? 0};`;
  return text.replace(/[&<>"'`_*~@#[\]\\|!]/g, escape);
}
