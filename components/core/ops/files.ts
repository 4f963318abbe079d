/** Where the container has the files that are its own. */
export const opsFilesPath = "/etc/pgstead/ops";

/** Where the container has its context. */
export const opsContextPath = `${opsFilesPath}/context.json`;

/** Where the container has the logical backups. */
export const logicalBackupsPath = "/var/lib/pgbackrest/pgstead/logical";

/** Where the ops container has what passes: on the volume that has room. */
const containerWorkPath = "/var/lib/pgbackrest/pgstead";

/** Where it has backups of copies for as long as it restores them. */
export const containerFetchPath = `${containerWorkPath}/fetched`;

/** Absolute paths in the container, or on the host. */
export interface OpsFiles {
  /** Of PostgreSQL; it also tells which log file is being written (`current_logfiles`). */
  readonly dataDirectory: string;
  /** Of logical backups. */
  readonly logicalBackups: string;
  /** What passes lies below it: servers of drills, and backups that are brought from copies. */
  readonly work: string;
  /** Directory with one for each job, where timers of a host run them; absent: in a container. */
  readonly jobs?: string | undefined;
}

/** What a container alone has. */
export interface ContainerFiles {
  readonly serverCertificate: string;
  /** Secret. */
  readonly serverKey: string;
  readonly authorityCertificate: string;
  /** Secret. */
  readonly authorityKey: string;
  /** What opens the details of `/health`; secret. */
  readonly healthToken: string;
  readonly logDirectory: string;
  /** Volume of the backups. */
  readonly repository: string;
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
export const containerFiles: OpsFiles & ContainerFiles = {
  serverCertificate: "/etc/pgstead/server/server.crt",
  serverKey: "/etc/pgstead/server/server.key",
  authorityCertificate: "/etc/pgstead/server/ca.crt",
  authorityKey: "/etc/pgstead/ops/ca.key",
  healthToken: `${opsFilesPath}/health.token`,
  dataDirectory: "/var/lib/postgresql/data/current",
  logDirectory: "/var/log/postgresql",
  repository: "/var/lib/pgbackrest",
  logicalBackups: logicalBackupsPath,
  work: containerWorkPath,
  jobState: "/var/lib/pgbackrest/pgstead/jobs.json",
};

export const driftFiles: OpsDrift = {
  declaration: `${opsFilesPath}/declared.json`,
  found: "/var/lib/pgbackrest/pgstead/drift.json",
};
