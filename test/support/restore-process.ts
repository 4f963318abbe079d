/** A restore as its own process, which kills itself at a moment: its only argument is JSON. */
import { withRepository } from "../../components/io/backup/lock";
import { findClientTools } from "../../components/io/backup/client-tools";
import { readRepository } from "../../components/io/backup/repository";
import { restoreLive } from "../../components/io/restore/live";
import { swapDatabases } from "../../components/io/restore/swap";
import { usualBackups } from "../../components/core/backup/plan";
import type { ConnectionTarget } from "../../components/core/connection";

export interface RestoreProcess {
  readonly repository: string;
  readonly backup: string;
  readonly login: ConnectionTarget;
  /** Directory of the client programs. */
  readonly path: string;
  /** Does no more than to swap these two, of which the first one gets the name. */
  readonly swap?: { readonly beside: string; readonly kept: string };
}

async function main({ repository, backup: name, login, path, swap }: RestoreProcess): Promise<void> {
  if (swap !== undefined) {
    const signal = new AbortController().signal;
    await swapDatabases({ ...swap, login, database: "shop", connectionLimit: -1, signal });
    return;
  }
  await withRepository(repository, "a test", new AbortController().signal, async (signal) => {
    const backup = (await readRepository(repository)).backups.find((one) => one.name === name);
    if (backup === undefined) throw new Error(`there is no ${name}`);
    await restoreLive({
      ...{ repository, backup, login, signal, now: () => Date.now() },
      tools: await findClientTools(17, path),
      present: { login, stack: "dev", version: "0.0.0", plan: usualBackups, path },
      readRoom: () => Promise.resolve(undefined),
      progress: (_label, work) => work,
      say: () => undefined,
    });
  });
}

void main(JSON.parse(process.argv[2] ?? "") as RestoreProcess);
