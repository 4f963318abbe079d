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

/** Logical backups with when they are taken, in cron's notation, in UTC. */
export interface ScheduledBackups extends LogicalBackups {
  readonly schedule: string;
}

/** True for a path that means the same from everywhere, and is not the root. */
export function isAbsolutePath(path: string): boolean {
  return /^\/+[^/]/.test(path) && !path.includes("\0");
}

/** Every night. */
export const usualBackupSchedule = "0 2 * * *";

export const usualBackups: LogicalBackups = {
  keep: { days: 30, weekly: 8, monthly: 12 },
  schemaOnly: true,
  format: "directory",
};
