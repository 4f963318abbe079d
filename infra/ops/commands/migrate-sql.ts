import { decideUpgrade } from "../../../components/core/migrations/decide";
import { decideDeclared } from "../../../components/core/migrations/decide-declared";
import { emptyHistory } from "../../../components/core/migrations/history";
import { ProblemError } from "../../../components/core/problem";
import { inputOf } from "../../../components/core/migrations/judged-files";
import { readJudged } from "../../../components/io/migrations/judged-files";
import type { OpsCommand } from "../command";
import { declareLook } from "../migrate/declare-look";
import { migrationPlace, type LookArgs } from "../migrate/directory";
import { decideShown, repeatsAfter } from "../migrate/repeats";
import { renderScript } from "../migrate/script";
import { chooseDatabase, findDatabase, lookAtHistory } from "../migrate/stack-database";

export interface SqlArgs extends LookArgs {
  readonly operands: readonly string[];
  readonly all?: boolean;
}

export interface SqlData {
  readonly files: readonly string[];
  readonly sql: string;
}

/** Prints what would run. */
export const migrateSqlCommand: OpsCommand<SqlArgs, SqlData> = {
  name: "migrate sql",
  summary: "print the SQL that `migrate upgrade` would run, as a script",
  declare: (command) => {
    declareLook(
      command.argument(
        "[to]",
        "number, name or file of the last one (default: as far as `migrate upgrade` goes)",
      ),
    )
      .option("--all", "of every file, without asking a server what is applied")
      .addHelpText("after", help);
  },
  async run(context, { operands: [to], all, dir, database: wanted }) {
    const declared = chooseDatabase(context.config, wanted);
    const files = await readJudged(migrationPlace(dir, declared, context));
    const database = all === true ? undefined : await findDatabase(context, declared);
    const history = database === undefined ? emptyHistory : await lookAtHistory(context, database);
    const input = inputOf(files, history);
    const { steps, problems } =
      to === undefined && all !== true
        ? decideDeclared(input, { ...declared.migrations, downgrade: "refuse" })
        : decideUpgrade(input, to);
    if (problems.length > 0) throw new ProblemError("what would run cannot be told", problems);
    const repeats =
      database === undefined
        ? repeatsAfter(files, { history, steps })
        : await decideShown(context, database, files, { history, steps, problems });
    const data = {
      files: [
        ...steps.map(({ migration }) => migration.path),
        ...repeats.steps.map(({ repeatable }) => repeatable.path),
      ],
      sql: renderScript(steps, repeats, database?.owner),
    };
    return { command: "migrate sql", stack: context.stack, data, findings: [] };
  },
  render: ({ data: { sql } }) => ({ output: sql, machine: true }),
};

const help = `
The records of the history are not in it: what is run by hand is pending still, until \`migrate baseline\` or a run that
fails tells. For review, and for scratch
databases. Repeatable files come last; what CREATE OR REPLACE cannot change is dropped by \`migrate upgrade\` only.

JSON: data.files [path]; data.sql.

Examples:
  npm run --silent ops -- migrate sql --all | psql scratch
  npm run --silent ops -- migrate sql 0007 --stack prod`;
