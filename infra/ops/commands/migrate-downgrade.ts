import {
  base,
  decideDowngrade,
  type DecisionInput,
  type DowngradeTarget,
} from "../../../components/core/migrations/decide";
import { problemError } from "../../../components/core/problem";
import type { AppliedMigration } from "../../../components/core/migrations/history";
import { inputOf, type JudgedFiles } from "../../../components/core/migrations/judged-files";
import { readJudged } from "../../../components/io/migrations/judged-files";
import { lossesOfDowngrade, refuseDowngrade } from "../../../components/core/migrations/refuse-run";
import { allowedLosses, gateLosses, type LossGate } from "../backup/gate";
import type { CommandContext, OpsCommand } from "../command";
import { declareLook } from "../migrate/declare-look";
import { migrationPlace, type LookArgs } from "../migrate/directory";
import { declareLimits, limitsOf, type LimitArgs } from "../migrate/limits";
import { noRepeats } from "../migrate/repeats";
import {
  renderOutcome,
  renderRun,
  reportRun,
  type RunData,
  type RunDescription,
} from "../migrate/run-report";
import { confirm, runShown } from "../migrate/run-steps";
import { chooseDatabase, findDatabase, lookAtHistory } from "../migrate/stack-database";
import { writeTarget } from "../migrate/stack-target";
import { toFindings } from "../migrate/state";
import type { Report } from "../report";
import { plural } from "../text";

export interface DowngradeArgs extends LookArgs, LimitArgs {
  readonly operands: readonly string[];
  readonly allowDataLoss?: boolean;
  readonly withoutBackup?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Takes migrations back. */
export const migrateDowngradeCommand: OpsCommand<DowngradeArgs, RunData> = {
  name: "migrate downgrade",
  summary: "take migrations back, the last one first: to one that stays, so many, or all",
  declare: (command) => {
    declareLimits(declareLook(command.argument("<to>", "the one that stays, -<count>, or base for none")))
      .option("--allow-data-loss", "also where the way back loses rows or columns")
      .option("--without-backup", "also where no backup has what is lost")
      .option("--dry-run", "show what would run, and end")
      .option("-y, --yes", "do not ask")
      .addHelpText("after", help);
  },
  run: downgrade,
  render: (report) => ({ output: renderOutcome(report) }),
};

const help = `
The down parts of the files run, each in one transaction with its record. What is irreversible is refused with its
reason. Repeatable files are not touched: a view that stands on what goes is in the way, and the server says so. What loses data needs --allow-data-loss, whatever else is said: a file that ran cannot be given an
acknowledgement any more. Where backups are declared it waits for one that counts (\`backup gate\`), or for --without-backup.
How far it went becomes pgstead:migrations.target in the stack's file: without it the next \`up\` would apply again what was
taken back.

JSON: as of \`migrate upgrade\`.

Examples:
  npm run ops -- migrate downgrade -1
  npm run ops -- migrate downgrade 0007 --dry-run
  npm run ops -- migrate downgrade base --allow-data-loss --yes`;

async function downgrade(context: CommandContext, args: DowngradeArgs): Promise<Report<RunData>> {
  const { stack } = context;
  const target = parseTarget(args.operands[0] ?? "");
  const declared = chooseDatabase(context.config, args.database);
  const files = await readJudged(migrationPlace(args.dir, declared, context));
  const database = await findDatabase(context, declared);
  const decide = (input: DecisionInput) => decideDowngrade(input, target);
  const history = await lookAtHistory(context, database);
  const { applied } = history;
  const { steps, problems } = decide(inputOf(files, history));
  const described = {
    command: "migrate downgrade",
    stack,
    database: database.name,
    files,
    steps,
    dryRun: args.dryRun,
  };
  const gate = await gateDowngrade(context, args, { database: database.name, files, steps });
  const refused = [
    ...toFindings(problems),
    ...refuseDowngrade(files, steps, args.allowDataLoss === true),
    ...gate.refused,
  ];
  if (refused.length > 0 || args.dryRun === true) return reportRun(described, undefined, refused);
  if (steps.length === 0) {
    // It is there, and a run that was killed may not have come to writing that down.
    await keepDown(context, declared.name, applied);
    return reportRun(described, undefined);
  }
  context.write([renderRun(files, steps, noRepeats), ...gate.told].join("\n"));
  const question = `Take ${plural(steps.length, "migration")} of ${database.name} of stack ${stack} back?`;
  if (!(await confirm(context, question, args.yes))) return reportRun(described, undefined);
  const unsaved = await gate.saveFirst();
  if (unsaved.length > 0) return reportRun(described, undefined, unsaved);
  const limits = limitsOf(args, declared.migrations);
  const outcome = await runShown(context, database, files, limits, { steps, decide });
  if (outcome.done.length > 0) await keepDown(context, declared.name, applied.slice(0, -outcome.done.length));
  return reportRun(described, outcome);
}

/** What taking back loses by the word of the command line is in a backup, unless that says something else as well. */
export function gateDowngrade(
  context: CommandContext,
  { allowDataLoss = false, withoutBackup = false }: Pick<DowngradeArgs, "allowDataLoss" | "withoutBackup">,
  {
    database,
    files,
    steps,
  }: Pick<RunDescription, "database" | "steps"> & { files: Pick<JudgedFiles, "judged"> },
): Promise<LossGate> {
  const isAsked = allowDataLoss && !withoutBackup;
  const losses = isAsked
    ? lossesOfDowngrade(files, steps, { database, ...allowedLosses(context.config), allowDataLoss: [] })
    : [];
  return gateLosses(context, database, losses, "--without-backup");
}

/** Writes down where it is now: the next `up` would apply again what was taken back. */
export async function keepDown(
  { root, config, write }: CommandContext,
  database: string,
  left: readonly AppliedMigration[],
): Promise<void> {
  const target = left.at(-1)?.version ?? base;
  const written = await writeTarget(root, config, { database, target });
  if (written === undefined) return;
  write(`${written.file}: ${written.key} is "${target}" now, so that the next \`up\` stays there; commit it`);
}

/** What a downgrade is to leave: `base`, `-1`, or the name of what stays. */
export function parseTarget(text: string): DowngradeTarget {
  if (text === base) return base;
  if (!/^-\d+$/.test(text)) return { to: text };
  const steps = Math.abs(Number(text));
  if (steps > 0) return { steps };
  throw problemError("downgrade", "-0 takes nothing back", "say how many, such as -1");
}
