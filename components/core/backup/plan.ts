/** How many backups are kept: a backup stays while any of the three wants it. */
export interface Keep {
  /** All of this many days. */
  readonly days: number;
  /** The newest of each of this many weeks that have one. */
  readonly weekly: number;
  /** The newest of each of this many months that have one. */
  readonly monthly: number;
}

export const backupFormats = ["directory", "plain"] as const;

/** `directory`: of pg_dump, written in parallel, in zstd; `plain`: SQL in gzip. */
export type BackupFormat = (typeof backupFormats)[number];

/** What logical backups of a stack are like. */
export interface LogicalBackups {
  readonly keep: Keep;
  /** Writes the schema without rows beside it. */
  readonly schemaOnly: boolean;
  readonly format: BackupFormat;
}

/** When a schedule runs, in cron's notation, in UTC. */
export const usualBackupSchedule = "0 2 * * *";

export const usualBackups: LogicalBackups = {
  keep: { days: 30, weekly: 8, monthly: 12 },
  schemaOnly: true,
  format: "directory",
};
