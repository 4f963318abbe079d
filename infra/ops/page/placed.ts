import type { Column } from "../table";
import type { ReportTable } from "./model";

/** The sections, in the order in which somebody asks; each is a dashboard as well, `pgstead-<name>`. */
export type SectionName = "backups" | "overview" | "queries" | "replication" | "tables";

/** A table, and the section that it stands in. */
export interface PlacedTable {
  readonly section: SectionName;
  readonly table: ReportTable;
}

export function table(
  section: SectionName,
  title: string,
  columns: readonly Column[],
  rows: ReportTable["rows"],
  note = "",
): PlacedTable {
  return { section, table: { title, columns, rows, note } };
}

export const textOf = (heading: string): Column => ({ heading });
export const numberOf = (heading: string): Column => ({ heading, numeric: true });
