/** A run that takes a backup as its own process, which kills itself at a moment: its only argument is JSON. */
import { takeBackup, type BackupRequest } from "../../components/io/backup/take";

export interface BackupProcess extends Omit<BackupRequest, "now" | "signal"> {
  /** The run asks for the time at each of its steps: at this one it is killed; 0: never. */
  readonly killAt: number;
}

async function main({ killAt, ...given }: BackupProcess): Promise<void> {
  let asked = 0;
  const now = (): number => {
    asked += 1;
    if (asked === killAt) process.kill(process.pid, "SIGKILL");
    return Date.now();
  };
  await takeBackup({ ...given, now, signal: new AbortController().signal });
}

void main(JSON.parse(process.argv[2] ?? "") as BackupProcess);
