import { RepositoryBusyError } from "../../../components/io/backup/lock";
import type { Report } from "../report";
import type { BackupPlace } from "./place";

/** What a command does where the backups are. */
export type BackupWork<Data> = (place: BackupPlace, signal: AbortSignal) => Promise<Report<Data>>;

/** Has a command's work done, here or where the backups are; `words` are the same command line for there. */
export type RunBackupWork<Context> = <Data>(
  context: Context,
  words: readonly string[],
  work: BackupWork<Data>,
) => Promise<Report<Data>>;

/** What others have in hand is a refusal and no mistake of the command line. */
export async function orBusy<Data>(
  { repository, stack }: BackupPlace,
  empty: Data,
  command: string,
  work: Promise<Report<Data>>,
): Promise<Report<Data>> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RepositoryBusyError)) throw error;
    const findings = error.problems.map(({ message, hint }) => ({ subject: repository, message, hint }));
    return { command, stack, data: empty, findings };
  }
}
