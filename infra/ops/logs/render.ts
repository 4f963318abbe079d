import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import { renderTable } from "../table";
import { plural } from "../text";
import type { EventName } from "../../../components/core/operations/logs/kind";
import type { LogsData } from "./logs-report";
import { visible } from "../../../components/core/visible";

/** The text of `logs`. */
export function renderLogs(stack: string, data: LogsData, colors: Colors): string {
  const { files, entries, since, until, place, unreadLines } = data;
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const head = [
    `stack ${stack}: ${plural(entries, "entr")
      .replace(/entrs$/, "entries")
      .replace(/entr$/, "entry")} from ${moment(since)} to ${moment(until)} (UTC)`,
    `${plural(files.length, "file")} (${renderSize(bytes)}) in ${place}${unreadLines === 0 ? "" : `; ${plural(unreadLines, "line")} of them no entries`}`,
    levelsOf(data),
    ...data.remarks,
  ];
  const sections = [
    head.filter((line) => line !== "").join("\n"),
    ...(data.messages.length === 0 ? [] : [renderMessages(data, colors)]),
    ...(data.slow.length === 0 ? [] : [renderSlow(data, colors)]),
    ...renderEvents(data, colors),
  ];
  return `${sections.join("\n\n")}\n`;
}

function levelsOf({ levels }: LogsData): string {
  return Object.entries(levels)
    .map(([level, count]) => `${level} ${count}`)
    .join(", ");
}

function renderMessages({ messages, leftOut }: LogsData, colors: Colors): string {
  const rows = messages.map(({ count, level, code, last, user, database, message }) => [
    count,
    level,
    code ?? "",
    moment(last),
    user ?? "",
    database ?? "",
    line(message),
  ]);
  const columns = [
    { heading: "count", numeric: true },
    { heading: "level" },
    { heading: "code" },
    { heading: "last" },
    { heading: "user" },
    { heading: "database" },
    { heading: "message" },
  ];
  const table = renderTable("Messages", columns, rows, colors);
  const texts = messages.flatMap(({ detail, statement, message }) =>
    statement === null && detail === null
      ? []
      : [
          colors.dim(`  ${line(message)}`),
          ...(detail === null ? [] : [`    ${line(detail)}`]),
          ...(statement === null ? [] : [`    ${line(statement)}`]),
        ],
  );
  return [
    table,
    ...(texts.length === 0 ? [] : [colors.bold("Statements of the last ones"), ...texts]),
    ...more(leftOut.messages),
  ].join("\n");
}

function renderSlow({ slow, leftOut }: LogsData, colors: Colors): string {
  const rows = slow.map(({ count, totalMs, meanMs, longestMs, user, database, statement }) => [
    count,
    totalMs,
    meanMs,
    Math.round(longestMs),
    user ?? "",
    database ?? "",
    line(statement),
  ]);
  const columns = [
    { heading: "count", numeric: true },
    { heading: "total ms", numeric: true },
    { heading: "mean", numeric: true },
    { heading: "longest", numeric: true },
    { heading: "user" },
    { heading: "database" },
    { heading: "statement" },
  ];
  return [renderTable("Slow statements", columns, rows, colors), ...more(leftOut.slow)].join("\n");
}

const eventTexts: Readonly<Record<EventName, string>> = {
  corruption: "damaged data",
  crash: "processes ended by a signal",
  outOfSpace: "disk full",
  outOfMemory: "out of memory",
  archiveFailed: "archiving failed",
  deadlock: "deadlocks",
  loginFailed: "refused logins",
  connectionRefused: "no connection left",
  notReady: "not ready for sessions",
  autovacuumCancelled: "autovacuum cancelled",
  checkpointsTooFrequent: "checkpoints too frequent",
  systemError: "errors of the system",
};

function renderEvents(
  { events, temporaryFiles, lockWaits, failedLogins }: LogsData,
  colors: Colors,
): string[] {
  const rows = [
    ...events.map(({ event, count, first, last }) => [
      eventTexts[event],
      count,
      moment(first),
      moment(last),
      "",
    ]),
    ...(temporaryFiles.count === 0
      ? []
      : [
          [
            "temporary files",
            temporaryFiles.count,
            "",
            "",
            `${renderSize(temporaryFiles.sizeBytes)}, the largest ${renderSize(temporaryFiles.largestBytes)}`,
          ],
        ]),
    ...(lockWaits.count === 0
      ? []
      : [["waits for locks", lockWaits.count, "", "", `the longest ${Math.round(lockWaits.longestMs)} ms`]]),
    ...failedLogins.map(({ user, client, count }) => [
      "  refused login",
      count,
      "",
      "",
      `${user} from ${client || "?"}`,
    ]),
  ];
  if (rows.length === 0) return [];
  const columns = [
    { heading: "event" },
    { heading: "count", numeric: true },
    { heading: "first" },
    { heading: "last" },
    { heading: "" },
  ];
  return [renderTable("Events", columns, rows, colors)];
}

function more(count: number): string[] {
  return count === 0 ? [] : [`  … ${count} more: --limit shows them`];
}

function moment(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}

/** One line of a table; what a terminal would obey is shown as a sign. */
function line(text: string): string {
  const flat = visible(text.replace(/\s+/g, " "));
  return flat.length <= 160 ? flat : `${flat.slice(0, 159)}…`;
}
