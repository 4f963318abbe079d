import type { Decision, DecisionInput, MigrationStep } from "../../../components/core/migrations/decide";
import { decideShown } from "../../../components/core/migrations/decide-shown";
import { inputOf, type JudgedFiles } from "../../../components/core/migrations/judged-files";
import type { RunLimits } from "../../../components/core/migrations/retry";
import { decideShownRepeats } from "../../../components/core/repeatables/decide";
import { problemError } from "../../../components/core/problem";
import {
  createEngine,
  type MigrationEngine,
  type RunOutcome,
} from "../../../components/io/migrations/engine";
import { prepareHistory } from "../../../components/io/migrations/history";
import { refusePreviewLogin } from "../../../components/io/preview-login";
import { withSession } from "../../../components/io/session";
import type { Waiting } from "../../../components/io/waiting";
import type { CommandContext } from "../command";
import { cancelOnSignals } from "../interrupt";
import type { ShownRepeats } from "./repeats";
import type { StackDatabase } from "./stack-database";

/** Does something with the engine of a database, as a run that changes it. */
export function withEngine<Result>(
  context: CommandContext,
  database: StackDatabase,
  { parser }: JudgedFiles,
  limits: RunLimits,
  use: (engine: MigrationEngine) => Promise<Result>,
): Promise<Result> {
  const { name, owner, login, administrator: watcher } = database;
  return whileMigrating(context, database, (waiting) =>
    use(createEngine({ database: name, owner, login, watcher, limits, waiting, parser })),
  );
}

/** Does something that changes a database, whose history is made ready before; Ctrl-C cancels it. */
export async function whileMigrating<Result>(
  { write }: CommandContext,
  { name, administrator, migrator }: StackDatabase,
  work: (waiting: Waiting) => Promise<Result>,
): Promise<Result> {
  refusePreviewLogin();
  const stop = new AbortController();
  const release = cancelOnSignals(() => {
    write("cancelling …");
    stop.abort();
  });
  try {
    const say = (text: string): Promise<void> => {
      write(text);
      return Promise.resolve();
    };
    const waiting = { say, signal: stop.signal };
    await withSession(administrator, { database: name, applicationName: "pgstead ops" }, (session) =>
      prepareHistory(session, migrator, waiting),
    );
    return await work(waiting);
  } finally {
    release();
  }
}

/** Runs what was shown, and nothing else: what another run has done meanwhile is left out. */
export function runShown(
  context: CommandContext,
  database: StackDatabase,
  files: JudgedFiles,
  limits: RunLimits,
  { steps: shown, decide, repeats }: ShownRun,
): Promise<RunOutcome> {
  return withEngine(context, database, files, limits, (engine) =>
    engine.run(
      (history) => decideShown(shown, decide(inputOf(files, history))),
      repeats?.runs === true
        ? {
            repeatables: files.repeatables,
            decide: (rows) => decideShownRepeats(repeats.steps, files.repeatables, rows),
          }
        : undefined,
    ),
  );
}

/** What a person has seen. */
export interface ShownRun {
  readonly steps: readonly MigrationStep[];
  readonly decide: (input: DecisionInput) => Decision;
  readonly repeats?: ShownRepeats;
}

/** Asks before a change; true where it may go on. */
export async function confirm(
  { ask }: CommandContext,
  question: string,
  yes: boolean | undefined,
): Promise<boolean> {
  if (yes === true) return true;
  if (ask !== undefined) return ask(question);
  throw problemError(
    "--yes",
    "is missing: this is no terminal, and nobody can be asked",
    "add --yes, or --dry-run to look only",
  );
}
