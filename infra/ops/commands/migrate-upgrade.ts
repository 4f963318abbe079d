import {
  decideUpgrade,
  lastOf,
  type DecisionInput,
  type MigrationStep,
} from "../../../components/core/migrations/decide";
import { decideDeclared } from "../../../components/core/migrations/decide-declared";
import { inputOf, type JudgedFiles } from "../../../components/core/migrations/judged-files";
import { readJudged } from "../../../components/io/migrations/judged-files";
import { lossesOfUpgrade, refuseUpgrade } from "../../../components/core/migrations/refuse-run";
import type { Problem } from "../../../components/core/problem";
import type { MigrationsConfig } from "../../config";
import { allowedLosses, gateLosses } from "../backup/gate";
import type { CommandContext, OpsCommand } from "../command";
import { declareLook } from "../migrate/declare-look";
import { migrationPlace, type LookArgs } from "../migrate/directory";
import { declareLimits, limitsOf, type LimitArgs } from "../migrate/limits";
import { refuseRepeats } from "../../../components/core/repeatables/plan-repeatables";
import { decideShown } from "../migrate/repeats";
import { renderOutcome, renderRun, reportRun, type RunData } from "../migrate/run-report";
import { confirm, runShown } from "../migrate/run-steps";
import { chooseDatabase, findDatabase, lookAtHistory } from "../migrate/stack-database";
import { toFindings } from "../migrate/state";
import type { Report } from "../report";
import { plural } from "../text";

export interface UpgradeArgs extends LookArgs, LimitArgs {
  /** The last migration that is to be applied; all where there is none. */
  readonly operands: readonly string[];
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Applies what is pending. */
export const migrateUpgradeCommand: OpsCommand<UpgradeArgs, RunData> = {
  name: "migrate upgrade",
  summary: "show the SQL of what is pending with its costs, ask, and apply it",
  declare: (command) => {
    declareLimits(
      declareLook(command.argument("[to]", "number, name or file of the last one (default: all)")),
    )
      .option("--dry-run", "show what would run, and end")
      .option("-y, --yes", "do not ask")
      .addHelpText("after", help);
  },
  run: upgrade,
  render: (report) => ({ output: renderOutcome(report) }),
};

const help = `
Each file is one transaction with its record: what fails is rolled back, what ran before it stays. A file that others
are in the way of gives up after --lock-timeout, lets them through, and is tried again for --retry-for; the application
waits no longer than that. Files with \`-- transaction: none\` run statement by statement, and go on where they stopped.
Ctrl-C ends the running statement on the server.

Files of functions and views beside the directory of the migrations are applied after the last migration whenever their
text changes, all in one transaction. What CREATE OR REPLACE cannot change is dropped and made anew with what stands on
it and is such a file's; where anything else stands on it the run is refused with its names. Privileges stay.

Ends with 1 where something is refused, fails or is cancelled, and says what of it is done.
It goes no further than pgstead:migrations.target. What \`migrate lint\` blocks does not run. What loses data needs, on top
of its acknowledgement, a backup that counts (\`backup gate\`), which pgstead:backup.backupFirst takes here, or an entry of
pgstead:allowDataLoss: \`migration <database>/<file>\`.

JSON: data.database; data.steps [path]; data.repeatables [path]; data.done [{ file, direction (up, down, repeat),
durationMs }]; data.failure { path, message,
hint } | null; data.ran; data.dryRun; data.sql.

Examples:
  npm run ops -- migrate upgrade --dry-run
  npm run ops -- migrate upgrade 0007 --stack prod --yes`;

async function upgrade(context: CommandContext, args: UpgradeArgs): Promise<Report<RunData>> {
  const { stack, config } = context;
  const [to] = args.operands;
  const declared = chooseDatabase(context.config, args.database);
  const files = await readJudged(migrationPlace(args.dir, declared, context));
  const database = await findDatabase(context, declared);
  // What is applied above the target stays, and is no reason to fail.
  const decide = (input: DecisionInput) =>
    to === undefined
      ? decideDeclared(input, { ...declared.migrations, downgrade: "refuse" })
      : decideUpgrade(input, to);
  const history = await lookAtHistory(context, database);
  const { steps, problems } = decide(inputOf(files, history));
  const repeats = await decideShown(context, database, files, { history, steps, problems });
  const described = {
    command: "migrate upgrade",
    stack,
    database: database.name,
    files,
    steps,
    repeats,
    dryRun: args.dryRun,
  };
  const losses = { database: database.name, ...allowedLosses(config) };
  const gate = await gateLosses(context, database.name, lossesOfUpgrade(files, steps, losses));
  const refused = [
    ...toFindings([...problems, ...beyondTarget(steps, declared.migrations, files)]),
    ...refuseUpgrade(files, steps, losses),
    ...refuseRepeats(repeats, steps),
    ...gate.refused,
  ];
  if (refused.length > 0 || steps.length + repeats.steps.length === 0 || args.dryRun === true)
    return reportRun(described, undefined, refused);
  context.write([renderRun(files, steps, repeats), ...gate.told].join("\n"));
  const what = [
    ...(steps.length === 0 ? [] : [plural(steps.length, "migration")]),
    ...(repeats.steps.length === 0 ? [] : [plural(repeats.steps.length, "repeatable file")]),
  ];
  const question = `Apply ${what.join(" and ")} to ${database.name} of stack ${stack}?`;
  if (!(await confirm(context, question, args.yes))) return reportRun(described, undefined);
  const unsaved = await gate.saveFirst();
  if (unsaved.length > 0) return reportRun(described, undefined, unsaved);
  return reportRun(
    described,
    await runShown(context, database, files, limitsOf(args, declared.migrations), { steps, decide, repeats }),
  );
}

/** Whoever set a target does not want what comes after it: `up` would go on telling that it is there. */
function beyondTarget(
  steps: readonly MigrationStep[],
  { target }: MigrationsConfig,
  { judged }: JudgedFiles,
): Problem[] {
  if (target === undefined) return [];
  const last = lastOf(
    target,
    judged.map(({ migration }) => migration),
  );
  const beyond = steps.find(({ migration }) => Number(migration.version) > Number(last?.version ?? -1));
  if (beyond === undefined) return [];
  const message = `is above the target of the stack, ${target}`;
  const hint = "raise pgstead:migrations.target in the stack's file, or remove it";
  return [{ path: beyond.migration.path, message, hint }];
}
