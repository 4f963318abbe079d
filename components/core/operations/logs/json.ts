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
  return {
    ...{ at, level, message },
    ...present("code", text(fields.state_code)),
    ...present("detail", text(fields.detail)),
    ...present("statement", text(fields.statement)),
    ...present("user", text(fields.user)),
    ...present("database", text(fields.dbname)),
    ...present("application", text(fields.application_name)),
    ...present("client", text(fields.remote_host)),
  };
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
