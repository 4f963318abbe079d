import type { PhysicalBackup } from "./repository";

/**
 * A line of the log. A restore begins another one: the server's log forks at the place that was restored to, and what it
 * wrote on the line before stays in the repository.
 */
export interface Timeline {
  readonly id: number;
  /** Since when the server has been on it, in milliseconds since 1970; the first one has no beginning. */
  readonly since: number;
  /** The lines before it, and where in the log each was left: `0/406D300`. */
  readonly parents: readonly { readonly id: number; readonly end: string }[];
}

/** The log that has arrived in a repository. */
export interface ArrivedLog {
  /** In the order in which they began; the first is there always. */
  readonly timelines: readonly Timeline[];
  /** When its newest file arrived, in milliseconds since 1970; undefined: none has. */
  readonly newestAt?: number;
}

/** The line before any restore. */
export const firstTimeline: Timeline = { id: 1, since: Number.NEGATIVE_INFINITY, parents: [] };

/** Reads a file `00000002.history`: a line for each parent, with its number and where it was left. */
export function parseHistory(text: string): Timeline["parents"] {
  return text.split("\n").flatMap((line) => {
    const [, id, end] = /^(\d+)\t([0-9A-F]+\/[0-9A-F]+)\t/i.exec(line) ?? [];
    return id === undefined || end === undefined ? [] : [{ id: Number(id), end }];
  });
}

/** With the lines that backups alone tell of: a history may have gone with the log that it belonged to. */
export function knownTimelines(
  { timelines }: ArrivedLog,
  backups: readonly Pick<PhysicalBackup, "timeline" | "startedAt">[],
): readonly Timeline[] {
  const known = new Map(timelines.map((one) => [one.id, one]));
  for (const { timeline = 1, startedAt } of backups) {
    if (!known.has(timeline)) known.set(timeline, { id: timeline, since: startedAt, parents: [] });
  }
  return [...known.values()].toSorted((one, other) => one.since - other.since);
}

/** The line that the server was on at a moment: what was committed then is on that one alone. */
export function timelineAt(timelines: readonly Timeline[], moment: number): Timeline {
  return timelines.filter(({ since }) => since <= moment).at(-1) ?? firstTimeline;
}

/** Whether the log of a line goes on from a backup: it was taken on it, or on a line before it that was not left by then. */
export function isOnTimeline(
  { timeline = 1, stopLsn }: Pick<PhysicalBackup, "timeline" | "stopLsn">,
  { id, parents }: Timeline,
): boolean {
  if (timeline === id) return true;
  const parent = parents.find((one) => one.id === timeline);
  return parent !== undefined && stopLsn !== undefined && position(stopLsn) <= position(parent.end);
}

/** A place in the log as the number of its byte. */
function position(lsn: string): bigint {
  const [high = "0", low = "0"] = lsn.split("/");
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
