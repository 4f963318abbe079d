/** A run that archives as its own process, which a test can kill: its only argument is JSON. */
import type { ConnectionTarget } from "../../components/core/connection";
import { runArchive } from "../../components/io/archive/run";
import { silently } from "./migrations";

export interface ArchiveProcess {
  readonly database: string;
  readonly owner: string;
  readonly login: ConnectionTarget;
  readonly table: { readonly schema: string; readonly name: string };
  readonly before: string;
  readonly directory: string;
  readonly drop: boolean;
}

async function main({ before, ...given }: ArchiveProcess): Promise<void> {
  const run = {
    ...given,
    ...{
      before: new Date(before),
      lockTimeoutMs: 2_000,
      retryForMs: 0,
      now: () => new Date(),
      waiting: silently,
    },
  };
  await runArchive(run, () => undefined);
}

void main(JSON.parse(process.argv[2] ?? "") as ArchiveProcess);
