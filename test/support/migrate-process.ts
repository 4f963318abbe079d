/** A run of migrations as its own process, which a test can kill: its only argument is JSON. */
import type { ConnectionTarget } from "../../components/core/connection";
import { decideDowngrade, decideUpgrade } from "../../components/core/migrations/decide";
import { defaultLimits } from "../../components/core/migrations/retry";
import { loadSqlParser } from "../../components/core/migrations/sql-parser";
import { digestOf } from "../../components/io/migrations/digest";
import { createEngine } from "../../components/io/migrations/engine";
import { readFiles, readRepeatables, stepsOf } from "./migrations";

export interface MigrateProcess {
  readonly database: string;
  readonly owner: string;
  readonly login: ConnectionTarget;
  readonly directory: string;
  /** Takes all of them back instead. */
  readonly down?: boolean;
}

async function main({ directory, down = false, ...given }: MigrateProcess): Promise<void> {
  const migrations = await readFiles(directory);
  const signal = new AbortController().signal;
  const say = (): Promise<void> => Promise.resolve();
  const engine = createEngine({
    ...given,
    limits: defaultLimits,
    waiting: { say, signal },
    parser: await loadSqlParser(),
  });
  const repeatables = await readRepeatables(directory);
  await engine.run(
    (history) => {
      const input = { migrations, history, directory: "sql/migrations", digest: digestOf };
      return stepsOf(down ? decideDowngrade(input, "base") : decideUpgrade(input));
    },
    down ? undefined : { repeatables },
  );
}

void main(JSON.parse(process.argv[2] ?? "") as MigrateProcess);
