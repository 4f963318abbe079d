import { describeHolder, type Bloat, type DatabaseBloat } from "../../../components/core/operations/bloat";
import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { renderTable } from "../table";

export interface BloatData {
  /** Whether what is shown was measured by reading it. */
  readonly exact: boolean;
  readonly databases: readonly DatabaseBloat[];
  /** What could not be told, and why. */
  readonly remarks: readonly string[];
}

/** What `bloat` prints above the findings. */
export function renderBloat({ stack, data }: Report<BloatData>, colors: Colors): string {
  const how = data.exact
    ? "measured with pgstattuple"
    : "estimated from statistics; --exact measures, which reads the tables";
  const sections = [
    `stack ${stack}: what is empty of tables and B-tree indexes, ${how}`,
    ...data.databases.map((one) => renderDatabase(one, colors)),
    ...(data.remarks.length === 0 ? [] : [data.remarks.map((remark) => `remark: ${remark}`).join("\n")]),
  ];
  return `${sections.join("\n\n")}\n`;
}

const numeric = (heading: string) => ({ heading, numeric: true });

function renderDatabase({ database, tables, indexes, holders }: DatabaseBloat, colors: Colors): string {
  const tableRows = tables.map((one) => [
    one.table,
    ...renderShare(one),
    one.deadRows,
    one.lastVacuum ?? one.lastAutovacuum ?? "never",
    one.lastAnalyze ?? one.lastAutoanalyze ?? "never",
    one.autovacuum ?? "",
  ]);
  const tableColumns = [
    { heading: "table" },
    ...["size", "empty", "%", "dead rows"].map(numeric),
    { heading: "vacuumed" },
    { heading: "analyzed" },
    { heading: "" },
  ];
  const indexRows = indexes.map((one) => [one.index, ...renderShare(one), one.table]);
  const indexColumns = [
    { heading: "index" },
    ...["size", "empty", "%"].map(numeric),
    { heading: "of table" },
  ];
  const [oldest] = holders;
  return [
    renderTable(`Database ${database}: tables`, tableColumns, tableRows, colors),
    renderTable(`Database ${database}: indexes`, indexColumns, indexRows, colors),
    ...(oldest === undefined
      ? []
      : [`rows that died since then are kept by the oldest one of all: ${describeHolder(oldest)}`]),
  ].join("\n\n");
}

function renderShare({ sizeBytes, bloatBytes, bloatPercent }: Bloat): (string | number)[] {
  return [renderSize(sizeBytes), bloatBytes === null ? "?" : renderSize(bloatBytes), bloatPercent ?? "?"];
}
