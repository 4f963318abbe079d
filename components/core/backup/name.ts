import type { BackupFormat } from "./plan";

/** What is in a backup. Others, such as `physical`, come with their own word. */
export const backupKinds = ["full"] as const;

export type BackupKind = (typeof backupKinds)[number];

/** What the name of a backup says. */
export interface BackupName {
  readonly database: string;
  readonly kind: BackupKind;
  /** When it was begun, in milliseconds; names have whole seconds. */
  readonly takenAt: number;
}

/** A backup that is being written; only a run that was killed leaves one. */
export const partialEnding = ".partial";

/** A backup that is being removed. */
export const removedEnding = ".removed";

/** The name of a backup's directory: `shop_full_20261121_020000`, in UTC. */
export function renderBackupName({ database, kind, takenAt }: BackupName): string {
  return `${plainDatabase(database)}_${kind}_${renderMoment(takenAt)}`;
}

/** What a name says; undefined: it is no backup's. */
export function parseBackupName(text: string): BackupName | undefined {
  const [, written = "", kind, date = "", time = ""] = /^(.+)_([a-z]+)_(\d{8})_(\d{6})$/.exec(text) ?? [];
  const found = backupKinds.find((known) => known === kind);
  const database = decode(written);
  const takenAt = Date.parse(
    `${date.replace(/(....)(..)(..)/, "$1-$2-$3")}T${time.replace(/(..)(..)(..)/, "$1:$2:$3")}Z`,
  );
  if (found === undefined || database === undefined || Number.isNaN(takenAt)) return undefined;
  const name = { database, kind: found, takenAt };
  return renderBackupName(name) === text ? name : undefined;
}

/** The name of a new backup: two that begin in the same second have different ones. */
export function newBackupName(database: string, now: number, taken: readonly string[]): string {
  for (let takenAt = now; ; takenAt += 1_000) {
    const name = renderBackupName({ database, kind: "full", takenAt });
    if (
      !taken.some((other) => [name, `${name}${partialEnding}`, `${name}${removedEnding}`].includes(other))
    ) {
      return name;
    }
  }
}

/** Files of a backup, by what they hold. */
export interface BackupFiles {
  /** The dump: a file, or a directory of pg_dump's own. */
  readonly dump: string;
  readonly globals: string;
  readonly schema: string;
}

/** Beside the files of every backup; it lists all others. */
export const manifestFile = "manifest.json";

/**
 * What the files are called. The plain ones have names that can leave the directory and still say what they are, as
 * scripts expect them.
 */
export function backupFiles(format: BackupFormat, { database, takenAt }: BackupName): BackupFiles {
  if (format === "directory") return { dump: "dump", globals: "globals.sql", schema: "schema.sql" };
  const file = (what: string): string => `${plainDatabase(database)}_${what}_${renderMoment(takenAt)}.sql.gz`;
  return { dump: file("full"), globals: file("globals"), schema: file("schema") };
}

/** Beside a plain file: its checksum as `sha256sum --check` reads it. */
export const checksumFile = (file: string): string => `${file}.sha256`;

/** Beside a plain dump: what it is, a line each. */
export const metaFile = (dump: string): string => dump.replace(/\.sql\.gz$/, ".meta");

/** What every file system takes; `%` never comes without its two digits. */
function plainDatabase(database: string): string {
  return [...new TextEncoder().encode(database)]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[A-Za-z0-9_-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // somebody else's file
  }
}

/** `20261121_020000`, in UTC. */
export function renderMoment(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/[-:]/g, "")
    .replace("T", "_");
}
