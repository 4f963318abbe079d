import { renderDuration } from "../../../components/core/duration";
import type { CapacityData, Forecast } from "../../../components/core/operations/capacity";
import { describeSession } from "../../../components/core/operations/sessions";
import { renderSize } from "../../../components/core/size";
import type { ConnectionsData, HealthData } from "../health/found";
import type { LocksData } from "../locks/found";
import type { DiskData } from "../space/render-disk";
import type { MetricsData } from "../space/render-metrics";
import { numberOf, table, textOf, type PlacedTable } from "./placed";
import { renderMoment, renderValue } from "./units";

export function healthTables({ checks, remarks }: HealthData): PlacedTable[] {
  const rows = checks.map(({ name, status, message }) => [name.replaceAll("_", " "), status, message]);
  const columns = [textOf("check"), textOf("state"), textOf("what was seen")];
  return [table("overview", "Checks", columns, rows, remarks.join("; "))];
}

export function connectionTables(data: ConnectionsData): PlacedTable[] {
  const { connections, available, maxConnections, superuserReserved, reserved, limits, remarks } = data;
  const note = `${connections} of ${available} that ordinary roles may have; max_connections ${maxConnections}, of which ${superuserReserved} are for superusers and ${reserved} for monitoring`;
  const counts = (
    [
      ["state", data.byState],
      ["user", data.byUser],
      ["database", data.byDatabase],
      ["client", data.byClient],
    ] as const
  ).flatMap(([what, of]) => of.map(({ name, sessions, active }) => [what, name, sessions, active]));
  const columns = [textOf("by"), textOf("name"), numberOf("sessions"), numberOf("active")];
  const limitRows = limits.map(({ kind, name, used, limit, percent }) => [
    kind,
    name,
    used,
    limit,
    `${percent}%`,
  ]);
  return [
    table("overview", "Connections", columns, counts, [note, ...remarks].join("; ")),
    ...(limitRows.length === 0
      ? []
      : [
          table(
            "overview",
            "Connection limits",
            [textOf("of"), textOf("name"), numberOf("sessions"), numberOf("limit"), numberOf("used")],
            limitRows,
          ),
        ]),
  ];
}

export function lockTables({ tree, sessions }: LocksData): PlacedTable[] {
  const known = new Map(sessions.map((session) => [session.pid, session]));
  const rows = tree.map(({ pid, depth, blocks }) => {
    const session = known.get(pid);
    const { wants = null } = session ?? {};
    return [
      `${"› ".repeat(depth)}${pid === 0 ? "prepared transaction" : pid}`,
      blocks,
      session === undefined ? "" : describeSession(session),
      session?.state ?? "",
      wants === null ? "" : `${wants.target} (${wants.mode})`,
      wants === null ? "" : renderDuration(wants.waitSeconds),
    ];
  });
  const columns = [
    textOf("pid"),
    numberOf("blocks"),
    textOf("session"),
    textOf("state"),
    textOf("waits for"),
    numberOf("for"),
  ];
  return [table("overview", "Who blocks whom", columns, rows)];
}

export function diskTables({ volumes, server, tables, remarks }: DiskData): PlacedTable[] {
  const size = (bytes: number | null): string => (bytes === null ? "?" : renderSize(bytes));
  const others = [
    ["write-ahead log", server.wal],
    ["temporary files", server.temporary],
    ["server log", server.log],
  ] as const;
  const volumeRows = volumes.map(({ holds, path, sizeBytes, freeBytes, freePercent }) => [
    holds.join(", "),
    path,
    size(sizeBytes),
    size(freeBytes),
    `${freePercent}%`,
  ]);
  const spaceRows = [
    ...server.databases.map(({ name, sizeBytes }) => [`database ${name}`, size(sizeBytes)]),
    ...server.tablespaces.map(({ name, sizeBytes }) => [`tablespace ${name}`, size(sizeBytes)]),
    ...others.flatMap(([name, sum]) => (sum === null ? [] : [[name, size(sum.sizeBytes)]])),
  ];
  const tableRows = tables.map((one) => [
    one.database,
    one.table,
    ...[one.tableBytes, one.indexBytes, one.toastBytes, one.sizeBytes].map(size),
  ]);
  const volumeColumns = [textOf("holds"), textOf("path"), ...["size", "free", "free %"].map(numberOf)];
  const sizes = ["table", "indexes", "TOAST", "total"].map(numberOf);
  return [
    ...(volumes.length === 0 ? [] : [table("overview", "Volumes", volumeColumns, volumeRows)]),
    table("overview", "What takes room", [textOf("what"), numberOf("size")], spaceRows, remarks.join("; ")),
    table("tables", "Largest tables", [textOf("database"), textOf("table"), ...sizes], tableRows),
  ];
}

