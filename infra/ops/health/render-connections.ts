import { renderDuration } from "../../../components/core/duration";
import { resolveConnectionUse, type ConnectionUse } from "../../../components/core/operations/connection-use";
import type { ServerSession, SessionCount } from "../../../components/core/operations/sessions";
import type { Colors } from "../colors";
import type { ConnectionsArgs, ConnectionsData } from "./found";
import type { Report } from "../report";
import { renderTable, type Column } from "../table";

export function renderConnections(
  { stack, data }: Report<ConnectionsData>,
  { queries }: ConnectionsArgs,
  colors: Colors,
): string {
  const { place, role, maxConnections, superuserReserved, reserved } = data;
  const head = [
    `stack ${stack}: ${useOf(data).message} at ${place}`,
    `max_connections ${maxConnections}, of which ${superuserReserved} are reserved for superusers and ${reserved} for monitoring; looked as ${role}`,
  ];
  const active = data.active.filter(({ wait }) => wait === null);
  const sections = [
    head.join("\n"),
    renderCounts("By state", data.byState, colors),
    renderCounts("By user", data.byUser, colors),
    renderCounts("By database", data.byDatabase, colors),
    renderCounts("By application and address", data.byClient, colors),
    renderLimits(data, colors),
    renderSessions("Running a statement", active, queries === true, colors),
    renderSessions("Waiting", data.waiting, queries === true, colors),
    renderSessions("Longest idle", data.idle, queries === true, colors),
    ...data.remarks.map((remark) => colors.dim(remark)),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** How many of the server's connections are taken, by the rule that `health` and the alerts have. */
export function useOf({ connections: used, maxConnections: max, ...rest }: ConnectionsData): ConnectionUse {
  return resolveConnectionUse({ used, max, ...rest });
}

function renderCounts(title: string, counts: readonly SessionCount[], colors: Colors): string {
  const columns = [
    { heading: "name" },
    { heading: "sessions", numeric: true },
    { heading: "active", numeric: true },
  ];
  const rows = counts.map(({ name, sessions, active }) => [name, sessions, active]);
  return renderTable(title, columns, rows, colors);
}

function renderLimits({ limits }: ConnectionsData, colors: Colors): string {
  const columns = [
    { heading: "of" },
    { heading: "name" },
    { heading: "sessions", numeric: true },
    { heading: "limit", numeric: true },
    { heading: "%", numeric: true },
  ];
  const rows = limits.map(({ kind, name, used, limit, percent }) => [kind, name, used, limit, percent]);
  return renderTable("Connection limits", columns, rows, colors);
}

/** Sessions in columns; with the text of their statements where that was asked for, cut to a line. */
export function renderSessions(
  title: string,
  sessions: readonly ServerSession[],
  queries: boolean,
  colors: Colors,
): string {
  const columns: Column[] = [
    { heading: "pid", numeric: true },
    { heading: "user" },
    { heading: "database" },
    { heading: "application" },
    { heading: "address" },
    { heading: "state" },
    { heading: "for", numeric: true },
    { heading: "transaction", numeric: true },
    { heading: "waits for" },
    { heading: queries ? "query" : "statement" },
  ];
  const rows = sessions.map((session) => [
    session.pid,
    session.user,
    session.database,
    session.application,
    session.address,
    session.state,
    renderAge(session.stateSeconds),
    renderAge(session.transactionSeconds),
    session.wait ?? "",
    queries ? renderQuery(session.query ?? "") : (session.statement ?? ""),
  ]);
  return renderTable(title, columns, rows, colors);
}

function renderAge(seconds: number | null): string {
  return seconds === null ? "" : renderDuration(seconds);
}

/** Characters of a statement in a table. */
const queryWidth = 120;

/** The text of a statement, cut to a line of a table. */
export function renderQuery(query: string): string {
  const line = query.replace(/\s+/g, " ").trim();
  return line.length > queryWidth ? `${line.slice(0, queryWidth - 1)}…` : line;
}
