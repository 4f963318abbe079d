import { decideBaseline } from "../../../components/core/migrations/repair";
import { ProblemError } from "../../../components/core/problem";
import { readHistory } from "../../../components/io/migrations/history";
import { baselineHistory } from "../../../components/io/migrations/repair";
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

export interface BaselineArgs extends LookArgs {
  readonly operands: readonly string[];
  readonly yes?: boolean;
}

export interface BaselineData {
  readonly database: string;
  /** Paths of the files that are taken for applied. */
  readonly files: readonly string[];
  readonly taken: boolean;
}

/** Takes over a database that has been migrated by other means. */
export const migrateBaselineCommand: OpsCommand<BaselineArgs, BaselineData> = {
  name: "migrate baseline",
  summary: "take migrations for applied in a database that has what they do, without running them",
  declare: (command) => {
    declareLook(command.argument("[to]", "number, name or file of the last one (default: all)"))
      .option("-y, --yes", "do not ask")
      .addHelpText("after", help);
  },
  run: baseline,
  render: ({ data: { database, files, taken } }) => ({
    output: taken
      ? `database ${database}: ${plural(files.length, "migration")} taken for applied\n`
      : "nothing was changed\n",
  }),
};

const help = `
Only where no migration is applied yet. Nothing compares the database with the files: write what it has into the first
ones, such as with pg_dump --schema-only, and look at the differences first.

JSON: data.database; data.files [path]; data.taken.

Example:
  npm run ops -- migrate baseline 0003 --stack prod`;

async function baseline(context: CommandContext, args: BaselineArgs): Promise<Report<BaselineData>> {
  const [to] = args.operands;
  const declared = chooseDatabase(context.config, args.database);
  const files = await readJudged(migrationPlace(args.dir, declared, context));
  const database = await findDatabase(context, declared);
  const { migrations, problems } = decideBaseline(inputOf(files, await lookAtHistory(context, database)), to);
  const paths = migrations.map(({ path }) => path);
  const report = (taken: boolean): Report<BaselineData> => ({
    command: "migrate baseline",
    stack: context.stack,
    data: { database: database.name, files: paths, taken },
    findings: toFindings(problems),
  });
  if (migrations.length === 0) return report(false);
  for (const path of paths) context.write(path);
  const question = `Take ${plural(paths.length, "migration")} for applied in ${database.name} of stack ${context.stack}?`;
  if (!(await confirm(context, question, args.yes))) return report(false);
  await withEngine(context, database, files, declared.migrations.limits, (engine) =>
    engine.exclusively(async (session) => {
      await session.query("SET search_path = pg_catalog");
      const now = decideBaseline(inputOf(files, await readHistory(session)), to);
      if (now.problems.length > 0) throw new ProblemError("the history has changed meanwhile", now.problems);
      await baselineHistory(session, now.migrations);
    }),
  );
  return report(true);
}
