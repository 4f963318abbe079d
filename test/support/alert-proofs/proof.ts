/** Series as PromQL writes them, and their samples as promtool does. */
export type Samples = Readonly<Record<string, string>>;

/** Samples, and what is to be there after a time. */
export interface Moment {
  readonly given: Samples;
  /** As Prometheus writes a time. */
  readonly at: string;
  /** Summaries by the alert's labels, without name and severity; none: it is silent. */
  readonly told?: Samples;
}

/** When an alert comes, and when it does not: the nearest thing that is no fault. */
export interface AlertProof {
  readonly severity: "critical" | "warning" | "info" | "watchdog";
  readonly fires: Moment;
  readonly quiet: Moment;
  /** More of either. */
  readonly also?: readonly Moment[];
  /** Time between two samples and two looks. @default - 1m */
  readonly step?: "1h";
}

export type AlertProofs = Readonly<Record<string, AlertProof>>;

/** Labels of what the containers of a stack are scraped for. */
export const exporter = 'instance="exporter:9187", job="postgres"';
export const ops = 'instance="ops:9188", job="ops"';
export const node = 'instance="node:9100", job="node"';
