/** A database whose tables are measured, through the exporter, and by its own role. */
export interface MeasuredDatabase {
  readonly database: string;
  readonly role: string;
}

/** Host and port of the server, as other containers call it. */
const server = "server:5432";

/** Where the exporter logs in: `server:5432/shop`. */
export function exporterTarget(database: string): string {
  return `${server}/${encodeURIComponent(database)}`;
}

/**
 * What the exporter measures by itself is the server, and the tables of one database. Those of the others it is asked for
 * (`/probe`), once a minute, as each answer is a login and all that it can measure; of that the tables stay.
 *
 * @param databases without the one that the exporter is in
 */
export function tableScrapes(databases: readonly MeasuredDatabase[]) {
  if (databases.length === 0) return [];
  return [
    {
      job_name: "postgres-tables",
      metrics_path: "/probe",
      scrape_interval: "60s",
      scrape_timeout: "10s",
      static_configs: databases.map(({ database }) => ({
        targets: [exporterTarget(database)],
        labels: { __param_auth_module: database },
      })),
      relabel_configs: [
        { source_labels: ["__address__"], target_label: "__param_target" },
        { source_labels: ["__address__"], target_label: "instance" },
        { target_label: "__address__", replacement: "exporter:9187" },
      ],
      // All else is the server's, which is measured already.
      metric_relabel_configs: [
        { source_labels: ["__name__"], regex: "pg_statio?_user_tables_.*", action: "keep" },
      ],
    },
  ];
}

/** How the exporter logs in to the other databases: its configuration (`--config.file`), which holds their passwords. */
export function renderExporterLogins(
  databases: readonly MeasuredDatabase[],
  passwords: Readonly<Record<string, string>>,
  options: Readonly<Record<string, string>>,
): string {
  const modules = databases.map(({ database, role }) => [
    database,
    { type: "userpass", userpass: { username: role, password: passwords[role] ?? "" }, options },
  ]);
  // JSON is YAML as well.
  return `${JSON.stringify({ auth_modules: Object.fromEntries(modules) as unknown }, null, 2)}\n`;
}

/**
 * Collectors of node_exporter that tell of the host from inside of a container that sees no more of it than any other:
 * the kernel has one /proc/stat, /proc/meminfo and /proc/diskstats for all of them.
 */
export const nodeCollectors = ["cpu", "diskstats", "filesystem", "loadavg", "meminfo", "stat", "vmstat"];
