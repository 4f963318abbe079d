import type { Readable } from "node:stream";
import type { BackupFile } from "../../core/backup/manifest";
import type { CopyPlan } from "../../core/copies/plan";
import { ProblemError } from "../../core/problem";

/** The names at a destination. */
export interface CopyNames {
  /** Backups that are there whole. */
  readonly whole: readonly string[];
  /** What runs that did not come to their end have left. */
  readonly halves: readonly string[];
}

/** A file that is stored, before anything is known of its content. */
export type StoredFile = Pick<BackupFile, "path" | "bytes">;

/**
 * A place that holds copies: one directory of files for each backup. What is written to it is a half until it is
 * finished, and a half is never taken for whole. Everything that fails says where and what to do (ProblemError).
 */
export interface Destination {
  /** Its name in the configuration. */
  readonly name: string;
  /** For people. */
  readonly where: string;
  list(signal: AbortSignal): Promise<CopyNames>;
  /** Begins a copy anew: a half of it goes. */
  begin(backup: string, signal: AbortSignal): Promise<void>;
  /** @param bytes how many come, at the least what it takes to choose parts */
  write(backup: string, file: StoredFile, content: Readable, signal: AbortSignal): Promise<void>;
  /** Looks at what was written as it is there now. @returns what is wrong; empty: nothing is */
  confirm(backup: string, files: readonly BackupFile[], signal: AbortSignal): Promise<string[]>;
  /** Makes it a whole copy: `index` lists its files. */
  finish(backup: string, index: string, signal: AbortSignal): Promise<void>;
  /** Text of a whole copy's index. */
  readIndex(backup: string, signal: AbortSignal): Promise<string>;
  /** Files of a whole copy but its index. */
  files(backup: string, signal: AbortSignal): Promise<StoredFile[]>;
  read(backup: string, path: string, signal: AbortSignal): Promise<Readable>;
  /** Removes a copy, or a half: killed in between, what is left is a half. */
  remove(backup: string, signal: AbortSignal): Promise<void>;
  /** A small file beside the copies, which belongs to none of them; undefined: there is none. */
  readNote(path: string, signal: AbortSignal): Promise<string | undefined>;
  /** Puts one in place as a whole. */
  writeNote(path: string, text: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** A copy as it is declared, with the way to its secret, which is asked for when it is needed. */
export interface DeclaredCopy {
  readonly plan: CopyPlan;
  readonly secretAccessKey: () => Promise<string>;
}

/** How patient a destination in a network is. */
export interface Patience {
  /** Without a byte for this time a connection is given up. */
  readonly idleMs: number;
  /** Of one request. */
  readonly attempts: number;
}

export const usualPatience: Patience = { idleMs: 60_000, attempts: 5 };

/** A service, or the way to it, did not do its part: the same may well succeed a moment later. */
export class LostWayError extends ProblemError {}
