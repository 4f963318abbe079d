import { hostPrefix, markerLines } from "./marker";

/** What the exporter of a host is told. */
export interface HostExporterPlan {
  /** `<project>/<stack>` */
  readonly stack: string;
  /** Where it listens: `127.0.0.1:9187`. */
  readonly listen: string;
  /** The server as its host sees it. */
  readonly server: { readonly host: string; readonly port: number };
  /** Whether it encrypts: the server has a certificate, or is on another host. */
  readonly tls: boolean;
  /** A role of profile `monitor`, and where it logs in. */
  readonly role: string;
  readonly database: string;
  /** Whether statements are measured (`pg_stat_statements`). */
  readonly statements: boolean;
}

/** Debian's package of it. */
export const exporterPackage = "prometheus-postgres-exporter";

/**
 * Collectors that are off unless asked for, and that alerts count on. Left off: `process_idle` and `stat_wal_receiver`,
 * which fail where there is nothing to tell; `xlog_location`, which is for servers before 10; `statio_user_indexes`, which
 * is as many series as there are indexes.
 */
export const exporterCollectors = [
  "database_wraparound",
  "long_running_transactions",
  "postmaster",
  "stat_activity_autovacuum",
  "stat_checkpointer",
] as const;

/** Collectors with that of statements where they are measured. */
export function collectorsOf({ statements }: { readonly statements: boolean }): readonly string[] {
  return [...exporterCollectors, ...(statements ? ["stat_statements"] : [])];
}

/** Where it has what: the package's own unit stays as it is, for whoever has use for it. */
export function exporterPlaces(stack: string) {
  const name = hostPrefix(stack);
  const directory = `/etc/pgstead/${name.replace(/^pgstead-/, "")}`;
  const unit = `${name}-exporter.service`;
  return {
    unit,
    unitFile: `/etc/systemd/system/${unit}`,
    directory,
    environment: `${directory}/exporter.env`,
  };
}

/**
 * The unit. Which collectors there are depends on the package's version: one that it does not know would end it.
 */
export function renderExporterUnit(plan: HostExporterPlan): string {
  const { stack, listen } = plan;
  const { environment } = exporterPlaces(stack);
  // A dollar sign of the shell's is two of them to systemd.
  const choose = [
    `known=$$(${exporterPackage} --help 2>&1)`,
    `set -- --web.listen-address=${listen}`,
    `for one in ${collectorsOf(plan).join(" ")}; do case "$$known" in *"collector.$$one"*) set -- "$$@" "--collector.$$one" ;; esac; done`,
    `exec ${exporterPackage} "$$@"`,
  ].join("; ");
  return `${markerLines(stack)}[Unit]
Description=Metrics of PostgreSQL for Prometheus (pgstead ${stack})
After=network.target postgresql.service

[Service]
User=prometheus
EnvironmentFile=${environment}
ExecStart=/bin/sh -c '${choose}'
Restart=always
RestartSec=5
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
`;
}

/** How it logs in; the password is a secret. */
export function renderExporterEnvironment(
  { stack, server, tls, role, database }: HostExporterPlan,
  password: string,
): string {
  const host = server.host.includes(":") ? `[${server.host}]` : server.host;
  const parameters = new URLSearchParams({
    sslmode: tls ? "require" : "disable",
    application_name: "postgres_exporter",
  });
  const uri = `${host}:${server.port}/${encodeURIComponent(database)}?${parameters.toString()}`;
  const lines = { DATA_SOURCE_URI: uri, DATA_SOURCE_USER: role, DATA_SOURCE_PASS: password };
  const text = Object.entries(lines).map(([name, value]) => `${name}=${quoteForUnit(value)}\n`);
  return `${markerLines(stack)}${text.join("")}`;
}

/** As systemd reads a value of an EnvironmentFile (systemd.exec(5)). */
function quoteForUnit(value: string): string {
  return `"${value.replaceAll(/["\\`$]/g, (one) => `\\${one}`)}"`;
}

/** Has systemd know and run the unit: again whenever one of its files was written. */
export function activateScript(unit: string, revision: string): string {
  return `set -eu
# files of ${revision}
systemctl daemon-reload
systemctl enable --quiet ${unit}
systemctl restart ${unit}
systemctl is-active --quiet ${unit}
`;
}

/** Ends it and has systemd forget it; its file is still there. */
export function deactivateScript(unit: string): string {
  return `set -eu
if [ ! -d /run/systemd/system ]; then exit 0; fi
if systemctl cat ${unit} >/dev/null 2>&1; then systemctl disable --now --quiet ${unit}; else systemctl stop ${unit} 2>/dev/null || :; fi
systemctl daemon-reload
`;
}
