import { Option } from "commander";
import { decideRepair, type RepairOptions } from "../../../components/core/migrations/repair";
import { problemError } from "../../../components/core/problem";
import { visible } from "../../../components/core/visible";
import { readHistory } from "../../../components/io/migrations/history";
import { repairHistory } from "../../../components/io/migrations/repair";
import { inputOf } from "../../../components/core/migrations/judged-files";
import { readJudged } from "../../../components/io/migrations/judged-files";
import type { CommandContext, OpsCommand } from "../command";
import { declareLook } from "../migrate/declare-look";
import { migrationPlace, type LookArgs } from "../migrate/directory";
import { confirm, withEngine } from "../migrate/run-steps";
import { chooseDatabase, findDatabase, lookAtHistory } from "../migrate/stack-database";
import { toFindings } from "../migrate/state";
import type { Report } from "../report";
import { plural } from "../text";

export interface RepairArgs extends LookArgs, RepairOptions {
  readonly yes?: boolean;
}

export interface RepairData {
  readonly database: string;
  readonly changes: readonly { readonly path: string; readonly message: string }[];
  readonly repaired: boolean;
}

/** Brings the history to what the files are. */
export const migrateRepairCommand: OpsCommand<RepairArgs, RepairData> = {
  name: "migrate repair",
  summary: "show what of the history is not what the files say, ask, and take it over",
  declare: (command) => {
    declareLook(command)
      .option("--forget <file...>", "applied files that are gone, and are to be known no more")
      .addOption(
        new Option("--statement <ended>", "how the statement ended that a stopped run had sent").choices([
          "done",
          "again",
        ]),
      )
      .option("-y, --yes", "do not ask")
      .addHelpText("after", help);
  },
  run: repair,
  render: ({ data: { database, changes, repaired } }) => {
    if (changes.length === 0) return { output: `nothing to repair in the history of ${database}\n` };
    const said = `${plural(changes.length, "change")} of the history of ${database}`;
    return { output: repaired ? `${said}: done, and written into the trail\n` : "nothing was changed\n" };
  },
};

const help = `
Only the history is changed: edited and renamed files are taken for what ran. No SQL of theirs runs, so that is for
changes that change nothing: comments, names. Whatever is changed stays in \`migrate history\`.

JSON: data.database; data.changes [{ path, message }]; data.repaired.

Examples:
  npm run ops -- migrate repair
  npm run ops -- migrate repair --forget 0007-drop-fax.sql
  npm run ops -- migrate repair --statement again`;

async function repair(context: CommandContext, args: RepairArgs): Promise<Report<RepairData>> {
  const declared = chooseDatabase(context.config, args.database);
  const files = await readJudged(migrationPlace(args.dir, declared, context));
  const database = await findDatabase(context, declared);
  const { changes, problems } = decideRepair(inputOf(files, await lookAtHistory(context, database)), args);
  const shown = changes.map(({ path, message }) => ({ path, message }));
  const report = (repaired: boolean): Report<RepairData> => ({
    command: "migrate repair",
    stack: context.stack,
    data: { database: database.name, changes: shown, repaired },
    findings: toFindings(problems),
  });
  if (changes.length === 0) return report(false);
  for (const { path, message } of shown) context.write(visible(`${path}: ${message}`));
  const question = `Change ${plural(changes.length, "record")} of ${database.name} of stack ${context.stack}?`;
  if (!(await confirm(context, question, args.yes))) return report(false);
  await withEngine(context, database, files, declared.migrations.limits, (engine) =>
    engine.exclusively(async (session) => {
      await session.query("SET search_path = pg_catalog");
      const now = decideRepair(inputOf(files, await readHistory(session)), args);
      const differs =
        now.changes.map(({ message }) => message).join() !== changes.map(({ message }) => message).join();
      if (differs) throw problemError("the history", "has changed meanwhile", "run this again");
      await repairHistory(session, now.changes);
    }),
  );
  return report(true);
}
