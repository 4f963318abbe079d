/** Where the container has the files that are its own. */
export const opsFilesPath = "/etc/pgstead/ops";

/** Where the container has its context. */
export const opsContextPath = `${opsFilesPath}/context.json`;

/** Where the container has the logical backups. */
export const logicalBackupsPath = "/var/lib/pgbackrest/pgstead/logical";

/** Where the ops container has backups of copies for as long as it restores them: on the volume that has room. */
export const containerFetchPath = "/var/lib/pgbackrest/pgstead/fetched";

/** Absolute paths in the container. */
export interface OpsFiles {
  readonly serverCertificate: string;
  /** Secret. */
  readonly serverKey: string;
  readonly authorityCertificate: string;
  /** Secret. */
  readonly authorityKey: string;
  /** What opens the details of `/health`; secret. */
  readonly healthToken: string;
  /** Of PostgreSQL; it also tells which log file is being written (`current_logfiles`). */
  readonly dataDirectory: string;
  readonly logDirectory: string;
  /** Volume of the backups. */
  readonly repository: string;
  /** Of logical backups, on that volume. */
  readonly logicalBackups: string;
  /**
   * What the scheduler remembers over a restart: when each job last ran and last succeeded.
   *
   * On the volume of the backups: it has to be writable when a flood of log lines has filled that of the logs, and it
   * goes with the backups that later jobs make, wherever their volume is taken.
   */
  readonly jobState: string;
}

/** How the live server is compared with what is declared. */
export interface OpsDrift {
  /** File of all that is declared (`DeclaredAccess`); options of pg_hba.conf in it may be secret. */
  readonly declaration: string;
  /** File of what the last comparison found. */
  readonly found: string;
}

/** The places that the image has. */
export const containerFiles: OpsFiles = {
  serverCertificate: "/etc/pgstead/server/server.crt",
  serverKey: "/etc/pgstead/server/server.key",
  authorityCertificate: "/etc/pgstead/server/ca.crt",
  authorityKey: "/etc/pgstead/ops/ca.key",
  healthToken: `${opsFilesPath}/health.token`,
  dataDirectory: "/var/lib/postgresql/data/current",
  logDirectory: "/var/log/postgresql",
  repository: "/var/lib/pgbackrest",
  logicalBackups: logicalBackupsPath,
  jobState: "/var/lib/pgbackrest/pgstead/jobs.json",
};

export const driftFiles: OpsDrift = {
  declaration: `${opsFilesPath}/declared.json`,
  found: "/var/lib/pgbackrest/pgstead/drift.json",
};
