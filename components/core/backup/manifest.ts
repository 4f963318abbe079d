import { OtherFormatError, problemError } from "../problem";
import type { AlembicHead } from "./alembic-head";
import type { BackupKind } from "./name";
import type { BackupFormat } from "./plan";

/** Raised when a field changes its meaning or goes; new fields may come without. */
export const manifestFormat = 1;

/** What a backup is: written once its content was checked. It holds nothing secret. */
export interface BackupManifest {
  /** The backup's own name. */
  readonly name: string;
  readonly kind: BackupKind;
  readonly database: string;
  readonly dumpFormat: BackupFormat;
  /** Version of pgstead that took it. */
  readonly version: string;
  readonly stack: string;
  /** ISO 8601, in UTC. */
  readonly startedAt: string;
  readonly endedAt: string;
  readonly snapshot: SnapshotFacts;
  readonly tools: { readonly version: string };
  /** False: the role could not read verifiers, so that no role of the globals has a password. */
  readonly passwords: boolean;
  /** What the client programs said beside their work. */
  readonly warnings: readonly string[];
  readonly files: readonly BackupFile[];
}

/** What the server was when the backup's one snapshot was taken. */
export interface SnapshotFacts {
  /** ISO 8601, in UTC. */
  readonly takenAt: string;
  /** As the server tells it: `17.10`. */
  readonly serverVersion: string;
  /** Absent where the login may not read it. */
  readonly systemIdentifier: string | null;
  /** Place in the write-ahead log. */
  readonly lsn: string | null;
  /** Who took it. */
  readonly role: string;
  readonly encoding: string;
  readonly locale: {
    readonly provider: string;
    readonly collate: string;
    readonly ctype: string;
    readonly name: string | null;
  };
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
  /** Absent where pgstead keeps no history there. */
  readonly migrationHead: { readonly version: string; readonly name: string } | null;
  /** Of each version table of Alembic; absent in backups of older versions, which did not look. */
  readonly alembic?: readonly AlembicHead[];
  readonly roles: readonly {
    readonly name: string;
    /** Null where the login may not know. */
    readonly hasPassword: boolean | null;
  }[];
  readonly tables: readonly BackedUpTable[];
}

export interface BackedUpTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `f` and `p` hold no rows of their own. */
  readonly kind: "r" | "p" | "f";
  /** Exact, and as text, as it may be greater than a number; null where there are none to count. */
  readonly rows: string | null;
}

export interface BackupFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** SHA-256 of a text in UTF-8, in hexadecimal. */
export type Sha256 = (text: string) => string;

/** The manifest's text, which protects itself: one byte that differs shows. */
export function renderManifest(manifest: BackupManifest, sha256: Sha256): string {
  const sum = sha256(JSON.stringify(manifest));
  return `${JSON.stringify({ format: manifestFormat, sha256: sum, manifest }, null, 2)}\n`;
}

/**
 * Reads a manifest's text.
 *
 * @param name of the backup, for the error, and which it has to be of
 * @throws ProblemError where it is of another version of pgstead, damaged, or another backup's
 */
export function parseManifest(text: string, name: string, sha256: Sha256): BackupManifest {
  const found = parseJson(text);
  if (found?.format !== undefined && found.format !== manifestFormat && typeof found.format === "number") {
    const message = `its manifest is in format ${found.format}; this pgstead reads format ${manifestFormat}`;
    const hint = "use the version of pgstead that took it, or a newer one";
    throw new OtherFormatError(name, [{ path: "", message, hint }]);
  }
  const manifest = found?.manifest as BackupManifest | undefined;
  if (found === undefined || manifest === undefined || renderManifest(manifest, sha256) !== text) {
    throw problemError(
      name,
      "its manifest is damaged: it does not have the checksum that it was written with",
      "take this backup for lost; is the disk sound?",
    );
  }
  if (manifest.name !== name) {
    throw problemError(
      name,
      `its manifest is that of ${manifest.name}`,
      "give the directory its own name back",
    );
  }
  return manifest;
}

function parseJson(text: string): { readonly format?: unknown; readonly manifest?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** All files together, in bytes. */
export function backupBytes({ files }: Pick<BackupManifest, "files">): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
