import { renderDuration } from "../../../components/core/duration";
import type { LockNode, LockSession } from "../../../components/core/operations/locks";
import type { Colors } from "../colors";
import { renderQuery } from "../health/render-connections";
import type { Report } from "../report";
import { renderTable } from "../table";
import { plural } from "../text";
import type { EndedSession, LocksArgs, LocksData } from "./found";
import { describe } from "./end-session";

export function renderLocks(
  { stack, data }: Report<LocksData>,
  { queries }: Pick<LocksArgs, "queries">,
  colors: Colors,
): string {
  const { place, role, ended, tree, prepared, advisory } = data;
  if (ended !== null) return `${renderEnded(stack, ended)}\n`;
  const waiting = data.sessions.filter(({ wants }) => wants !== null).length;
  const sections = [
    `stack ${stack}: ${waiting === 0 ? "nobody waits" : `${plural(waiting, "session")} waiting`} for a lock at ${place}; looked as ${role}`,
    ...(tree.length === 0 ? [] : [renderTree(data, queries === true, colors)]),
    ...(prepared.length === 0 ? [] : [renderPrepared(data, colors)]),
    ...(advisory.length === 0 ? [] : [renderAdvisory(data, colors)]),
  ];
  return `${sections.join("\n\n")}\n`;
}

const outcomes = {
  ended: "ended",
  remains: "not ended",
  gone: "gone before",
  declined: "left as it is",
} as const satisfies Record<EndedSession["outcome"], string>;

function renderEnded(stack: string, { way, session, blocked, outcome }: EndedSession): string {
  const what = way === "terminate" ? "session" : "statement of";
  return `stack ${stack}: ${what} ${outcomes[outcome]}\n  ${describe(session, blocked)}`;
}

function renderTree({ tree, sessions }: LocksData, queries: boolean, colors: Colors): string {
  const known = new Map(sessions.map((session) => [session.pid, session]));
  const columns = [
    { heading: "pid" },
    { heading: "blocks", numeric: true },
    { heading: "user" },
    { heading: "database" },
    { heading: "application" },
    { heading: "state" },
    { heading: "waits for" },
    { heading: "mode" },
    { heading: "for", numeric: true },
    { heading: "transaction", numeric: true },
    { heading: queries ? "query" : "statement" },
  ];
  const rows = tree.map((node) => renderNode(node, known.get(node.pid), queries));
  return renderTable("Who blocks whom", columns, rows, colors);
}

function renderNode(
  { pid, depth, blocks, also }: LockNode,
  session: LockSession | undefined,
  queries: boolean,
): (string | number)[] {
  const branch = depth === 0 ? "" : `${"  ".repeat(depth - 1)}└ `;
  if (session === undefined) {
    const what = pid === 0 ? "prepared transaction" : "gone";
    return [`${branch}${pid}`, blocks, what, "", "", "", "", "", "", "", ""];
  }
  const { user, backendType, database, application, state, wants, transactionSeconds, statement, query } =
    session;
  const others = also.length === 0 ? "" : ` (and behind ${plural(also.length, "other")})`;
  return [
    `${branch}${pid}`,
    blocks,
    user === "" ? backendType : user,
    database,
    application,
    state,
    wants === null ? "" : `${wants.target}${others}`,
    wants?.mode ?? "",
    wants === null ? "" : renderDuration(wants.waitSeconds),
    transactionSeconds === null ? "" : renderDuration(transactionSeconds),
    queries ? renderQuery(query ?? "") : (statement ?? ""),
  ];
}

function renderPrepared({ prepared }: LocksData, colors: Colors): string {
  const columns = [
    { heading: "name" },
    { heading: "owner" },
    { heading: "database" },
    { heading: "for", numeric: true },
  ];
  const rows = prepared.map(({ name, owner, database, preparedSeconds }) => [
    name,
    owner,
    database,
    renderDuration(preparedSeconds),
  ]);
  return renderTable("Prepared transactions (pid 0)", columns, rows, colors);
}

function renderAdvisory({ advisory }: LocksData, colors: Colors): string {
  const columns = [
    { heading: "key" },
    { heading: "database" },
    { heading: "pid", numeric: true },
    { heading: "mode" },
    { heading: "" },
  ];
  const rows = advisory.map(({ key, database, mode, pid, granted }) => [
    key,
    database,
    pid ?? 0,
    mode,
    granted ? "" : "waits",
  ]);
  return renderTable("Advisory locks", columns, rows, colors);
}
