import { renderDuration } from "../../../components/core/duration";
import type { DatabaseIndexes, JudgedIndex } from "../../../components/core/operations/indexes";
import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { renderTable } from "../table";

/** What `indexes` prints above the findings. */
export function renderIndexes(
  { stack, data }: Report<{ readonly databases: readonly DatabaseIndexes[] }>,
  colors: Colors,
): string {
  const sections = data.databases.map((one) => renderDatabase(one, colors));
  return `stack ${stack}\n\n${sections.join("\n\n")}\n`;
}

function renderDatabase(database: DatabaseIndexes, colors: Colors): string {
  const { statistics, missing, neverAnalyzed } = database;
  const counted = `Database ${database.database}: scans are counted for ${renderDuration(statistics.ageSeconds)}, since ${statistics.since}`;
  const notes = [
    ...(statistics.standbys > 0 || statistics.inRecovery
      ? ["each standby counts its own scans: ask those as well before an unused index goes"]
      : []),
    ...(database.tooYoung
      ? [
          "too young to tell which indexes are unused: pgstead:monitoring.thresholds.unusedIndexAge says from when on",
        ]
      : []),
  ];
  const group = (title: string, indexes: readonly JudgedIndex[]): string[] =>
    indexes.length === 0 ? [] : [renderIndexTable(title, indexes, colors)];
  const keys = missing.map(({ foreignKey, table, columns, sizeBytes }) => [
    foreignKey,
    table,
    columns.join(", "),
    renderSize(sizeBytes),
  ]);
  const parts = [
    [counted, ...notes].join("\n"),
    ...group("Invalid", database.invalid),
    ...group("The same twice", database.duplicate),
    ...group("Unused", database.unused),
    ...group("Begin another one (a choice: the shorter one is smaller)", database.prefix),
    ...(keys.length === 0 ? [] : [renderTable("Foreign keys without an index", keyColumns, keys, colors)]),
    ...(neverAnalyzed.length === 0
      ? []
      : [
          renderTable(
            "Tables that were never analyzed: `npm run ops -- analyze` does",
            [{ heading: "table" }, { heading: "size", numeric: true }],
            neverAnalyzed.map(({ table, sizeBytes }) => [table, renderSize(sizeBytes)]),
            colors,
          ),
        ]),
  ];
  return parts.length === 1
    ? `${[counted, ...notes].join("\n")}\n  all indexes are in order`
    : parts.join("\n\n");
}

const keyColumns = [
  { heading: "foreign key" },
  { heading: "table" },
  { heading: "columns" },
  { heading: "table size", numeric: true },
];

function renderIndexTable(title: string, indexes: readonly JudgedIndex[], colors: Colors): string {
  const columns = [
    { heading: "index" },
    { heading: "table" },
    { heading: "size", numeric: true },
    { heading: "scans", numeric: true },
    { heading: "writes", numeric: true },
    { heading: "" },
  ];
  const rows = indexes.map(({ index, table, sizeBytes, scans, writes, why }) => [
    index,
    table,
    renderSize(sizeBytes),
    scans,
    writes,
    why,
  ]);
  return renderTable(title, columns, rows, colors);
}
