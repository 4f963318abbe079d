import { formatOf, type LogFormat } from "../../core/operations/logs/entry";
import type { LogFile } from "../../core/ops/log-files";
import { readEntries, type EntryReader } from "./read-entries";
import type { LogSettings, LogSource } from "./source";

/** A file that was read. */
export interface ReadFile {
  readonly name: string;
  readonly format: LogFormat;
  readonly sizeBytes: number;
}

export interface LogReading {
  readonly files: readonly ReadFile[];
  /** Lines that are none of a log. */
  readonly unread: number;
}

/**
 * Reads what a server's log holds of a range, the oldest file first, one after the other; files that ended before it are
 * not opened.
 */
export async function readLog(
  source: LogSource,
  settings: Pick<LogSettings, "destinations" | "zone" | "prefix">,
  range: { readonly since: number; readonly until: number },
  { take, takeRoutine }: Pick<EntryReader, "take" | "takeRoutine">,
): Promise<LogReading> {
  const { zone, prefix, destinations } = settings;
  const files = chooseFiles(await source.list(), destinations, range.since);
  let unread = 0;
  for (const { name, format } of files) {
    const kind = { format, compressed: name.endsWith(".gz") };
    unread += await readEntries(source.open(name), kind, {
      style: { zone, prefix },
      ...range,
      ...{ take, takeRoutine },
    });
  }
  return { files, unread };
}

const bestFirst: readonly LogFormat[] = ["jsonlog", "csvlog", "stderr"];

/**
 * Where the server writes each entry in several forms the best of them is read; a form that it does not write now is of
 * another time, and counts.
 */
function chooseFiles(files: readonly LogFile[], destinations: readonly string[], since: number): ReadFile[] {
  const written = bestFirst.filter((format) => destinations.includes(format));
  const twins = new Set(written.slice(1));
  return files
    .toSorted((a, b) => a.modifiedAt - b.modifiedAt || (a.name < b.name ? -1 : 1))
    .flatMap(({ name, size, modifiedAt }) => {
      const format = formatOf(name);
      const isRead = format !== undefined && !twins.has(format) && modifiedAt >= since && size > 0;
      return isRead ? [{ name, format, sizeBytes: size }] : [];
    });
}
