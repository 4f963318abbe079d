import { levelOf, present, type LogEntry } from "./entry";
import type { MomentReader } from "./moment";

/** Columns by their place ("Using CSV-Format Log Output"): the same in 14 to 18, where new ones come last. */
const column = {
  timestamp: 0,
  user: 1,
  database: 2,
  remote: 4,
  level: 11,
  code: 12,
  message: 13,
  detail: 14,
  statement: 19,
  application: 22,
} as const;

/** True where a line ends inside of quotes: its record goes on in the next one. */
export function isOpenRecord(record: string): boolean {
  let quotes = 0;
  for (let at = record.indexOf('"'); at >= 0; at = record.indexOf('"', at + 1)) quotes += 1;
  return quotes % 2 === 1;
}

/** A record of a log in CSV; undefined: it is none. */
export function parseCsvRecord(record: string, momentOf: MomentReader): LogEntry | undefined {
  const fields = splitRecord(record);
  const at = momentOf(fields[column.timestamp] ?? "");
  const level = levelOf(fields[column.level]);
  const message = fields[column.message];
  if (at === undefined || level === undefined || message === undefined) return undefined;
  return {
    ...{ at, level, message },
    ...present("code", fields[column.code]),
    ...present("detail", fields[column.detail]),
    ...present("statement", fields[column.statement]),
    ...present("user", fields[column.user]),
    ...present("database", fields[column.database]),
    ...present("application", fields[column.application]),
    ...present("client", fields[column.remote]?.replace(/:\d+$/, "")),
  };
}

const fieldForm = /(?:"((?:[^"]|"")*)"|([^,]*))(,|$)/gy;

/** Quotes are doubled inside of quotes (RFC 4180). */
function splitRecord(record: string): string[] {
  const fields: string[] = [];
  fieldForm.lastIndex = 0;
  for (let found = fieldForm.exec(record); found !== null; found = fieldForm.exec(record)) {
    const [, quoted, plain = "", end] = found;
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ",") break;
  }
  return fields;
}
