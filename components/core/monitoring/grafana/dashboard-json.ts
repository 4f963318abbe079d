import type { Dashboard } from "../dashboards/panel";
import { placePanels } from "./layout";
import { datasource, renderPanel } from "./panel-json";

/** Tag of all of them, by which each links to the others. */
const tag = "pgstead";

/**
 * Of Grafana's "classic" model of a dashboard, which 11 and 12 write themselves and later ones import: Grafana brings an
 * older version up to its own, and refuses none.
 */
const schemaVersion = 41;

/**
 * A dashboard as Grafana's JSON. The data source is a variable: the same file is provisioned, and imported where there is
 * a Grafana already.
 */
export function renderDashboard(dashboard: Dashboard): Readonly<Record<string, unknown>> {
  const { uid, title, question, panels } = dashboard;
  const asksDatabase = panels.some(({ queries }) =>
    queries.some(({ expression }) => expression.includes("$database")),
  );
  return {
    uid,
    title,
    description: question,
    tags: [tag],
    schemaVersion,
    editable: true,
    // One line at one time in all panels.
    graphTooltip: 1,
    refresh: "1m",
    time: { from: "now-3h", to: "now" },
    timezone: "browser",
    templating: { list: [datasourceVariable, ...(asksDatabase ? [databaseVariable] : [])] },
    annotations: { list: [] },
    links: [dashboardLinks],
    panels: placePanels(panels).map(({ panel, gridPos }, index) => ({
      id: index + 1,
      gridPos,
      ...renderPanel(panel),
    })),
  };
}

const datasourceVariable = {
  type: "datasource",
  name: "datasource",
  label: "Prometheus",
  query: "prometheus",
  refresh: 1,
  hide: 0,
};

const databaseVariable = {
  type: "query",
  name: "database",
  label: "Database",
  datasource,
  query: {
    query: 'label_values(pg_database_size_bytes{datname!~"template[01]"}, datname)',
    refId: "PrometheusVariableQueryEditor-VariableQuery",
  },
  definition: 'label_values(pg_database_size_bytes{datname!~"template[01]"}, datname)',
  multi: true,
  includeAll: true,
  // What is of no single database, such as a drill of physical backups, is among all of them.
  allValue: ".*",
  current: { selected: true, text: ["All"], value: ["$__all"] },
  refresh: 2,
  sort: 1,
  hide: 0,
};

const dashboardLinks = {
  type: "dashboards",
  title: "pgstead",
  tags: [tag],
  asDropdown: true,
  includeVars: true,
  keepTime: true,
  targetBlank: false,
  icon: "external link",
  tooltip: "",
  url: "",
};
