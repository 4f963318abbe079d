import { problemError, ProblemError } from "../problem";
import type { RepositoryNumber } from "./configuration";
import { storageFailure } from "./storage-failure";
import { visible } from "../visible";

/** What a physical backup copied: everything, what changed since the last full one, or since the last one at all. */
export type PhysicalKind = "full" | "differential" | "incremental";

/** A physical backup, as its repository tells of it. */
export interface PhysicalBackup {
  /** Its name in the repository. */
  readonly label: string;
  readonly kind: PhysicalKind;
  /** Number of the repository that it is in. */
  readonly repository: number;
  /** Milliseconds since 1970; no moment before its end can be restored from it. */
  readonly startedAt: number;
  readonly stoppedAt: number;
  /** Number of the line of the log that it was taken on; undefined: the program does not tell, and it is the first. */
  readonly timeline?: number;
  /** Where in the log it begins and ends: `0/2000028`; undefined: the program does not tell. */
  readonly startLsn?: string;
  readonly stopLsn?: string;
  /** Bytes of the server's files. */
  readonly size: number;
  /** Bytes that it added to the repository. */
  readonly stored: number;
  /** Backups that it needs, besides itself. */
  readonly needs: readonly string[];
  /** Why it is not to be counted on, such as pages that did not match their checksums; undefined: it is good. */
  readonly fault?: string;
}

/** What a repository holds. */
export type PhysicalRepository =
  | { readonly kind: "absent" }
  | {
      readonly kind: "there";
      /** Of the server that it was made for. */
      readonly systemIdentifier: string;
      /** The oldest first. */
      readonly backups: readonly PhysicalBackup[];
      /** Name of the directory of the server's log in it; undefined: none has arrived. */
      readonly archive?: string;
      /** Newest file of the log that has arrived; undefined: none has. */
      readonly newestWal?: string;
      /** True while somebody takes a backup, or deletes one. */
      readonly isBusy: boolean;
    };

/** The service that a repository is at does not do its part: the same may well succeed later. */
export class RepositoryUnreachableError extends ProblemError {}

/**
 * Reads what `pgbackrest info --output=json` prints. The program ends with 0 whatever it found, so a repository that
 * could not be read, and a backup with broken pages, are known from here alone.
 *
 * Fields that other versions do not have are left out, or have the value that they mean by that.
 *
 * @param number of the repository that was asked for alone
 * @throws RepositoryUnreachableError its service does not do its part
 * @throws ProblemError the repository cannot be read, or the text is of another form
 */
export function parseInfo(text: string, number: RepositoryNumber = 1): PhysicalRepository {
  const stanza = parseStanza(text);
  const status = fieldsOf(stanza.status);
  const code = numberOf(status.code) ?? -1;
  if (code === absent.path || code === absent.data) return { kind: "absent" };
  if (code !== 0 && code !== noBackups) {
    throw unreadable(textOf(repositoryMessage(stanza) ?? status.message), number);
  }
  const database = listOf(stanza.db).at(-1);
  const systemIdentifier = textOf(database?.["system-id"]);
  if (systemIdentifier === "") throw otherForm("it names no server");
  const listed = listOf(stanza.backup).map(readBackup);
  const archive = listOf(stanza.archive).at(-1);
  const newestWal = textOf(archive?.max);
  const held = fieldsOf(fieldsOf(status.lock).backup).held === true;
  return {
    kind: "there",
    systemIdentifier,
    backups: withFaults(listed).toSorted((one, other) => one.stoppedAt - other.stoppedAt),
    ...(newestWal === "" ? {} : { newestWal, archive: textOf(archive?.id) }),
    isBusy: held,
  };
}

/** Backups that can be restored, the oldest first. */
export function goodBackups(repository: PhysicalRepository): readonly PhysicalBackup[] {
  return repository.kind === "absent" ? [] : repository.backups.filter(({ fault }) => fault === undefined);
}

const absent = { path: 1, data: 3 } as const;
const noBackups = 2;
const kinds: Readonly<Record<string, PhysicalKind>> = {
  full: "full",
  diff: "differential",
  incr: "incremental",
};

