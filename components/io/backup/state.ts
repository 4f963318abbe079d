import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CopyDrill } from "../../core/copies/drilled";
import type { DrillKind } from "../../core/drill/plan";
import { replaceFile } from "../replace-file";

/** A run that took a backup, or was to. */
export interface BackupRun {
  /** ISO 8601, in UTC. */
  readonly startedAt: string;
  /** Absent: it is under way, or was killed. */
  readonly endedAt?: string;
  readonly outcome?: "success" | "failure";
  /** Of a failure. */
  readonly reason?: string;
  /** Of a success. */
  readonly backup?: string;
}

/** A look at a backup. */
export interface BackupCheck {
  readonly at: string;
  /** Empty: it is good. */
  readonly faults: readonly string[];
}

/** A backup that was restored on a server of its own, which was thrown away, to see that it can be. */
export interface BackupDrill {
  readonly kind: DrillKind;
  /** Its name. */
  readonly backup: string;
  /** ISO 8601, in UTC, as all moments here. */
  readonly startedAt: string;
  readonly endedAt: string;
  /** Empty: it passed. */
  readonly faults: readonly string[];
  /** Time until the restored server could be used (RTO); null: it did not come to that. */
  readonly restoreSeconds: number | null;
  /** The newest moment that it gave back (RPO); null: it did not come to that. */
  readonly recoverableAt: string | null;
}

/** A backup that is whole at a destination of copies. */
export interface KnownCopy {
  /** ISO 8601, in UTC. */
  readonly sentAt: string;
  /** As it is stored. */
  readonly bytes: number;
  /** Checksum of its index. */
  readonly sha256: string;
  /** The last look at every byte of it; the first one is when it is sent. */
  readonly check: BackupCheck;
}

/** What is known of a destination of copies. */
export interface CopyState {
  /** The last run that sent backups there. */
  readonly run: Omit<BackupRun, "backup">;
  /** When the last one that succeeded ended. */
  readonly succeededAt?: string;
  /** By the backup's name. */
  readonly backups: Readonly<Record<string, KnownCopy>>;
  /** The last drill of what is there, by database, as far as this repository has heard of it. */
  readonly drills?: Readonly<Record<string, CopyDrill>>;
}

/** What is known of a repository beside its backups. */
export interface RepositoryState {
  readonly format: 1;
  /** The last run of each database. */
  readonly runs: Readonly<Record<string, BackupRun>>;
  /** When the last one that succeeded ended, of each database. */
  readonly successes: Readonly<Record<string, string>>;
  /** The last look at each backup. */
  readonly checks: Readonly<Record<string, BackupCheck>>;
  /** The last drill of each of {@link drillKey}. */
  readonly drills: Readonly<Record<string, BackupDrill>>;
  /** Destinations of copies, by their names in the configuration. */
  readonly copies: Readonly<Record<string, CopyState>>;
}

const stateFile = "state.json";

const nothing: RepositoryState = { format: 1, runs: {}, successes: {}, checks: {}, drills: {}, copies: {} };

/**
 * Reads the state. One that is lost or damaged is begun anew: no backup is known to be verified then, so none is removed
 * until the next run.
 */
export async function readState(directory: string): Promise<RepositoryState> {
  try {
    const found: unknown = JSON.parse(await readFile(join(directory, stateFile), "utf8"));
    return isState(found) ? { ...nothing, ...found } : nothing;
  } catch {
    return nothing;
  }
}

function isState(value: unknown): value is RepositoryState {
  return typeof value === "object" && value !== null && (value as { format?: unknown }).format === 1;
}

/** Changes the state, whole or not at all; under the repository's lock. */
export async function changeState(
  directory: string,
  change: (state: RepositoryState) => RepositoryState,
): Promise<void> {
  const text = `${JSON.stringify(change(await readState(directory)), null, 2)}\n`;
  await replaceFile(join(directory, stateFile), text, 0o600);
}

/** The state with what a look at a backup found. */
export function withCheck(state: RepositoryState, name: string, check: BackupCheck): RepositoryState {
  return { ...state, checks: { ...state.checks, [name]: check } };
}

/** Logical drills are told apart by database, as each has backups of its own; a physical one is of the whole server. */
export function drillKey(kind: BackupDrill["kind"], database?: string): string {
  return kind !== "logical" || database === undefined ? kind : `${kind} ${database}`;
}

/** The state with what a drill found. */
export function withDrill(state: RepositoryState, key: string, drill: BackupDrill): RepositoryState {
  return { ...state, drills: { ...state.drills, [key]: drill } };
}

/** The state with what changed of a destination of copies. */
export function withCopy(
  state: RepositoryState,
  copy: string,
  change: (known: CopyState | undefined) => CopyState,
): RepositoryState {
  return { ...state, copies: { ...state.copies, [copy]: change(state.copies[copy]) } };
}

/** The state with how a run of a database went. */
export function withRun(state: RepositoryState, database: string, run: BackupRun): RepositoryState {
  const { successes } = state;
  const ended = run.outcome === "success" && run.endedAt !== undefined ? { [database]: run.endedAt } : {};
  return { ...state, runs: { ...state.runs, [database]: run }, successes: { ...successes, ...ended } };
}
