/** A copy as its own process, which is killed from outside: its only argument is JSON. */
import { findClientTools } from "../../components/io/backup/client-tools";
import { readRepository } from "../../components/io/backup/repository";
import { replaceDatabase } from "../../components/io/move/replace-database";
import type { ConnectionTarget } from "../../components/core/connection";
import type { MaskingRule } from "../../components/core/move/masking";

export interface MoveProcess {
  readonly repository: string;
  readonly login: ConnectionTarget;
  readonly database: string;
  readonly rules: readonly MaskingRule[];
  /** Directory of the client programs. */
  readonly path: string;
}

async function main({ repository, login, database, rules, path }: MoveProcess): Promise<void> {
  const [backup] = (await readRepository(repository)).backups;
  if (backup === undefined) throw new Error(`${repository} is empty`);
  await replaceDatabase({
    ...{ repository, backup, login, database, rules, jobs: 1 },
    tools: await findClientTools(17, path),
    now: () => Date.now(),
    progress: (_label, work) => work,
    say: () => undefined,
    signal: new AbortController().signal,
  });
}

void main(JSON.parse(process.argv[2] ?? "") as MoveProcess);
