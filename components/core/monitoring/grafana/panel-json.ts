import type { Panel, PanelQuery, PanelUnit } from "../dashboards/panel";

/** Whichever Prometheus the dashboard's variable names. */
export const datasource = { type: "prometheus", uid: "${datasource}" } as const;

/** Names of Grafana's units (its catalogue "@grafana/data" valueFormats); bytes by 1024, as PostgreSQL counts them. */
export const grafanaUnits: Readonly<Record<PanelUnit, string>> = {
  bytes: "bytes",
  bytesPerSecond: "binBps",
  count: "short",
  percent: "percent",
  perSecond: "cps",
  seconds: "s",
  timestamp: "dateTimeAsIso",
  transactions: "short",
  upDown: "none",
};

const types = { bars: "bargauge", lines: "timeseries", number: "stat", table: "table" } as const;

/** A panel as Grafana's JSON, without its place. */
export function renderPanel(panel: Panel): Readonly<Record<string, unknown>> {
  const { title, description, kind, unit, queries } = panel;
  return {
    type: types[kind],
    title,
    description,
    datasource,
    targets: queries.map((query, index) => renderQuery(query, index, panel)),
    fieldConfig: { defaults: renderDefaults(panel), overrides: [] },
    options: options[kind],
    // A table has a column for each label; its time is that of the look, and the same in all rows.
    ...(kind === "table" ? { transformations: [renderColumns(title, unit)] } : {}),
  };
}

function renderQuery({ expression, legend }: PanelQuery, index: number, { kind, unit }: Panel) {
  const flat = expression.replace(/\s+/g, " ");
  const isNow = kind !== "lines";
  return {
    refId: String.fromCharCode("A".charCodeAt(0) + index),
    datasource,
    editorMode: "code",
    // Grafana counts milliseconds, Prometheus seconds.
    expr: unit === "timestamp" ? `1000 * (${flat})` : flat,
    legendFormat: legend,
    range: !isNow,
    instant: isNow,
    format: kind === "table" ? "table" : "time_series",
  };
}

function renderDefaults({ kind, unit, thresholds, nothing }: Panel) {
  const isColored = kind !== "lines";
  return {
    unit: grafanaUnits[unit],
    ...(unit === "percent" ? { min: 0, max: 100 } : {}),
    ...(unit === "upDown" ? { mappings: [upDown] } : {}),
    ...(nothing === undefined ? {} : { noValue: nothing }),
    color: { mode: isColored ? "thresholds" : "palette-classic" },
    thresholds: { mode: "absolute", steps: renderSteps(thresholds) },
    custom: custom[kind],
  };
}

const upDown = {
  type: "value",
  options: { "0": { text: "no", color: "red", index: 0 }, "1": { text: "yes", color: "green", index: 1 } },
};

interface Step {
  readonly color: string;
  /** From here on; null: from the beginning. */
  readonly value: number | null;
}

/** Colours from the lowest value to the highest; a limit that no value reaches has none. */
export function renderSteps(thresholds: Panel["thresholds"]): readonly Step[] {
  if (thresholds === undefined) return [{ color: "green", value: null }];
  const { warning, critical, below = false } = thresholds;
  const [isWarned, isCritical] = [Number.isFinite(warning), Number.isFinite(critical)];
  if (!below) {
    return [
      { color: "green", value: null },
      ...(isWarned && warning !== critical ? [{ color: "yellow", value: warning }] : []),
      ...(isCritical ? [{ color: "red", value: critical }] : []),
    ];
  }
  return [
    { color: isCritical ? "red" : "yellow", value: null },
    ...(isCritical && isWarned && critical !== warning ? [{ color: "yellow", value: critical }] : []),
    { color: "green", value: isWarned ? warning : critical },
  ];
}

function renderColumns(title: string, unit: PanelUnit) {
  return {
    id: "organize",
    options: {
      excludeByName: { Time: true },
      renameByName: { Value: unit === "upDown" ? "State" : title },
    },
  };
}

const reduceOptions = { calcs: ["lastNotNull"], fields: "", values: false };

const options = {
  lines: {
    legend: { showLegend: true, displayMode: "list", placement: "bottom", calcs: [] },
    tooltip: { mode: "multi", sort: "desc" },
  },
  number: {
    reduceOptions,
    colorMode: "background",
    graphMode: "none",
    justifyMode: "auto",
    textMode: "value",
    orientation: "auto",
    wideLayout: true,
  },
  bars: {
    reduceOptions,
    displayMode: "basic",
    orientation: "horizontal",
    showUnfilled: true,
    valueMode: "color",
  },
  table: { showHeader: true, cellHeight: "sm" },
} as const;

const custom = {
  lines: {
    drawStyle: "line",
    lineWidth: 1,
    fillOpacity: 10,
    showPoints: "never",
    // A scrape that is missing is to be seen.
    spanNulls: false,
    thresholdsStyle: { mode: "dashed" },
  },
  number: {},
  bars: {},
  table: { align: "auto", cellOptions: { type: "color-text" } },
} as const;
