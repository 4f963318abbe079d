import { fileNameOf } from "../../../components/core/migrations/history";
import { visible } from "../../../components/core/visible";
import { readJudged } from "../../../components/io/migrations/judged-files";
import { withScratch } from "../../../components/io/scratch/scratch";
import type { Colors } from "../colors";
import type { CommandContext, OpsCommand } from "../command";
import { appliedFiles } from "../drift/applied-files";
import { declareLook } from "../migrate/declare-look";
import { migrationPlace } from "../migrate/directory";
import { chooseDatabase } from "../migrate/stack-database";
import { renderBackupTest } from "../migrate/from-backup/render";
import { headline, runBackupTest } from "../migrate/from-backup/report";
import { sqlSubject } from "../migrate/from-backup/sql-files";
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
      .option(
        "--from-backup [backup]",
        "run what is pending on the rows of a backup: its name, or newest (default), the newest verified one",
      )
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

--from-backup restores a verified backup of the stack's database to a server of the backup's version that is thrown away,
where the backups are, and runs what is pending there: as the migrator, with the limits of the stack, each in its
transaction, with repeatable files. It tells how long each took on these rows, which tables it locked and for how long,
which it wrote anew, rows and sizes before and after, and what fails with its statement and line; then takes all back as
far as it goes, compares schema and rows, and applies it again. Of the live server nothing is asked or touched. Real rows
stay on that server, which listens on its socket alone (with Alembic on loopback as well, with a password of the run) and
is gone with the command, also when that is killed; reports quote of rows only what an error message of PostgreSQL does.
It is small and does not flush to disk: durations are for comparison. A backup that nobody verified, a damaged one, one of
another stack and one that is only a copy are refused (2).

Of an application with Alembic they are its revisions, each run by its own Python. A downgrade that raises
NotImplementedError is none: what comes before it stays applied.

Ends with 1 where something fails, is left behind, is lost, or differs from the live schema.

JSON: data.applied, data.reversed [path]; data.irreversible path | null; data.remarks [{ subject, message }];
data.database, data.directory, data.scratch, data.liveHead, data.liveUnseen; data.backup { name, takenAt, head,
serverVersion, restoreSeconds, notes, runs [{ files, direction, durationMs | null, locks [{ table, mode, heldMs }],
rewritten, bytesBefore, bytesAfter }], tables [{ table, rowsBefore, rowsAfter, bytesBefore, bytesAfter }] } | null.

Examples:
  npm run ops -- migrate test
  npm run ops -- migrate test --no-live --json
  npm run ops -- migrate test --from-backup --stack prod`;

async function runTest(context: CommandContext, args: TestArgs): Promise<Report<TestData>> {
  const database = chooseDatabase(context.config, args.database);
  const files = await readJudged(migrationPlace(args.dir, database, context));
  if (args.fromBackup !== undefined) {
    const subject = (): ReturnType<typeof sqlSubject> => sqlSubject(context, database, files);
    return runBackupTest(context, args, { database, files, subject });
  }
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

function renderTest(report: Report<TestData>, colors: Colors): string {
  const { data } = report;
  const remarks = data.remarks.map(({ subject, message }) =>
    colors.dim(`  ${visible(subject)}: ${visible(message)}`),
  );
  const lines =
    data.backup === null
      ? [describeTest(report), ...remarks]
      : [headline(report), ...remarks, ...renderBackupTest(data.backup, colors)];
  return `${lines.join("\n")}\n`;
}

function describeTest({ data, findings }: Report<TestData>): string {
  const { directory, applied, reversed, irreversible, liveHead, liveUnseen } = data;
  const back =
    irreversible === null
      ? `${reversed.length} taken back and applied again`
      : `${reversed.length} taken back and applied again, down to ${irreversible}`;
  const live =
    liveUnseen === null
      ? `compared with the live schema at ${liveHead ?? "none"}`
      : `not compared with the live schema: ${liveUnseen}`;
  const verdict = findings.length === 0 ? "all is as it should be" : plural(findings.length, "finding");
  return `${directory}: ${plural(applied.length, "migration")} applied, ${back}; ${live}; ${verdict}`;
}
