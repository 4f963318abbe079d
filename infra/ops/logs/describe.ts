import { loadMask, type Mask } from "../../../components/core/operations/logs/mask";
import type { LogSummary, MessageGroup, SlowGroup } from "../../../components/core/operations/logs/summary";
import type { LogReading } from "../../../components/io/logs/read-log";
import type { LogMessage, LogsData, LogSlowStatement } from "./logs-report";

/** What is shown of a log. */
export interface Shown {
  readonly since: number;
  readonly until: number;
  readonly place: string;
  /** Most groups of each kind. */
  readonly limit: number;
  /** True: texts as they are in the log, with the values of people. */
  readonly statements: boolean;
  readonly messages: boolean;
  readonly slow: boolean;
  readonly remarks: readonly string[];
}

export async function describeLog(summary: LogSummary, reading: LogReading, shown: Shown): Promise<LogsData> {
  const mask: Mask = shown.statements ? (text) => text : await loadMask();
  const messages = shown.messages ? summary.messages : [];
  const slow = shown.slow ? summary.slow : [];
  const { temporaryFiles, lockWaits, levels, entries, ungrouped, events, failedLogins } = summary;
  return {
    since: iso(shown.since),
    until: iso(shown.until),
    place: shown.place,
    files: reading.files,
    ...{ entries, ungrouped, levels, lockWaits },
    unreadLines: reading.unread,
    leftOut: {
      messages: Math.max(0, messages.length - shown.limit),
      slow: Math.max(0, slow.length - shown.limit),
    },
    messages: messages.slice(0, shown.limit).map((group) => describeMessage(group, mask, shown.statements)),
    slow: slow.slice(0, shown.limit).map((group) => describeSlow(group, mask)),
    events: Object.entries(events).map(([event, { count, first, last, message }]) => ({
      event: event as LogsData["events"][number]["event"],
      ...{ count, message },
      ...{ first: iso(first), last: iso(last) },
    })),
    temporaryFiles: {
      count: temporaryFiles.count,
      sizeBytes: temporaryFiles.bytes,
      largestBytes: temporaryFiles.largest,
    },
    failedLogins: failedLogins.slice(0, shown.limit),
    remarks: shown.remarks,
  };
}

function describeMessage(group: MessageGroup, mask: Mask, statements: boolean): LogMessage {
  const { example, level, code, count } = group;
  return {
    ...{ level, code, count },
    message: statements ? example.message : group.message,
    first: iso(group.first),
    last: iso(group.last),
    user: example.user ?? null,
    database: example.database ?? null,
    application: example.application ?? null,
    client: example.client ?? null,
    statement: example.statement === undefined ? null : mask(example.statement),
    detail: statements ? (example.detail ?? null) : null,
  };
}

function describeSlow(group: SlowGroup, mask: Mask): LogSlowStatement {
  const { count, totalMs, longestMs, user, database } = group;
  return {
    ...{ count, longestMs, user, database },
    totalMs: Math.round(totalMs),
    meanMs: Math.round(totalMs / count),
    first: iso(group.first),
    last: iso(group.last),
    statement: mask(group.statement),
  };
}

function iso(moment: number): string {
  return new Date(moment).toISOString();
}
