import type { FileSum } from "../../../components/core/operations/disk";
import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { renderTable } from "../table";
import { plural } from "../text";
import type {
  DatabaseSpace,
  ServerSpace,
  TableSpace,
  VolumeSpace,
} from "../../../components/core/operations/disk";

export interface DiskData {
  /** Where the server is. */
  readonly place: string;
  readonly server: ServerSpace;
  /** Free room; empty where it cannot be told. */
  readonly volumes: readonly VolumeSpace[];
  readonly databases: readonly Omit<DatabaseSpace, "tables">[];
  /** The largest ones of all databases. */
  readonly tables: readonly TableSpace[];
  readonly top: number;
  /** Below which free part of a volume it is told, in percent. */
  readonly thresholds: { readonly warningPercent: number; readonly criticalPercent: number };
  /** What could not be told, and why. */
  readonly remarks: readonly string[];
}

/** What `disk` prints above the findings. */
export function renderDisk({ stack, data }: Report<DiskData>, colors: Colors): string {
  const { server, databases, tables, volumes, remarks } = data;
  const sections = [
    `stack ${stack}: server at ${data.place}`,
    ...(volumes.length === 0 ? [] : [renderVolumes(data, colors)]),
    renderTable(
      "Databases",
      sized("database"),
      server.databases.map(({ name, sizeBytes }) => [name, sizeOrUnknown(sizeBytes)]),
      colors,
    ),
    renderTable(
      "Schemas",
      [{ heading: "database" }, { heading: "schema" }, numeric("tables"), numeric("size")],
      databases.flatMap(({ database, schemas }) =>
        schemas.map(({ name, tables: count, sizeBytes }) => [database, name, count, renderSize(sizeBytes)]),
      ),
      colors,
    ),
    renderTable(
      `Largest tables (of the first ${data.top})`,
      [
        { heading: "database" },
        { heading: "table" },
        ...["table", "indexes", "TOAST", "total"].map((heading) => numeric(heading)),
      ],
      tables.map((one) => [
        one.database,
        one.table,
        renderSize(one.tableBytes),
        renderSize(one.indexBytes),
        renderSize(one.toastBytes),
        renderSize(one.sizeBytes),
      ]),
      colors,
    ),
    renderTable("Other files", sized("what"), otherFiles(data), colors),
    ...(remarks.length === 0 ? [] : [remarks.map((remark) => `remark: ${remark}`).join("\n")]),
  ];
  return `${sections.join("\n\n")}\n`;
}

const numeric = (heading: string) => ({ heading, numeric: true });
const sized = (heading: string) => [{ heading }, numeric("size")];

function renderVolumes({ volumes }: DiskData, colors: Colors): string {
  const columns = [
    { heading: "holds" },
    { heading: "path" },
    ...["size", "free", "free %"].map((heading) => numeric(heading)),
  ];
  const rows = volumes.map(({ holds, path, sizeBytes, freeBytes, freePercent }) => [
    holds.join(", "),
    path,
    renderSize(sizeBytes),
    renderSize(freeBytes),
    freePercent,
  ]);
  return renderTable("Volumes", columns, rows, colors);
}

function otherFiles({ server }: DiskData): [string, string][] {
  const files = (what: string, sum: FileSum | null): [string, string][] =>
    sum === null ? [] : [[`${what} (${plural(sum.files, "file")})`, renderSize(sum.sizeBytes)]];
  return [
    ...files("write-ahead log", server.wal),
    ...files("temporary files", server.temporary),
    ...files("server log", server.log),
    ...server.tablespaces.map(({ name, sizeBytes }): [string, string] => [
      `tablespace ${name}`,
      sizeOrUnknown(sizeBytes),
    ]),
  ];
}

function sizeOrUnknown(bytes: number | null): string {
  return bytes === null ? "?" : renderSize(bytes);
}
