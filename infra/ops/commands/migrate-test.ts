import { fileNameOf } from "../../../components/core/migrations/history";
import { visible } from "../../../components/core/statement";
import { readJudged } from "../../../components/io/migrations/judged-files";
import { withScratch } from "../../../components/io/scratch/scratch";
import type { Colors } from "../colors";
import type { CommandContext, OpsCommand } from "../command";
import { appliedFiles } from "../drift/applied-files";
import { declareLook } from "../migrate/declare-look";
import { migrationPlace } from "../migrate/directory";
import { chooseDatabase } from "../migrate/stack-database";
import { runTestOf, type TestArgs, type TestData } from "../migrate/test-report";
import type { Report } from "../report";
import { declareScratch, scratchHelp } from "../schema/scratch-options";
import { plural } from "../text";

/** Tests migrations on a scratch database. */
export const migrateTestCommand: OpsCommand<TestArgs, TestData> = {
  name: "migrate test",
  summary: "apply all on a scratch database, take all back, apply again, and compare",
  declare: (command) => {
    declareScratch(declareLook(command))
      .option("--no-live", "without the live server: what it has is neither needed nor compared")
      .addHelpText("after", help);
  },
  run: runTest,
  render: (report, _args, colors) => ({ output: renderTest(report, colors) }),
};

const help = `
A scratch database is made as the stack declares it, of the live server's version and with the names of its roles. Then
all files are applied, taken back from the last one on, and applied again. The schemas have to be the same object by
object: after each down part the one before the file, and in the end the one after the first time. What functions/ and
views/ make is no migration's to take back; those files are applied in the end.

Each reversible file runs by itself as well on a copy with made-up rows, which its down part has to bring back unless
the file says that it loses data. Made-up rows that a file does not take are a remark. The result is compared with the
live schema, as \`drift\` does, at the last file that is applied there. Nothing of the live database changes, and nothing
of the scratch one stays.

${scratchHelp}
Without the live server it is embedded.

Of an application with Alembic they are its revisions, each run by its own Python. A downgrade that raises
NotImplementedError is none: what comes before it stays applied.

Ends with 1 where something fails, is left behind, is lost, or differs from the live schema.

JSON: data.applied, data.reversed [path]; data.irreversible path | null; data.remarks [{ subject, message }];
data.database, data.directory, data.scratch, data.liveHead, data.liveUnseen.

Examples:
  npm run ops -- migrate test
  npm run ops -- migrate test --no-live --json`;

async function runTest(context: CommandContext, args: TestArgs): Promise<Report<TestData>> {
  const database = chooseDatabase(context.config, args.database);
  const files = await readJudged(migrationPlace(args.dir, database, context));
  return runTestOf(context, args, {
    database,
    files,
    withScratch,
    appliedTo({ history }) {
      if (history === undefined) return Promise.resolve("no migration was ever applied to it");
      const migrations = files.judged.map(({ migration }) => migration);
      return Promise.resolve(appliedFiles(migrations, history, files.directory).map(fileNameOf));
    },
  });
}

function renderTest({ data, findings }: Report<TestData>, colors: Colors): string {
  const { directory, applied, reversed, irreversible, remarks, liveHead, liveUnseen } = data;
  const back =
    irreversible === null
      ? `${reversed.length} taken back and applied again`
      : `${reversed.length} taken back and applied again, down to ${irreversible}`;
  const live =
    liveUnseen === null
      ? `compared with the live schema at ${liveHead ?? "none"}`
      : `not compared with the live schema: ${liveUnseen}`;
  const verdict = findings.length === 0 ? "all is as it should be" : plural(findings.length, "finding");
  const lines = [
    `${directory}: ${plural(applied.length, "migration")} applied, ${back}; ${live}; ${verdict}`,
    ...remarks.map(({ subject, message }) => colors.dim(`  ${visible(subject)}: ${visible(message)}`)),
  ];
  return `${lines.join("\n")}\n`;
}
