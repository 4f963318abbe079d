/** One token of pg_hba.conf: what it says, and whether it begins with a quote, which takes its special meaning away. */
export interface HbaToken {
  readonly text: string;
  readonly quoted: boolean;
}

/** Words of the database field that are no names. `samegroup` is the old spelling of `samerole`. */
export const databaseKeywords: readonly string[] = [
  "all",
  "sameuser",
  "samerole",
  "samegroup",
  "replication",
];

/** Words of the user field that are no names. */
export const userKeywords: readonly string[] = ["all"];

/** What a word means in the database or the user field. */
export type HbaMeaning =
  | { readonly kind: "keyword"; readonly keyword: string }
  | { readonly kind: "name"; readonly name: string }
  /** `+group`: whoever is a member, directly or not. */
  | { readonly kind: "group"; readonly group: string }
  /** `/^…`: a regular expression, quoted or not (16 and later). */
  | { readonly kind: "expression" }
  /** `@file`: the words of another file. */
  | { readonly kind: "file" };

/**
 * The meaning of a word as a rule holds it: in PostgreSQL's own spelling, where `"all"` in quotes is a database of that
 * name.
 */
export function parseWord(word: string, keywords: readonly string[]): HbaMeaning {
  const { text, quoted } = tokenOf(word);
  if (text.startsWith("/")) return { kind: "expression" };
  if (quoted) return { kind: "name", name: text };
  if (keywords.includes(text)) return { kind: "keyword", keyword: text };
  if (text.startsWith("+")) return { kind: "group", group: text.slice(1) };
  if (text.startsWith("@") && text.length > 1) return { kind: "file" };
  return { kind: "name", name: text };
}

/** The word of a token: quotes stay only where they mean something, so that the same meaning is the same word. */
export function canonicalWord(token: HbaToken, keywords: readonly string[]): string {
  const { text, quoted } = token;
  const needsQuotes = quoted && (keywords.includes(text) || /^(?:[+@"]|$)/.test(text));
  return needsQuotes || text.startsWith('"') ? quote(text) : text;
}

/** A name as a word: quoted where it would mean something else. */
export function nameWord(name: string, keywords: readonly string[]): string {
  return canonicalWord({ text: name, quoted: true }, keywords);
}

/** The word as it stands in the file: in quotes wherever a blank, a comma or a sign would end it or change it. */
export function renderWord(word: string): string {
  const { text, quoted } = tokenOf(word);
  if (quoted) return quote(text);
  if (text.startsWith("+")) return `+${renderText(text.slice(1))}`;
  return renderText(text);
}

/** The words of a field that was written as one text: `shop, "my, own"` are two. */
export function splitWords(text: string): string[] {
  const words = text.match(/(?:"(?:[^"]|"")*"|[^,"])+/g) ?? [];
  return words.map((word) => word.trim()).filter((word) => word !== "");
}

function tokenOf(word: string): HbaToken {
  const quoted = word.length >= 2 && word.startsWith('"') && word.endsWith('"');
  return { text: quoted ? word.slice(1, -1).replaceAll('""', '"') : word, quoted };
}

function renderText(text: string): string {
  return /^@?[\p{L}\p{N}_./:*%=-][\p{L}\p{N}_./:*%=$@+-]*$/u.test(text) ? text : quote(text);
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
