import { resolveDashboards } from "../dashboards";
import { renderFile } from "../file";
import type { Thresholds } from "../thresholds";
import { renderDashboard } from "./dashboard-json";

/** Where Grafana's image looks for what it is given. */
export const grafanaPlaces = {
  datasources: "/etc/grafana/provisioning/datasources",
  dashboards: "/etc/grafana/provisioning/dashboards",
  data: "/var/lib/grafana",
} as const;

/** File of the administrator's password, beside the data source: Grafana reads no more of that directory than YAML. */
export const adminPasswordFile = "admin.password";

/**
 * The stack's Prometheus as Grafana's data source (datasource.yaml).
 *
 * @param scrapeInterval seconds; `$__rate_interval` is four of them
 */
export function renderDatasource(scrapeInterval: number): string {
  return renderFile({
    apiVersion: 1,
    datasources: [
      {
        name: "Prometheus",
        type: "prometheus",
        uid: "pgstead-prometheus",
        access: "proxy",
        url: "http://prometheus:9090",
        isDefault: true,
        editable: false,
        jsonData: { httpMethod: "POST", timeInterval: `${scrapeInterval}s` },
      },
    ],
  });
}

/** From where Grafana takes its dashboards (dashboards.yaml): what is edited in it is saved as another one. */
export function renderDashboardProvider(): string {
  return renderFile({
    apiVersion: 1,
    providers: [
      {
        name: "pgstead",
        orgId: 1,
        type: "file",
        folder: "pgstead",
        folderUid: "pgstead",
        disableDeletion: true,
        allowUiUpdates: false,
        updateIntervalSeconds: 30,
        options: { path: grafanaPlaces.dashboards },
      },
    ],
  });
}

/** All dashboards as files, by their names. */
export function renderDashboardFiles(thresholds: Thresholds): Readonly<Record<string, string>> {
  return Object.fromEntries(
    resolveDashboards(thresholds).map((dashboard) => [
      `${dashboard.uid}.json`,
      renderFile(renderDashboard(dashboard)),
    ]),
  );
}

/**
 * Settings of Grafana as its environment has them (`GF_<section>_<key>`): nobody is let in without a login, and nothing is
 * asked of anybody outside: no update, no plugin, no picture, no news.
 */
export function grafanaEnvironment(): readonly string[] {
  return [
    `GF_SECURITY_ADMIN_PASSWORD__FILE=${grafanaPlaces.datasources}/${adminPasswordFile}`,
    "GF_SECURITY_DISABLE_GRAVATAR=true",
    "GF_AUTH_ANONYMOUS_ENABLED=false",
    "GF_USERS_ALLOW_SIGN_UP=false",
    "GF_USERS_ALLOW_ORG_CREATE=false",
    "GF_ANALYTICS_REPORTING_ENABLED=false",
    "GF_ANALYTICS_CHECK_FOR_UPDATES=false",
    "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES=false",
    "GF_ANALYTICS_FEEDBACK_LINKS_ENABLED=false",
    "GF_NEWS_NEWS_FEED_ENABLED=false",
    "GF_SNAPSHOTS_EXTERNAL_ENABLED=false",
    "GF_PLUGINS_PREINSTALL_DISABLED=true",
    "GF_PLUGINS_PLUGIN_ADMIN_ENABLED=false",
    "GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED=true",
    `GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH=${grafanaPlaces.dashboards}/pgstead-overview.json`,
    "GF_LOG_MODE=console",
  ];
}
