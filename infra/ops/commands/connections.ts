import type { Finding } from "../../../components/core/finding";
import { above, percentOf } from "../../../components/core/operations/health-check";
import {
  countSessions,
  isOwn,
  type LimitUse,
  type ServerSession,
} from "../../../components/core/operations/sessions";
import type { Thresholds } from "../../../components/core/monitoring/thresholds";
import {
  readConnectionLimits,
  type ConnectionLimits,
} from "../../../components/io/catalog/connection-limits";
import { readSessions } from "../../../components/io/catalog/sessions";
import { maintenanceDatabase } from "../../../components/io/session";
import type { CommandContext, OpsCommand } from "../command";
import type { ConnectionsArgs, ConnectionsData } from "../health/found";
import { renderConnections, useOf } from "../health/render-connections";
import type { NagiosResult } from "../nagios";
import type { Report } from "../report";
import { openWatcher } from "../watcher";

/** Shows who is connected, what they do, and how near that is to the limits. */
export const connectionsCommand: OpsCommand<ConnectionsArgs, ConnectionsData> = {
  name: "connections",
  summary: "show who is connected, what they do, and how near that is to the limits",
  declare: (command) => {
    command
      .option("--queries", "show the text of statements, with the values in them; else their first word")
      .addHelpText("after", help);
  },
  watch: true,
  run: look,
  nagios: tellNagios,
  render: (report, args, colors) => ({ output: renderConnections(report, args, colors) }),
};

const help = `
Ends with 1 where connections, of the server or of a CONNECTION LIMIT, reach pgstead:monitoring.thresholds.connectionsWarning.

JSON: data { place, role, connections, available, maxConnections, superuserReserved, reserved, limits [{ kind, name, used, limit,
percent }], byState, byUser, byDatabase, byClient [{ name, sessions, active }], active, waiting, idle [{ pid, backendStart, user,
database, application, address, state, sessionSeconds, transactionSeconds, stateSeconds, wait, statement, query }], remarks }

Examples:
  npm run ops -- connections --stack prod --watch
  npm run ops -- connections --stack prod --queries`;

async function look(context: CommandContext, { queries }: ConnectionsArgs): Promise<Report<ConnectionsData>> {
  const { stack, config, progress } = context;
  const watcher = await openWatcher(context);
  const asked = watcher.look(maintenanceDatabase, (session) =>
    Promise.all([readSessions(session, { queries: queries === true }), readConnectionLimits(session)]),
  );
  const [sessions, limits] = await progress(`asking the server at ${watcher.place}`, asked);
  const { maxConnections, superuserReserved, reserved } = limits;
  const used = limitUses(sessions, limits);
  const isAge = (a: ServerSession, b: ServerSession): number => (b.stateSeconds ?? 0) - (a.stateSeconds ?? 0);
  const active = sessions.filter(({ state }) => state === "active").toSorted(isAge);
  const unseen = sessions.filter(({ state }) => state === "").length;
  const data: ConnectionsData = {
    place: watcher.place,
    role: watcher.roleFor(maintenanceDatabase),
    connections: sessions.length,
    available: maxConnections - superuserReserved - reserved,
    maxConnections,
    superuserReserved,
    reserved,
    limits: used,
    byState: countSessions(sessions, ({ state }) => (state === "" ? "unknown" : state)),
    byUser: countSessions(sessions, ({ user }) => user),
    byDatabase: countSessions(sessions, ({ database }) => database),
    byClient: countSessions(sessions, clientOf),
    active,
    waiting: active.filter(({ wait }) => wait !== null),
    idle: sessions
      .filter((session) => session.state.startsWith("idle") && !isOwn(session))
      .toSorted(isAge)
      .slice(0, 10),
    remarks:
      unseen === 0 ? [] : [`the state of ${unseen} of them is hidden from this role: it needs pg_monitor`],
  };
  return { command: "connections", stack, data, findings: judge(data, config.thresholds) };
}

function clientOf({ application, address }: ServerSession): string {
  const place = address === "" ? "local" : address;
  return application === "" ? place : `${application} from ${place}`;
}

function limitUses(sessions: readonly ServerSession[], { databases, logins }: ConnectionLimits): LimitUse[] {
  const use = (
    kind: LimitUse["kind"],
    { name, connectionLimit: limit }: { readonly name: string; readonly connectionLimit: number },
  ): LimitUse[] => {
    if (limit <= 0) return [];
    const used = sessions.filter(({ user, database }) => (kind === "role" ? user : database) === name).length;
    return [{ kind, name, used, limit, percent: percentOf(used, limit) }];
  };
  return [
    ...logins.flatMap(({ role, connectionLimit }) => use("role", { name: role, connectionLimit })),
    ...databases.flatMap((database) => use("database", database)),
  ].toSorted((a, b) => b.percent - a.percent);
}

function judge(data: ConnectionsData, { connectionsWarning, connectionsCritical }: Thresholds): Finding[] {
  const { percent, message } = useOf(data);
  const all = [
    {
      subject: "server",
      percent,
      message,
      hint: "`terminate-idle` ends those that do nothing; a pool with fewer connections is faster than more of them",
    },
    ...data.limits.map(({ kind, name, used, limit, percent }) => ({
      subject: `${kind} ${name}`,
      percent,
      message: `${used} of its ${limit} connections are in use`,
      hint: `smaller pools, or a higher connectionLimit: ALTER ${kind.toUpperCase()} "${name}" CONNECTION LIMIT … is drift`,
    })),
  ];
  return all.flatMap(({ subject, percent, message, hint }) => {
    const severity = above(percent, connectionsWarning, connectionsCritical);
    return severity === "ok" ? [] : [{ subject, message, hint, severity }];
  });
}

function tellNagios({ data, findings }: Report<ConnectionsData>): NagiosResult {
  const { connections, maxConnections, byState } = data;
  const summary = findings.map(({ subject, message }) => `${subject}: ${message}`).join("; ");
  const states = byState.map(({ name, sessions }) => ({
    label: name.replace(/\W+/g, "_"),
    value: sessions,
    min: 0,
  }));
  return {
    summary: summary === "" ? useOf(data).message : summary,
    performance: [{ label: "connections", value: connections, min: 0, max: maxConnections }, ...states],
  };
}
