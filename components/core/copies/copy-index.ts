import type { BackupFile, BackupManifest, Sha256 } from "../backup/manifest";
import { manifestFile } from "../backup/name";
import { OtherFormatError, problemError } from "../problem";

/** Raised when a field changes its meaning or goes; new fields may come without. */
const indexFormat = 1;

/** Lists the files of a copy as they are stored; it comes last, so that a copy without it is a half one. */
export const copyIndexFile = "copy.json";

/** What a copy consists of: whoever has no key can verify it by this. It holds nothing secret. */
export interface CopyIndex {
  /** Of the backup. */
  readonly name: string;
  readonly stack: string;
  /** Version of pgstead that sent it. */
  readonly version: string;
  /** ISO 8601, in UTC. */
  readonly sentAt: string;
  readonly encryption: "age" | "none";
  /** As they are stored: the backup's manifest first, then its files in the manifest's order. */
  readonly files: readonly BackupFile[];
}

/** The index's text, which protects itself: one byte that differs shows. */
export function renderCopyIndex(index: CopyIndex, sha256: Sha256): string {
  const sum = sha256(JSON.stringify(index));
  return `${JSON.stringify({ format: indexFormat, sha256: sum, copy: index }, null, 2)}\n`;
}

/** @throws ProblemError where it is damaged, of another version, or of another backup */
export function parseCopyIndex(text: string, name: string, sha256: Sha256): CopyIndex {
  const hint = "take this copy for lost: the next run sends it again while the backup is there";
  const found = parseJson(text);
  if (typeof found?.format === "number" && found.format !== indexFormat) {
    const message = `its ${copyIndexFile} is in format ${found.format}; this pgstead reads format ${indexFormat}`;
    const newer = "use the version of pgstead that sent it, or a newer one";
    throw new OtherFormatError(name, [{ path: "", message, hint: newer }]);
  }
  const index = found?.copy;
  if (index === undefined || renderCopyIndex(index, sha256) !== text)
    throw problemError(name, `its ${copyIndexFile} is damaged`, hint);
  if (index.name !== name) throw problemError(name, `its ${copyIndexFile} is that of ${index.name}`, hint);
  return index;
}

function parseJson(text: string): { readonly format?: unknown; readonly copy?: CopyIndex } | null {
  try {
    return JSON.parse(text) as ReturnType<typeof parseJson>;
  } catch {
    return null; // what is cut off has no better reason than that it is damaged
  }
}

/** A file of a backup, and what it is called in a copy. */
export interface CopiedFile {
  readonly source: string;
  readonly stored: string;
}

/**
 * The files of a backup with their names in a copy. Encrypted ones are numbered, as names tell of tables and large
 * objects; 0 is the manifest, which says what the others are.
 */
export function copiedFiles(
  { files }: Pick<BackupManifest, "files">,
  encryption: CopyIndex["encryption"],
): CopiedFile[] {
  return [manifestFile, ...files.map(({ path }) => path)].map((source, at) => ({
    source,
    stored: encryption === "none" ? source : `${String(at).padStart(6, "0")}.age`,
  }));
}

/** All of a copy, in bytes. */
export function copyBytes({ files }: Pick<CopyIndex, "files">): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** True for a relative path that stays where it begins: what comes from elsewhere may name any. */
export function staysInside(path: string): boolean {
  return (
    path.split("/").every((step) => step !== "" && step !== "." && step !== "..") && !/[\\\0]/.test(path)
  );
}
