import type { Problem } from "../../core/problem";
import type { PhysicalRepository } from "../../core/physical/repository";
import type { ArrivedLog } from "../../core/physical/timelines";
import type { Waiting } from "../waiting";

/** What is restored, and where to. */
export interface PhysicalRestore {
  /** Label of the backup, by `chooseBackup`: one that was not whole by the target gives a server that does not start. */
  readonly backup: string;
  /** Milliseconds since 1970: the log is replayed to just before it. Null: all of it is, and what arrives meanwhile. */
  readonly target: number | null;
  /** Number of the line of the log, by `timelineAt`; undefined: the newest one. */
  readonly timeline?: number;
  /** An empty directory, or one that is not there. */
  readonly directory: string;
  /** That copy at the same time; default as for backups, which leave half of the cores to the server. */
  readonly processes?: number;
}

/**
 * What takes physical backups of a server and restores them to a moment. All that pgstead asks of such a program is here,
 * so that another one can take the place of pgBackRest.
 *
 * Every failure is one `ProblemError` with what to do; two that change a repository exclude each other, also from
 * different containers.
 */
export interface PitrBackend {
  /** Makes the repository ready for the log of this server. There already: nothing. */
  prepare(): Promise<void>;
  /** Proves that the log arrives: switches to another file of it, and waits until that is there. */
  check(waiting: Waiting): Promise<void>;
  /**
   * Takes a backup. Deletes nothing: whether the new one is good is known only when it is there.
   *
   * @returns what it warned of, such as pages that do not match their checksums: the backup is there, and not good
   */
  back(kind: "full" | "incremental", waiting: Waiting): Promise<readonly string[]>;
  /** Deletes what is older than is kept. It counts bad backups as well: only after a good one was taken. */
  expire(waiting: Waiting): Promise<void>;
  /** Reads every file of the repository and compares it with its checksum. Gives what is wrong. */
  verify(waiting: Waiting): Promise<readonly Problem[]>;
  /** What there is. Changes nothing, and waits for nobody. */
  read(): Promise<PhysicalRepository>;
  /** The lines of the log that have arrived. Changes nothing, and does not need the server. */
  readLog(repository: PhysicalRepository): Promise<ArrivedLog>;
  /**
   * Puts a data directory together that, once a server is started on it, replays the log and then stands still, read-only,
   * until it is promoted; it archives nothing, so it cannot disturb the log of the server that it comes from.
   */
  restore(order: PhysicalRestore, waiting: Waiting): Promise<void>;
}
