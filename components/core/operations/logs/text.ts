import { levelOf, present, type LogEntry, type LogLevel } from "./entry";
import type { MomentReader } from "./moment";

/** A line of a text log: the start of an entry, a further part of the entry before, or a line that goes on. */
export type TextLine =
  | { readonly kind: "entry"; readonly entry: LogEntry; readonly process: string }
  | {
      readonly kind: "part";
      readonly part: "detail" | "statement" | "other";
      readonly text: string;
      readonly process: string;
    }
  | { readonly kind: "more"; readonly text: string };

/** What the escapes of `log_line_prefix` look like; those that are not here are any text. */
const escapes: Readonly<Record<string, string>> = {
  m: "(?<m>\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\\.\\d{3} (?:[A-Za-z]+|[+-]\\d\\d(?::?\\d\\d)?))",
  t: "(?<t>\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d (?:[A-Za-z]+|[+-]\\d\\d(?::?\\d\\d)?))",
  n: "(?<n>\\d{10}\\.\\d{3})",
  p: "(?<p>\\d+)",
  l: "\\d+",
  e: "(?<e>[0-9A-Z]{5})",
  c: "[0-9a-f]+\\.[0-9a-f]+",
  x: "\\d+",
  u: "(?<u>.*?)",
  d: "(?<d>.*?)",
  a: "(?<a>.*?)",
  h: "(?<h>[^ ,()]*?)",
  r: "(?<h>[^ ,()]*?)(?:\\(\\d+\\))?",
  "%": "%",
};

/**
 * Reads lines of a log in text as this `log_line_prefix` has them. Of a prefix without a moment (`%m`, `%t` or `%n`)
 * nothing can be told: undefined.
 */
export function textReader(
  prefix: string,
  momentOf: MomentReader,
): ((line: string) => TextLine | undefined) | undefined {
  if (!/%-?\d*[mtn]/.test(prefix)) return undefined;
  const head = new RegExp(`^${prefixPattern(prefix)}(?<level>[A-Z]+\\d?):  (?<text>[\\s\\S]*)$`);
  return (line) => {
    if (line.startsWith("\t")) return { kind: "more", text: line.slice(1) };
    const groups = head.exec(line)?.groups;
    if (groups === undefined) return undefined;
    const { level: word = "", text = "", p: process = "" } = groups;
    const level = levelOf(word);
    if (level === undefined) return partOf(word, text, process);
    const at = groups.n === undefined ? momentOf(groups.m ?? groups.t ?? "") : Number(groups.n) * 1000;
    if (at === undefined) return undefined;
    return { kind: "entry", entry: entryOf(at, level, text, groups), process };
  };
}

function entryOf(at: number, level: LogLevel, text: string, groups: Record<string, string>): LogEntry {
  // `log_error_verbosity = verbose` has the code before the message.
  const [, verbose, rest] = /^([0-9A-Z]{5}): ([\s\S]*)$/.exec(text) ?? [];
  return {
    ...{ at, level, message: rest ?? text },
    ...present("code", groups.e ?? verbose),
    ...present("user", groups.u),
    ...present("database", groups.d),
    ...present("application", groups.a),
    ...present("client", groups.h),
  };
}

const parts: Readonly<Record<string, "detail" | "statement" | "other">> = {
  DETAIL: "detail",
  STATEMENT: "statement",
  HINT: "other",
  CONTEXT: "other",
  QUERY: "other",
  LOCATION: "other",
  BACKTRACE: "other",
};

function partOf(word: string, text: string, process: string): TextLine | undefined {
  const part = parts[word];
  return part === undefined ? undefined : { kind: "part", part, text, process };
}

/** What follows `%q` is there for sessions only. */
function prefixPattern(prefix: string): string {
  const [always = "", ...ofSessions] = prefix.split(/%q/);
  const seen = new Set<string>();
  const head = pieces(always, seen);
  const tail = ofSessions.map((part) => pieces(part, seen)).join("");
  return ofSessions.length === 0 ? head : `${head}(?:${tail})?`;
}

function pieces(text: string, seen: Set<string>): string {
  return text.replace(
    /%(-?\d*)([a-zA-Z%])|[\s\S]/gu,
    (whole, width: string | undefined, letter: string | undefined) => {
      if (letter === undefined) return whole.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
      const pattern = escapes[letter] ?? ".*?";
      const name = /\(\?<(\w)>/.exec(pattern)?.[1];
      // A name may be there once only.
      const once = name !== undefined && seen.has(name) ? pattern.replace(/\?<\w>/, "?:") : pattern;
      if (name !== undefined) seen.add(name);
      return width === undefined || width === "" ? once : ` *${once} *`;
    },
  );
}
