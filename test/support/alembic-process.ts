/** A run of an application's Alembic as its own process, which a test can kill: its only argument is JSON. */
import { runRevisions, type AlembicOptions } from "../../components/io/alembic/engine";
import { defaultLimits } from "../../components/core/migrations/retry";
import type { RevisionStep } from "../../components/core/migrations/alembic/revision-step";

export interface AlembicProcess extends Omit<AlembicOptions, "limits" | "waiting"> {
  readonly steps: readonly RevisionStep[];
}

async function main({ steps, ...options }: AlembicProcess): Promise<void> {
  const waiting = { say: () => Promise.resolve(), signal: new AbortController().signal };
  await runRevisions({ ...options, limits: defaultLimits, waiting }, () => steps);
}

void main(JSON.parse(process.argv[2] ?? "") as AlembicProcess);