export function capacityTables({ server, databases, remarks, days }: CapacityData): PlacedTable[] {
  const rows = [
    ...forecastRow("volume", server.volume, renderSize),
    ...forecastRow("connections, at their peak", server.connections, (value) => renderValue(value, "count")),
    ...forecastRow("transactions until writes stop", server.wraparound, (value) =>
      renderValue(value, "transactions"),
    ),
  ];
  const growing = databases.flatMap(({ database, tables }) =>
    tables.map(({ schema, name, sizeBytes, bytesPerDay }) => [
      database,
      `${schema}.${name}`,
      renderSize(sizeBytes),
      `+${renderSize(bytesPerDay)}`,
    ]),
  );
  const columns = [textOf("what"), ...["used", "limit", "a day", "days left"].map(numberOf)];
  const growth = [textOf("database"), textOf("table"), numberOf("size"), numberOf("a day")];
  const note = [`at the rate of the last ${days} days`, ...remarks].join("; ");
  return [
    table("overview", "When it is full", columns, rows, note),
    table("tables", "Tables that grow", growth, growing),
  ];
}

function forecastRow(
  name: string,
  forecast: Forecast | null,
  render: (value: number) => string,
): (string | number)[][] {
  if (forecast === null) return [];
  const { used, limit, perDay, daysLeft } = forecast;
  const rate = perDay === null ? "?" : perDay < 0 ? `-${render(-perDay)}` : `+${render(perDay)}`;
  return [[name, render(used), render(limit), rate, daysLeft === null ? "" : daysLeft.toFixed(0)]];
}

export function metricTables({ server, inside }: MetricsData): PlacedTable[] {
  const databases = server.databases.map((one) => [
    one.database,
    one.cacheHitPercent === null ? "?" : `${one.cacheHitPercent}%`,
    one.transactionsPerSecond,
    one.rollbacksPerSecond,
    renderSize(one.temporaryBytes),
    one.deadlocks,
    renderValue(one.xidAge, "transactions"),
  ]);
  const { timed, requested } = server.checkpoints;
  const log: [string, string | number][] = [
    ["written in all", renderSize(server.walBytes)],
    ["written in a second", `${renderSize(server.walBytesPerSecond)}/s`],
    ["checkpoints at their time", timed],
    ["checkpoints that were asked for", requested],
    ...(server.replayLagSeconds === null
      ? []
      : [["replayed, behind the primary", renderDuration(server.replayLagSeconds)] as [string, string]]),
  ];
  const standbys = server.standbys.map(({ name, state, lagBytes, lagSeconds }) => [
    name,
    state,
    lagBytes === null ? "?" : renderSize(lagBytes),
    lagSeconds === null ? "" : renderValue(lagSeconds, "seconds"),
  ]);
  const dead = inside.flatMap(({ database, deadRows }) =>
    deadRows.map(({ table: name, deadRows: count, liveRows }) => [database, name, count, liveRows]),
  );
  const counters = ["cache hit", "tx/s", "rollbacks/s", "temp", "deadlocks", "XID age"].map(numberOf);
  const note = `rates over ${server.intervalSeconds} s at ${renderMoment(server.at)}; counters since the statistics began`;
  return [
    table("overview", "Databases", [textOf("database"), ...counters], databases, note),
    table("replication", "Write-ahead log", [textOf("what"), numberOf("")], log),
    table(
      "replication",
      "Standbys and receivers of the log",
      [textOf("name"), textOf("state"), numberOf("behind"), numberOf("lag")],
      standbys,
    ),
    table(
      "tables",
      "More than 1,000 dead rows",
      [textOf("database"), textOf("table"), numberOf("dead"), numberOf("live")],
      dead,
    ),
  ];
}
