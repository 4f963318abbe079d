import type { Panel, PanelUnit } from "../../../components/core/monitoring/dashboards/panel";
import type { Column } from "../table";

/** What `report` found out: one section a dashboard; a schema of its JSON is made from this. */
export interface WholeReportData {
  /** Where the server is; null: that is not known, as the stack's state could not be read. */
  readonly place: string | null;
  /** ISO 8601 in UTC, as all moments are. */
  readonly at: string;
  /** From where on charts are drawn. */
  readonly since: string;
  /** What charts are made of; null: there is nothing to make any of. */
  readonly source: ChartSource | null;
  readonly sections: readonly ReportSection[];
  /** What was asked, with how many findings each had; null: it could not be told. */
  readonly asked: readonly { readonly command: string; readonly findings: number | null }[];
  /** The page that was written; null: none. */
  readonly file: { readonly path: string; readonly sizeBytes: number } | null;
}

/** Prometheus of the stack, or the samples in schema `pgstead`. */
export type ChartSource = "prometheus" | "samples";

export interface ReportSection {
  readonly uid: string;
  readonly title: string;
  readonly question: string;
  readonly charts: readonly ReportChart[];
  readonly tables: readonly ReportTable[];
  /** What could not be had, by name, and why. */
  readonly untold: readonly Untold[];
}

export interface Untold {
  readonly what: string;
  readonly reason: string;
  /** Empty: nothing is to be done. */
  readonly hint: string;
  /** True: as it should be, such as the lag of standbys where there are none. */
  readonly isFine: boolean;
}

/** A panel with what its queries gave: at least one line with a value. */
export interface ReportChart {
  readonly title: string;
  readonly description: string;
  readonly unit: PanelUnit;
  readonly kind: Panel["kind"];
  readonly source: ChartSource;
  readonly thresholds: ReportThresholds | null;
  /** Check of `health`, or `drift`, that judges the same figure; `{{legend}}`: the one that a line is named after. */
  readonly check: string | null;
  readonly lines: readonly ReportLine[];
}

/** Where it is worth a look; null: there is none of the two. `below`: less is worse. */
export interface ReportThresholds {
  readonly warning: number | null;
  readonly critical: number | null;
  readonly below: boolean;
}

export interface ReportLine {
  readonly name: string;
  /** The oldest first; one where the kind is not `lines`. */
  readonly points: readonly ReportPoint[];
}

export interface ReportPoint {
  /** ISO 8601 in UTC. */
  readonly at: string;
  /** In the chart's unit; null: nothing was measured then. */
  readonly value: number | null;
}

export interface ReportTable {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** What is to be known of it; empty: nothing. */
  readonly note: string;
}
