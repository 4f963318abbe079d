import { pipeline, Readable } from "node:stream";
import { constants, createGunzip } from "node:zlib";
import { isOpenRecord, parseCsvRecord } from "../../core/operations/logs/csv";
import type { LogEntry, LogFormat } from "../../core/operations/logs/entry";
import { isRoutineLine, parseJsonLine } from "../../core/operations/logs/json";
import { momentReader } from "../../core/operations/logs/moment";
import { textReader } from "../../core/operations/logs/text";
import { eachLine, longestLine } from "./lines";

/** How a server writes its log. */
export interface LogStyle {
  /** `log_timezone` */
  readonly zone: string;
  /** `log_line_prefix` */
  readonly prefix: string;
}

export interface EntryReader {
  readonly style: LogStyle;
  /** In milliseconds: what is outside is passed over without a closer look. */
  readonly since: number;
  readonly until: number;
  readonly take: (entry: LogEntry) => void;
  /** Counts an entry of level LOG that tells nothing by itself; undefined: it is read and taken as any other. */
  readonly takeRoutine?: (() => void) | undefined;
}

/**
 * Reads one file of a log from its beginning to its end, in bounded memory.
 *
 * @returns lines that are none of a log: what programs of the server print, or a line that is being written
 */
export async function readEntries(
  stream: AsyncIterable<Buffer>,
  { format, compressed }: { readonly format: LogFormat; readonly compressed: boolean },
  reader: EntryReader,
): Promise<number> {
  const plain = compressed ? unpack(stream) : stream;
  const sink = sinkOf(format, reader);
  await eachLine(plain, sink.line);
  return sink.end();
}

/** A file that was cut off gives what it has. */
function unpack(stream: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
  // What goes wrong arrives where the lines are read.
  pipeline(Readable.from(stream), gunzip, () => undefined);
  return gunzip as AsyncIterable<Buffer>;
}

interface Sink {
  readonly line: (line: string) => void;
  /** Gives the lines that could not be read. */
  end(): number;
}

function sinkOf(format: LogFormat, reader: EntryReader): Sink {
  if (format === "jsonlog") return jsonSink(reader);
  return format === "csvlog" ? csvSink(reader) : textSink(reader);
}

function jsonSink({ style, since, until, take, takeRoutine }: EntryReader): Sink {
  const momentOf = momentReader(style.zone);
  let unread = 0;
  return {
    line(line) {
      // The moment is the first field: most of a large log is outside of the range.
      const at = momentOf(line.slice(14, line.indexOf('"', 14)));
      if (at !== undefined && (at < since || at >= until)) return;
      if (takeRoutine !== undefined && at !== undefined && isRoutineLine(line)) {
        takeRoutine();
        return;
      }
      const entry = parseJsonLine(line, () => at);
      if (entry !== undefined) take(entry);
      else if (line !== "") unread += 1;
    },
    end: () => unread,
  };
}

function csvSink({ style, take }: EntryReader): Sink {
  const momentOf = momentReader(style.zone);
  let [open, unread] = ["", 0];
  return {
    line(line) {
      open = open === "" ? line : `${open}\n${line}`;
      if (isOpenRecord(open) && open.length < longestLine) return;
      const entry = parseCsvRecord(open, momentOf);
      if (entry !== undefined) take(entry);
      else if (open !== "") unread += 1;
      open = "";
    },
    end: () => unread + (open === "" ? 0 : 1),
  };
}

/** Lines of several processes are mixed; parts of an entry come right after it, of its own process. */
function textSink({ style, take }: EntryReader): Sink {
  const read = textReader(style.prefix, momentReader(style.zone));
  let [unread, entry] = [0, undefined as Open | undefined];
  const flush = (): void => {
    if (entry !== undefined) take(entry.entry);
    entry = undefined;
  };
  return {
    line(line) {
      const found = read?.(line);
      if (found === undefined) unread += line === "" ? 0 : 1;
      else if (found.kind === "entry") {
        flush();
        entry = { entry: found.entry, process: found.process, part: "message" };
      } else if (entry !== undefined) entry = extend(entry, found);
    },
    end() {
      flush();
      return unread;
    },
  };
}

interface Open {
  readonly entry: LogEntry;
  readonly process: string;
  readonly part: "message" | "detail" | "statement" | "other";
}

type Extension = Exclude<
  NonNullable<ReturnType<NonNullable<ReturnType<typeof textReader>>>>,
  { kind: "entry" }
>;

function extend(open: Open, found: Extension): Open {
  if (found.kind === "part") {
    if (found.process !== open.process) return { ...open, part: "other" };
    const { part, text } = found;
    return part === "other" ? { ...open, part } : { ...open, part, entry: { ...open.entry, [part]: text } };
  }
  const { part, entry } = open;
  const before = part === "other" ? undefined : entry[part];
  if (part === "other" || before === undefined || before.length > longestLine) return open;
  return { ...open, entry: { ...entry, [part]: `${before}\n${found.text}` } };
}
