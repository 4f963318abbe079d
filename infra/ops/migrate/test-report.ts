import type { Finding } from "../../../components/core/finding";
import { emptyHistory } from "../../../components/core/migrations/history";
import type { JudgedFiles } from "../../../components/core/migrations/judged-files";
import { problemError } from "../../../components/core/problem";
import { compareSchemas } from "../../../components/core/schema/compare";
import { beyondAccess } from "../../../components/core/schema/covered";
import { describeDifference, subjectOf } from "../../../components/core/schema/describe";
import { withoutObjects } from "../../../components/core/schema/ignore";
import { embeddedMajor } from "../../../components/io/embedded/binaries";
import type { Scratch, ScratchOptions, ScratchPlace } from "../../../components/io/scratch/scratch";
import type { DatabaseConfig, StackConfig } from "../../config";
import type { CommandContext } from "../command";
import { madeByFiles, madeByRepeatables } from "../drift/applied-files";
import { comparable } from "../drift/schema";
import type { Report } from "../report";
import { untilInterrupted } from "../interrupt";
import { readLive, type LiveSchema } from "../schema/live";
import {
  choosePlace,
  findHome,
  scratchOptions,
  type ScratchArgs,
  type ScratchModel,
} from "../schema/scratch-options";
import { lookInto } from "../sessions";
import { plural } from "../text";
import type { LookArgs } from "./directory";
import type { BackupTestData } from "./from-backup/outcome";
import { testMigrations, type TestOutcome } from "./test-run";

export interface TestArgs extends LookArgs, ScratchArgs {
  /** False with `--no-live`. */
  readonly live?: boolean;
  /** Name of a backup, or the word for the newest one; true: without a word. */
  readonly fromBackup?: string | true;
}

export interface TestData extends Omit<TestOutcome, "findings" | "schemas"> {
  readonly database: string;
  readonly directory: string;
  readonly scratch: string;
  /** The last applied migration of the live database that it was compared at; null: it was not. */
  readonly liveHead: string | null;
  /** Why the live schema was not compared; null where it was. */
  readonly liveUnseen: string | null;
  /** What the pending ones did to the rows of a backup; null: they were tested without. */
  readonly backup: BackupTestData | null;
}

/** What is tested, whatever applies it. */
export interface TestSubject {
  readonly database: DatabaseConfig;
  readonly files: JudgedFiles;
  /** Makes a scratch database that they migrate. */
  readonly withScratch: (
    options: ScratchOptions,
    use: (scratch: Scratch) => Promise<TestOutcome>,
  ) => Promise<TestOutcome>;
  /** Names of what a live database has of them, which are the first ones; or why it cannot be compared. */
  readonly appliedTo: (live: LiveSchema) => Promise<readonly string[] | string>;
}

/** Tests migrations, and compares the live database with what they give. */
export async function runTestOf(
  context: CommandContext,
  args: TestArgs,
  subject: TestSubject,
): Promise<Report<TestData>> {
  const { stack, config, progress, write } = context;
  const { database, files } = subject;
  const place = choosePlaceOf(config, args);
  const live = args.live === false ? undefined : await lookAtLive(context, database);
  const outcome = await untilInterrupted(write, async (waiting) => {
    const { parser } = files;
    const model = modelOf(live);
    const home = await findHome(context, database, model, place);
    const options = scratchOptions(context, database, model, { home, waiting, parser });
    const test = subject.withScratch(options, (scratch) => testMigrations(scratch, files, waiting.signal));
    return progress(`testing ${plural(files.judged.length, "migration")} on a scratch database`, test);
  });
  const compared = await compareLive(context, subject, outcome, live);
  const { findings, schemas: _, ...rest } = outcome;
  const data = {
    database: database.name,
    directory: files.directory,
    scratch: place,
    ...rest,
    liveHead: compared.head,
    liveUnseen: compared.unseen,
    backup: null,
  };
  return { command: "migrate test", stack, data, findings: [...findings, ...compared.findings] };
}

/** Without the live server there is nothing that a scratch one could be like. */
function choosePlaceOf(config: StackConfig, args: TestArgs): ScratchPlace {
  const { live, scratch } = args;
  if (live !== false) return choosePlace(config, args);
  if (scratch === undefined || scratch === "embedded") return "embedded";
  const hint = "leave one of them out: what a scratch database is like there, the stack's own server says";
  throw problemError("--no-live", `contradicts --scratch ${scratch}`, hint);
}

type Live = LiveSchema & {
  readonly administrator: Awaited<ReturnType<CommandContext["outputs"]>>["administrator"];
};

async function lookAtLive({ outputs, progress }: CommandContext, { name }: DatabaseConfig): Promise<Live> {
  const { administrator } = await outputs();
  const live = await progress(`reading the schema of ${name}`, lookInto(administrator, name, readLive));
  return { ...live, administrator };
}

function modelOf(live: Live | undefined): ScratchModel {
  if (live !== undefined) return { ...live, version: live.snapshot.version };
  return { administrator: undefined, version: embeddedMajor() * 10_000, roles: [], extensions: {} };
}

/** The live schema against the one after the last file that is applied there. */
async function compareLive(
  { config }: CommandContext,
  { database, files, appliedTo }: TestSubject,
  outcome: TestOutcome,
  live: Live | undefined,
): Promise<{
  readonly head: string | null;
  readonly unseen: string | null;
  readonly findings: readonly Finding[];
}> {
  const unseen = (reason: string) => ({ head: null, unseen: reason, findings: [] });
  if (live === undefined) return unseen("--no-live");
  const applied = await appliedTo(live);
  if (typeof applied === "string") return unseen(applied);
  const expected = outcome.schemas[applied.length];
  if (expected === undefined) return unseen("a file that is applied there does not run here");
  const { schemas, keepPrivileges } = database;
  // Those are applied in the end, and not with a file: `drift` compares them.
  const repeated = new Set([
    ...madeByRepeatables(live.history ?? emptyHistory),
    ...madeByFiles(files.repeatables),
  ]);
  const { differences } = compareSchemas(
    withoutObjects(comparable(expected, database, config), repeated),
    withoutObjects(comparable(live.snapshot, database, config), repeated),
  );
  const cover = { schemas: schemas.map(({ name }) => name), privileges: !keepPrivileges };
  return {
    head: applied.at(-1) ?? null,
    unseen: null,
    findings: beyondAccess(differences, cover).map((difference) => ({
      subject: subjectOf(difference),
      message: `in the live database: ${describeDifference(difference)}`,
      hint: "`npm run ops -- drift` says what would mend it",
    })),
  };
}
