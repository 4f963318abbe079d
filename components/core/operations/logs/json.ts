import { levelOf, present, type LogEntry } from "./entry";
import type { MomentReader } from "./moment";

/** Longest text that is kept of one field: the rest of a statement of megabytes tells nothing. */
const longest = 20_000;

/**
 * A line of a log in JSON ("Using JSON-Format Log Output"); undefined: it is none that can be read. Of a line that is cut
 * off, as it was longer than what is read at once, the fields before the cut count.
 */
export function parseJsonLine(line: string, momentOf: MomentReader): LogEntry | undefined {
  const fields = readFields(line);
  const at = fields === undefined ? undefined : momentOf(text(fields.timestamp) ?? "");
  const level = levelOf(text(fields?.error_severity));
  const message = text(fields?.message);
  if (fields === undefined || at === undefined || level === undefined || message === undefined)
    return undefined;
  const entry = { at, level, message };
  // One object for a line: the log of a day has millions.
  for (const [name, field] of optional) {
    if (fields[field] !== undefined) Object.assign(entry, present(name, text(fields[field])));
  }
  return entry;
}

/** What an entry may have, by its name in JSON. */
const optional = [
  ["code", "state_code"],
  ["detail", "detail"],
  ["statement", "statement"],
  ["user", "user"],
  ["database", "dbname"],
  ["application", "application_name"],
  ["client", "remote_host"],
] as const;

/**
 * Lines that a server writes all the time and that tell nothing by themselves: each begins, after its level, with one of
 * these. PostgreSQL writes level and message beside each other where there is no SQLSTATE, and a quote within a text is
 * escaped, so that no text of a user can look like this.
 */
const routine = [
  "connection received: ",
  "connection authenticated: ",
  "connection authorized: ",
  "connection ready: ",
  "disconnection: ",
  "checkpoint starting: ",
  "checkpoint complete: ",
  "automatic vacuum of table ",
  "automatic analyze of table ",
];
const logMessage = '"error_severity":"LOG","message":"';

/** Whether a line is of those, without reading it whole: most lines of a large log are. */
export function isRoutineLine(line: string): boolean {
  const found = line.indexOf(logMessage);
  return found >= 0 && routine.some((words) => line.startsWith(words, found + logMessage.length));
}

/** A line as text, for a person: `FATAL: could not …`; undefined: it was cut off. */
export function renderJsonLine(line: string): string | undefined {
  const fields = wholeFields(line);
  const [severity, message] = [text(fields?.error_severity), text(fields?.message)];
  return severity === undefined || message === undefined ? undefined : `${severity}: ${message}`;
}

type Fields = Readonly<Record<string, unknown>>;

function readFields(line: string): Fields | undefined {
  return wholeFields(line) ?? cutFields(line);
}

function wholeFields(line: string): Fields | undefined {
  try {
    const read: unknown = JSON.parse(line);
    return typeof read === "object" && read !== null ? (read as Fields) : undefined;
  } catch {
    return undefined;
  }
}

const field = /"(\w+)":"((?:[^"\\]|\\.)*)("|$)/g;

/** The message may be what was cut. */
function cutFields(line: string): Fields | undefined {
  if (!line.startsWith('{"timestamp":"')) return undefined;
  const fields = [...line.slice(0, longest).matchAll(field)].map(([, name = "", value = ""]) => [
    name,
    value.replace(/\\u[0-9a-f]{0,3}$|\\$/i, ""),
  ]);
  return Object.fromEntries(fields.map(([name = "", value = ""]) => [name, unescape(value)]));
}

function unescape(value: string): string {
  try {
    return JSON.parse(`"${value}"`) as string;
  } catch {
    return value;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, longest) : undefined;
}
