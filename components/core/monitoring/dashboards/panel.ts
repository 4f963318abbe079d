/**
 * What a dashboard shows, apart from what draws it: Grafana's JSON and the page of `ops report --html` are made of the
 * same panels.
 */

/** What a number counts; a renderer has its own name for each. `percent` is 0 to 100, times are in seconds. */
export type PanelUnit =
  | "bytes"
  | "bytesPerSecond"
  | "count"
  | "percent"
  | "perSecond"
  | "seconds"
  | "timestamp"
  | "transactions"
  | "upDown";

export interface PanelQuery {
  /**
   * PromQL. `$__rate_interval` stands for a range that holds four scrapes at least, `$database` for a regular expression of
   * the databases that are looked at: `.*` is all of them.
   */
  readonly expression: string;
  /** Name of each line, with Prometheus' labels as `{{label}}`. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What it answers, and what to do when it looks bad: a sentence or two. */
  readonly description: string;
  readonly unit: PanelUnit;
  /** Lines over time, one number now, rows now, or bars of what is largest now. */
  readonly kind: "bars" | "lines" | "number" | "table";
  readonly queries: readonly PanelQuery[];
  /**
   * Where it turns yellow and red, in the panel's unit; `below` when less is worse. One of the two that there is not is
   * infinite, on the side that no value reaches.
   */
  readonly thresholds?: { readonly warning: number; readonly critical: number; readonly below?: true };
  /**
   * Check of `health`, or `drift`, that judges the same figure: what that has told, the panel need not tell again.
   * `{{legend}}`: each line is a check, and has its name.
   */
  readonly check?: string;
  /** What it means that there is nothing to show, where that is as it should be: `no replication slot`. */
  readonly nothing?: string;
}

export interface Dashboard {
  /** Part of Grafana's address: stays when the title changes. */
  readonly uid: string;
  readonly title: string;
  /** The one question that it answers. */
  readonly question: string;
  readonly panels: readonly Panel[];
}
