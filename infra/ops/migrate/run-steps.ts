import {
  decideUpgrade,
  type Decision,
  type DecisionInput,
  type MigrationStep,
} from "../../../components/core/migrations/decide";
import { fileNameOf } from "../../../components/core/migrations/history";
import type { RunLimits } from "../../../components/core/migrations/retry";
import { problemError, ProblemError } from "../../../components/core/problem";
import {
  createEngine,
  type MigrationEngine,
  type RunOutcome,
} from "../../../components/io/migrations/engine";
import { prepareHistory } from "../../../components/io/migrations/history";
import { refusePreviewLogin } from "../../../components/io/preview-login";
import { withSession } from "../../../components/io/session";
import type { CommandContext } from "../command";
import { inputOf, type JudgedFiles } from "./files";
import type { StackDatabase } from "./stack-database";

/** Does something with the engine of a database, whose history is made ready before; Ctrl-C cancels it. */
export async function withEngine<Result>(
  { write }: CommandContext,
  database: StackDatabase,
  { parser }: JudgedFiles,
  limits: RunLimits,
  use: (engine: MigrationEngine) => Promise<Result>,
): Promise<Result> {
  refusePreviewLogin();
  const { name, owner, login, administrator, migrator } = database;
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
    return await use(
      createEngine({ database: name, owner, login, watcher: administrator, limits, waiting, parser }),
    );
  } finally {
    release();
  }
}

/** npm passes Ctrl-C on to a process that the terminal has told already: both are one. */
const sameSignalMs = 1_000;

/** Has Ctrl-C and SIGTERM cancel; one that comes a while after the first ends the process. */
export function cancelOnSignals(cancel: () => void): () => void {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const release = (): void => {
    for (const signal of signals) process.removeListener(signal, interrupt);
  };
  let isCancelled = false;
  const interrupt = (): void => {
    if (isCancelled) return;
    isCancelled = true;
    setTimeout(release, sameSignalMs).unref();
    cancel();
  };
  for (const signal of signals) process.on(signal, interrupt);
  return release;
}

/** Runs what was shown, and nothing else: what another run has done meanwhile is left out. */
export function runShown(
  context: CommandContext,
  database: StackDatabase,
  files: JudgedFiles,
  limits: RunLimits,
  shown: readonly MigrationStep[],
  decide: (input: DecisionInput) => Decision = decideUpgrade,
): Promise<RunOutcome> {
  return withEngine(context, database, files, limits, (engine) =>
    engine.run((history) => {
      const { steps, problems } = decide(inputOf(files, history));
      if (problems.length > 0) throw new ProblemError("the history has changed meanwhile", problems);
      const isShown = (step: MigrationStep): boolean =>
        shown.some((one) => one.migration === step.migration && one.direction === step.direction);
      const other = steps.find((step) => !isShown(step));
      if (other === undefined) return steps;
      const message = `${fileNameOf(other.migration)} would run as well, and was not shown`;
      throw problemError(
        "the history has changed meanwhile",
        message,
        "run this again to see what would run now",
      );
    }),
  );
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
