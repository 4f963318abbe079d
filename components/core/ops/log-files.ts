import type { OpsLogs } from "../ops-context";

/** A file in the directory of the log. */
export interface LogFile {
  readonly name: string;
  readonly size: number;
  /** When the last line was written, in milliseconds. */
  readonly modifiedAt: number;
}

/** What there is to decide from. */
export interface LogVolume {
  /** All files of the directory; those that are no log files are left alone. */
  readonly files: readonly LogFile[];
  /** Names that PostgreSQL says it writes to (`current_logfiles`). */
  readonly written: readonly string[];
  /** Of the volume, in bytes; free is what an unprivileged account may use. */
  readonly volumeSize: number;
  readonly volumeFree: number;
  /** In milliseconds. */
  readonly now: number;
}

/** Which limit a file goes for. */
export type RemovalReason = "age" | "size" | "space";

export const removalReasons: readonly RemovalReason[] = ["age", "size", "space"];

export interface LogRemoval {
  readonly name: string;
  readonly size: number;
  readonly reason: RemovalReason;
}

/** What is to be done now, in this order. */
export interface LogPlan {
  /** Drafts of a run that was killed. */
  readonly discard: readonly string[];
  /** Oldest first. */
  readonly remove: readonly LogRemoval[];
  /** Files that PostgreSQL has finished with, oldest first. */
  readonly compress: readonly string[];
  /** Set where the file that is being written has to end first: why. */
  readonly rotate?: string;
  /** Set where the volume runs full and the log files are not the reason. */
  readonly notice?: string;
}

/** What PostgreSQL writes, by its ending (`log_destination`). */
const plain = /\.(?:json|log|csv)$/;
const compressed = /\.(?:json|log|csv)\.gz$/;
/** Ending of a compressed file that is not complete. */
export const draftEnding = ".gz.partial";

const megabyte = 1024 ** 2;
const day = 86_400_000;

/**
 * Decides what becomes of the log files.
 *
 * A file that is being written is never removed and never compressed. Where it alone breaks a limit, PostgreSQL is to
 * begin another one, and this one then goes as the oldest.
 */
export function planLogs(volume: LogVolume, limits: OpsLogs): LogPlan {
  const logs = volume.files.filter(({ name }) => plain.test(name) || compressed.test(name));
  const open = openFiles(volume);
  const finished = logs.filter(({ name }) => !open.has(name)).toSorted(byAge);
  const total = sum(logs);

  const aged = finished.filter(({ modifiedAt }) => volume.now - modifiedAt > limits.maxDays * day);
  const young = finished.slice(aged.length);
  const large = takeOldest(young, total - sum(aged) - limits.maxBytes);
  const rest = young.slice(large.length);
  const space = planSpace(volume, limits, rest, sum(aged) + sum(large), total);

  const going = [...label(aged, "age"), ...label(large, "size"), ...label(space.remove, "space")];
  const gone = new Set(going.map(({ name }) => name));
  const rotate = planRotation(logs, open, limits) ?? space.rotate;
  return {
    discard: volume.files.map(({ name }) => name).filter((name) => name.endsWith(draftEnding)),
    remove: going,
    compress: finished.map(({ name }) => name).filter((name) => plain.test(name) && !gone.has(name)),
    ...(rotate === undefined ? {} : { rotate }),
    ...(space.notice === undefined ? {} : { notice: space.notice }),
  };
}

/** Bytes of all log files, compressed ones and drafts included. */
export function logBytes(files: readonly LogFile[]): number {
  return sum(
    files.filter(({ name }) => plain.test(name) || compressed.test(name) || name.endsWith(draftEnding)),
  );
}

/**
 * The files that PostgreSQL may still write to: those that it names, and of each ending the newest one, as it keeps a
 * file for what is no log line (`.log`) open beside that of the lines and does not name it.
 */
function openFiles({ files, written }: LogVolume): ReadonlySet<string> {
  const newest = new Map<string, LogFile>();
  for (const file of files.filter(({ name }) => plain.test(name)).toSorted(byAge)) {
    newest.set(file.name.slice(file.name.lastIndexOf(".")), file);
  }
  return new Set([...written, ...[...newest.values()].map(({ name }) => name)]);
}

interface SpacePlan {
  readonly remove: readonly LogFile[];
  readonly rotate?: string;
  readonly notice?: string;
}

/**
 * Where the volume has less than its share free, the oldest go until it has. A volume may be full of something else:
 * the last log files, which would tell of what, then stay.
 */
function planSpace(
  { volumeSize, volumeFree }: LogVolume,
  { minFreePercent }: OpsLogs,
  rest: readonly LogFile[],
  freed: number,
  total: number,
): SpacePlan {
  const needed = (volumeSize * minFreePercent) / 100 - volumeFree - freed;
  if (needed <= 0) return { remove: [] };
  const kept = Math.min(64 * megabyte, volumeSize * 0.05);
  const remove = takeOldest(rest, Math.min(needed, total - freed - kept));
  if (sum(remove) >= needed) return { remove };
  const free = `${((volumeFree / volumeSize) * 100).toFixed(1)}% of the volume is free, ${minFreePercent}% has to be`;
  const left = total - freed - sum(remove);
  // Nothing finished is left: it is the file that is being written that fills the volume.
  if (left > kept && remove.length === rest.length) return { remove, rotate: free };
  return { remove, notice: `${free}, and the log files are not what fills it` };
}

function planRotation(
  logs: readonly LogFile[],
  open: ReadonlySet<string>,
  { maxBytes }: OpsLogs,
): string | undefined {
  const alone = logs.find(({ name, size }) => open.has(name) && size > maxBytes);
  return alone === undefined
    ? undefined
    : `${alone.name} alone has ${alone.size} bytes, all log files together may have ${maxBytes}`;
}

/** As many of the oldest as it takes to free so many bytes. */
function takeOldest(files: readonly LogFile[], bytes: number): LogFile[] {
  let freed = 0;
  return files.filter(({ size }) => {
    if (freed >= bytes) return false;
    freed += size;
    return true;
  });
}

function label(files: readonly LogFile[], reason: RemovalReason): LogRemoval[] {
  return files.map(({ name, size }) => ({ name, size, reason }));
}

/** By the last line; two of one moment by name, in which the time of the first line stands. */
function byAge(one: LogFile, other: LogFile): number {
  return one.modifiedAt - other.modifiedAt || (one.name < other.name ? -1 : 1);
}

function sum(files: readonly LogFile[]): number {
  return files.reduce((total, { size }) => total + size, 0);
}
