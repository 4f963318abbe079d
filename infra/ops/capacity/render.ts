import type { CapacityData, DatabaseCapacity, Forecast } from "../../../components/core/operations/capacity";
import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { renderTable } from "../table";

/** The report for people. */
export function renderCapacity({ data }: Report<CapacityData>, colors: Colors): string {
  const { databases, remarks } = data;
  const sections = [
    renderDatabases(databases, colors),
    renderTables(databases, colors),
    renderEnds(data, colors),
    ...(remarks.length === 0 ? [] : [remarks.map((remark) => colors.yellow(`note: ${remark}`)).join("\n")]),
  ];
  return `${sections.join("\n\n")}\n`;
}

function renderDatabases(databases: readonly DatabaseCapacity[], colors: Colors): string {
  const rows = databases.map(({ database, sizeBytes, bytesPerDay, sampleCount, spanDays, from }) => [
    database,
    sizeBytes === null ? "?" : renderSize(sizeBytes),
    perDay(bytesPerDay),
    sampleCount,
    `${spanDays.toFixed(1)} days`,
    from?.slice(0, 16).replace("T", " ") ?? "",
  ]);
  const columns = [
    { heading: "database" },
    { heading: "size", numeric: true },
    { heading: "a day", numeric: true },
    { heading: "samples", numeric: true },
    { heading: "of", numeric: true },
    { heading: "since" },
  ];
  return renderTable("Databases", columns, rows, colors);
}

function renderTables(databases: readonly DatabaseCapacity[], colors: Colors): string {
  const rows = databases.flatMap(({ database, tables }) =>
    tables.map(({ schema, name, sizeBytes, bytesPerDay }) => [
      database,
      `${schema}.${name}`,
      renderSize(sizeBytes),
      perDay(bytesPerDay),
    ]),
  );
  const columns = [
    { heading: "database" },
    { heading: "table" },
    { heading: "size", numeric: true },
    { heading: "a day", numeric: true },
  ];
  return renderTable("Tables that grow", columns, rows, colors);
}

function renderEnds({ server }: CapacityData, colors: Colors): string {
  const { volume, connections, wraparound, walBytesPerDay } = server;
  const plain = (value: number): string =>
    value >= 1e6 ? `${(value / 1e6).toFixed(0)} million` : value.toFixed(0);
  const rows = [
    ...end(volume?.source === "--size" ? "space (--size)" : "volume", volume, renderSize),
    ...end("connections, at their peak", connections, plain),
    ...end("transactions until writes stop", wraparound, plain),
  ];
  const columns = [
    { heading: "" },
    { heading: "used", numeric: true },
    { heading: "limit", numeric: true },
    { heading: "a day", numeric: true },
    { heading: "left", numeric: true },
  ];
  const wal = walBytesPerDay === null ? "" : `\nwrite-ahead log: ${renderSize(walBytesPerDay)} a day`;
  return `${renderTable("Until the end", columns, rows, colors)}${wal}`;
}

function end(name: string, forecast: Forecast | null, render: (value: number) => string): string[][] {
  if (forecast === null) return [];
  const { used, limit, perDay: rate, daysLeft } = forecast;
  const shownRate = rate === null ? "?" : `${rate < 0 ? "-" : ""}${render(Math.abs(rate))}`;
  return [[name, render(used), render(limit), shownRate, left(rate, daysLeft)]];
}

function left(rate: number | null, daysLeft: number | null): string {
  if (daysLeft !== null) return daysLeft > 3_650 ? "over 10 years" : `${daysLeft.toFixed(0)} days`;
  return rate === null ? "?" : "does not grow";
}

function perDay(bytes: number | null): string {
  if (bytes === null) return "?";
  return `${bytes < 0 ? "-" : "+"}${renderSize(Math.abs(bytes))}`;
}
