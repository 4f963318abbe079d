import { fileNameOf } from "../../../components/core/migrations/history";
import type { JudgedFiles } from "../../../components/core/migrations/judged-files";
import { problemError } from "../../../components/core/problem";
import { compareSchemas } from "../../../components/core/schema/compare";
import { beyondAccess } from "../../../components/core/schema/covered";
import { describeDifference, subjectOf } from "../../../components/core/schema/describe";
import { withoutObjects } from "../../../components/core/schema/ignore";
import type { Finding } from "../../../components/core/finding";
import { visible } from "../../../components/core/statement";
import { embeddedMajor } from "../../../components/io/embedded/binaries";
import { readJudged } from "../../../components/io/migrations/judged-files";
import { withScratch } from "../../../components/io/scratch/scratch";
import type { DatabaseConfig } from "../../config";
import type { Colors } from "../colors";
import type { CommandContext, OpsCommand } from "../command";
import { appliedFiles, madeByFiles, madeByRepeatables } from "../drift/applied-files";
import { comparable } from "../drift/schema";
import { declareLook } from "../migrate/declare-look";
import { migrationPlace } from "../migrate/directory";
import { chooseDatabase } from "../migrate/stack-database";
import type { LookArgs } from "../migrate/state";
import { testMigrations, type TestOutcome } from "../migrate/test-run";
import type { Report } from "../report";
import { untilInterrupted } from "../schema/interrupt";
import { readLive, type LiveSchema } from "../schema/live";
import { declareScratch, scratchOptions, type ScratchArgs } from "../schema/scratch-options";
import { lookInto } from "../sessions";
import { plural } from "../text";

interface TestArgs extends LookArgs, ScratchArgs {
  /** False with `--no-live`. */
  readonly live?: boolean;
}

interface TestData extends Omit<TestOutcome, "findings" | "schemas"> {
  readonly database: string;
  readonly directory: string;
  readonly scratch: string;
  /** The last applied migration of the live database that it was compared at; null: it was not. */
  readonly liveHead: string | null;
  /** Why the live schema was not compared; null where it was. */
  readonly liveUnseen: string | null;
}

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

Ends with 1 where something fails, is left behind, is lost, or differs from the live schema.

JSON: data.applied, data.reversed [path]; data.irreversible path | null; data.remarks [{ subject, message }];
data.database, data.directory, data.scratch, data.liveHead, data.liveUnseen.

Examples:
  npm run ops -- migrate test
  npm run ops -- migrate test --no-live --json`;

async function runTest(context: CommandContext, args: TestArgs): Promise<Report<TestData>> {
  const { stack, config, progress, write } = context;
  if (args.live === false && args.scratch === "same-server") {
    const hint = "leave one of them out: a database on the stack's own server needs that server";
    throw problemError("--no-live", "contradicts --scratch same-server", hint);
  }
  const database = chooseDatabase(config, args.database);
  assertFiles(database);
  const files = await readJudged(migrationPlace(args.dir, database, context));
  const live = args.live === false ? undefined : await lookAtLive(context, database);
  const outcome = await untilInterrupted(write, (waiting) => {
    const { parser } = files;
    const options = scratchOptions(context, database, modelOf(live), {
      place: args.scratch,
      waiting,
      parser,
    });
    const test = withScratch(options, (scratch) => testMigrations(scratch, files, waiting.signal));
    return progress(`testing ${plural(files.judged.length, "migration")} on a scratch database`, test);
  });
  const compared = compareLive(context, database, files, outcome, live);
  const { findings, schemas: _, ...rest } = outcome;
  const data = {
    database: database.name,
    directory: files.directory,
    scratch: args.scratch ?? "embedded",
    ...rest,
    liveHead: compared.head,
    liveUnseen: compared.unseen,
  };
  return { command: "migrate test", stack, data, findings: [...findings, ...compared.findings] };
}

function assertFiles({ name, migrations }: DatabaseConfig): void {
  if (migrations.engine === "sql") return;
  throw problemError(
    `database ${name}`,
    "its migrations are an application's Alembic, and only files of SQL are tested here",
    "test them with the application; `migrate check` compares its models with the database",
  );
}

type Live = LiveSchema & {
  readonly administrator: Awaited<ReturnType<CommandContext["outputs"]>>["administrator"];
};

async function lookAtLive({ outputs, progress }: CommandContext, { name }: DatabaseConfig): Promise<Live> {
  const { administrator } = await outputs();
  const live = await progress(`reading the schema of ${name}`, lookInto(administrator, name, readLive));
  return { ...live, administrator };
}

function modelOf(live: Live | undefined) {
  if (live !== undefined) return { ...live, version: live.snapshot.version };
  return { administrator: undefined, version: embeddedMajor() * 10_000, roles: [], extensions: {} };
}

/** The live schema against the one after the last file that is applied there. */
function compareLive(
  { config }: CommandContext,
  database: DatabaseConfig,
  { judged, repeatables, directory }: JudgedFiles,
  outcome: TestOutcome,
  live: Live | undefined,
): { readonly head: string | null; readonly unseen: string | null; readonly findings: readonly Finding[] } {
  const unseen = (reason: string) => ({ head: null, unseen: reason, findings: [] });
  if (live === undefined) return unseen("--no-live");
  if (live.history === undefined) return unseen("no migration was ever applied to it");
  const applied = appliedFiles(
    judged.map(({ migration }) => migration),
    live.history,
    directory,
  );
  const expected = outcome.schemas[applied.length];
  if (expected === undefined) return unseen("a file that is applied there does not run here");
  const { schemas, keepPrivileges } = database;
  // Those are applied in the end, and not with a file: `drift` compares them.
  const repeated = new Set([...madeByRepeatables(live.history), ...madeByFiles(repeatables)]);
  const { differences } = compareSchemas(
    withoutObjects(comparable(expected, database, config), repeated),
    withoutObjects(comparable(live.snapshot, database, config), repeated),
  );
  const cover = { schemas: schemas.map(({ name }) => name), privileges: !keepPrivileges };
  const head = applied.at(-1);
  return {
    head: head === undefined ? null : fileNameOf(head),
    unseen: null,
    findings: beyondAccess(differences, cover).map((difference) => ({
      subject: subjectOf(difference),
      message: `in the live database: ${describeDifference(difference)}`,
      hint: "`npm run ops -- drift` says what would mend it",
    })),
  };
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