type Fields = Readonly<Record<string, unknown>>;

function parseStanza(text: string): Fields {
  try {
    // A system identifier has 63 bits, and a number of JSON 53.
    const value: unknown = JSON.parse(text.replace(/("system-id"\s*:\s*)(\d+)/g, '$1"$2"'));
    const [stanza, ...others] = listOf(value);
    if (stanza !== undefined && others.length === 0) return stanza;
  } catch {
    // Told as every other text that is not what was asked for.
  }
  throw otherForm("it is no list of one stanza");
}

function repositoryMessage(stanza: Fields): unknown {
  const failed = listOf(stanza.repo)
    .map(({ status }) => fieldsOf(status))
    .find(({ code }) => code !== 0);
  return failed?.message;
}

function readBackup(backup: Fields): PhysicalBackup {
  const { label, type, database, error } = backup;
  const [times, lsn, size] = [fieldsOf(backup.timestamp), fieldsOf(backup.lsn), fieldsOf(backup.info)];
  const kind = kinds[textOf(type)];
  const [start, stop] = [numberOf(times.start), numberOf(times.stop)];
  if (typeof label !== "string" || kind === undefined || start === undefined || stop === undefined) {
    throw otherForm("a backup in it has no label, kind, start or end that is known");
  }
  return {
    label,
    kind,
    repository: numberOf(fieldsOf(database)["repo-key"]) ?? 1,
    startedAt: start * 1_000,
    stoppedAt: stop * 1_000,
    ...timelineOf(fieldsOf(backup.archive).start),
    ...(typeof lsn.start === "string" ? { startLsn: lsn.start } : {}),
    ...(typeof lsn.stop === "string" ? { stopLsn: lsn.stop } : {}),
    size: numberOf(size.size) ?? 0,
    stored: numberOf(fieldsOf(size.repository).delta) ?? 0,
    needs: Array.isArray(backup.reference) ? backup.reference.map(textOf) : [],
    ...(error === true ? { fault: "pages in it do not match their checksums" } : {}),
  };
}

/** A file of the log is named by its line first, in eight hexadecimal digits. */
function timelineOf(file: unknown): Pick<PhysicalBackup, "timeline"> {
  const [digits] = /^[0-9A-F]{8}/.exec(textOf(file)) ?? [];
  return digits === undefined ? {} : { timeline: Number.parseInt(digits, 16) };
}

/** What is built on a backup that has a fault, or that is gone, has one as well. */
function withFaults(backups: readonly PhysicalBackup[]): PhysicalBackup[] {
  const byLabel = new Map(backups.map((backup) => [backup.label, backup]));
  return backups.map((backup) => {
    if (backup.fault !== undefined) return backup;
    const bad = backup.needs.find((label) => byLabel.get(label)?.fault !== undefined);
    const gone = backup.needs.find((label) => !byLabel.has(label));
    if (gone !== undefined) return { ...backup, fault: `it needs ${gone}, which is gone` };
    return bad === undefined ? backup : { ...backup, fault: `it needs ${bad}, which has a fault` };
  });
}

function unreadable(message: string, number: RepositoryNumber): Error {
  const title =
    number === 1 ? "the repository of physical backups" : "the second repository of physical backups";
  const failure = storageFailure(message);
  if (failure !== undefined) return new RepositoryUnreachableError(title, [{ path: "", ...failure }]);
  // The first line: after it may come what was read of an encrypted file.
  const [line = ""] = message.split("\n");
  return problemError(
    title,
    `cannot be read: ${visible(line)}`,
    number === 2
      ? "is the passphrase the one that it was made with? Write that one (pgstead:repositorySecrets.passphrase), or give this stack an empty bucket, or another prefix"
      : "is its volume there, and is the passphrase the one that it was made with? It went with the stack, or with the declaration, that it was made for; empty the volume if its backups are not needed any more",
  );
}

function otherForm(reason: string): Error {
  return problemError(
    "pgbackrest info",
    `printed what cannot be understood: ${reason}`,
    "look whether its version is one that pgstead knows (2.55), and please report this",
  );
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
