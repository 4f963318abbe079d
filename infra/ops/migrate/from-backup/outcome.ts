import type { RestoredFrom } from "../../../../components/core/drill/restored-protocol";
import type { TableChange } from "../../../../components/core/migrations/effect";
import type { MeasuredRun } from "../../../../components/io/scratch/measure";

/** The backup that migrations were tested on, and what they did to its rows. */
export interface BackupTestData extends RestoredFrom {
  /** Of the server that is thrown away. */
  readonly serverVersion: string;
  readonly restoreSeconds: number;
  /** What a person should know of the restore. */
  readonly notes: readonly string[];
  /** In the order in which they ran: up, taken back, up again, then repeatable files. */
  readonly runs: readonly MeasuredRun[];
  /** Tables whose rows or size are others once all was applied for the first time. */
  readonly tables: readonly TableChange[];
}
