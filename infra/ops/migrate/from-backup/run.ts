import type { ConnectionTarget } from "../../../../components/core/connection";
import type { Finding } from "../../../../components/core/finding";
import { changedSizes, type TableChange } from "../../../../components/core/migrations/effect";
import { findMigrator } from "../../../../components/core/migrations/migrator";
import type { MigrationStep } from "../../../../components/core/migrations/decide";
import { statementsOf, worstOf, type JudgedFiles } from "../../../../components/core/migrations/judged-files";
import type { RunLimits } from "../../../../components/core/migrations/retry";
import type { Problem } from "../../../../components/core/problem";
import type { Repeatable } from "../../../../components/core/repeatables/repeatable";
import { admitLogins, type RestoredServer } from "../../../../components/io/drill/restored-server";
import type { MigrationEngine } from "../../../../components/io/migrations/engine";
import { prepareHistory } from "../../../../components/io/migrations/history";
import { makeMissing } from "../../../../components/io/scratch/declared";
import {
  measure,
  readSizes,
  type LockLog,
  type MeasuredRun,
} from "../../../../components/io/scratch/measure";
import { changedContents, readContents } from "../../../../components/io/scratch/rows";
import { withSession } from "../../../../components/io/session";
import type { Waiting } from "../../../../components/io/waiting";
import type { DatabaseConfig } from "../../../config";
import type { CommandContext } from "../../command";
import { declaredState } from "../../schema/scratch-options";
import { plural } from "../../text";
import type { StackDatabase } from "../stack-database";
import { toFindings } from "../state";
import { testMigrations, type TestOutcome } from "../test-run";

/** What is pending in a restored database. */
export interface PendingMigrations {
  readonly steps: readonly MigrationStep[];
  /** What keeps all of them from running. */
  readonly problems: readonly Problem[];
  /** What a run on the live database would be refused for. */
  readonly refused: readonly Finding[];
  /** All of them, where they are applied at the end. */
  readonly repeatables: readonly Repeatable[];
  /** How many of them differ from what is applied. */
  readonly repeats: number;
}

/** What migrations of one kind are run with. */
export interface EngineParts {
  readonly database: StackDatabase;
  readonly limits: RunLimits;
  readonly waiting: Waiting;
  readonly log: LockLog;
}

/** Migrations that are tested on a backup, whatever applies them. */
export interface BackupSubject {
  readonly database: DatabaseConfig;
  /** Both ways. */
  readonly files: JudgedFiles;
  readonly plan: (database: StackDatabase) => Promise<PendingMigrations>;
  readonly engine: (parts: EngineParts) => MigrationEngine;
}

/** What came of it. */
export interface BackupOutcome extends TestOutcome {
  readonly notes: readonly string[];
  readonly runs: readonly MeasuredRun[];
  readonly tables: readonly TableChange[];
}

type Server = Pick<RestoredServer, "administrator" | "database">;

/** Runs what is pending on a restored server, as a run on the live one would, takes it back and runs it again. */
export async function testOnServer(
  context: CommandContext,
  subject: BackupSubject,
  server: Server,
  waiting: Waiting,
): Promise<BackupOutcome> {
  const notes = await makeDeclared(context, subject.database, server);
  const database = await openDatabase(subject.database, server, notes, waiting);
  const { administrator, name } = database;
  const pending = await subject.plan(database);
  if (pending.problems.length > 0) return { ...nothing(toFindings(pending.problems)), notes };
  const options = { database: name, asItself: true, applicationName: "pgstead scratch" };
  return withSession(administrator, options, async (session) => {
    const quiet = { ...waiting, say: () => Promise.resolve() };
    const { limits } = subject.database.migrations;
    const parts = { database, limits: { ...limits, attempts: 1 }, waiting: quiet };
    const { engine, runs } = measure(session, (log) => subject.engine({ ...parts, log }), context.progress);
    const scratch = {
      ...{
        administrator,
        database: name,
        login: database.login,
        engine: plannedFirst(engine, pending.steps),
      },
      grant: () => Promise.resolve(),
    };
    const files = pendingFiles(subject.files, pending);
    const rows = followRows(context, { administrator, name }, lossy(files.judged));
    await rows.before();
    const outcome = await testMigrations(scratch, files, waiting.signal, rows);
    const again = outcome.findings.length === 0 ? await left(subject, database) : [];
    return {
      ...outcome,
      findings: [...pending.refused, ...outcome.findings, ...rows.findings, ...again],
      remarks: [...outcome.remarks, ...rows.remarks],
      notes,
      runs,
      tables: rows.changes(),
    };
  });
}

function nothing(findings: readonly Finding[]): Omit<BackupOutcome, "notes"> {
  return {
    ...{ applied: [], reversed: [], irreversible: null, remarks: [], schemas: [], runs: [], tables: [] },
    findings,
  };
}

/** Roles, schemas and extensions that are declared since: `up` makes them before it migrates. */
async function makeDeclared(
  context: CommandContext,
  { name }: DatabaseConfig,
  { administrator, database }: Server,
): Promise<string[]> {
  if (database !== name) return [];
  const state = declaredState(context, name, { roles: [], extensions: {} });
  const fault = await makeMissing(administrator, database, state);
  if (fault === undefined) return [];
  return [`what is declared besides was not made, and the migrations have what the backup has: ${fault}`];
}

/** As whom they run: the migrator, where the backup has it. */
async function openDatabase(
  { owner, roles, name: declared }: DatabaseConfig,
  { administrator, database: name }: Server,
  notes: string[],
  waiting: Waiting,
): Promise<StackDatabase> {
  const wanted = migratorOf({ roles });
  const [migrator] = await admitLogins(
    { administrator, database: name },
    wanted === undefined ? [] : [wanted],
  );
  if (wanted !== undefined && migrator === undefined)
    notes.push(`the backup of ${declared} has no role ${wanted}: its superuser migrates here`);
  const options = { database: name, asItself: true, applicationName: "pgstead scratch" };
  await withSession(administrator, options, (session) => prepareHistory(session, migrator, waiting));
  const login: ConnectionTarget =
    migrator === undefined ? administrator : { ...administrator, user: migrator };
  return { name, owner, administrator, login, migrator };
}

/** The login that migrates; undefined: the administrator. */
export function migratorOf({ roles }: Pick<DatabaseConfig, "roles">): string | undefined {
  return findMigrator(roles.map((role) => ({ ...role, migrator: role.key === "migrator" })));
}

/** Those that are pending alone, with their ways back. */
function pendingFiles(
  { judged }: JudgedFiles,
  { steps, repeatables }: PendingMigrations,
): Pick<JudgedFiles, "judged" | "repeatables"> {
  const versions = new Set(steps.map(({ migration }) => migration.version));
  return { judged: judged.filter(({ migration }) => versions.has(migration.version)), repeatables };
}

/** The first time each runs as it was planned: where a half-done one goes on, and with what alone it may send. */
function plannedFirst(engine: MigrationEngine, steps: readonly MigrationStep[]): MigrationEngine {
  const planned = new Map(steps.map((step) => [step.migration.version, step]));
  return {
    ...engine,
    run: (decide, repeating) =>
      engine.run(
        (history) =>
          decide(history).map((step) => {
            const first = step.direction === "up" ? planned.get(step.migration.version) : undefined;
            planned.delete(step.migration.version);
            return first ?? step;
          }),
        repeating,
      ),
  };
}

/** Files whose up part loses data by its own word. */
function lossy(judged: JudgedFiles["judged"]): string[] {
  return judged
    .filter(({ up }) => up.some(({ findings }) => findings.some((of) => of.class === "data-loss")))
    .map(({ migration }) => migration.path);
}

/** Counts rows before and after, and sees whether the way back brings all of them back. */
function followRows(
  { progress }: Pick<CommandContext, "progress">,
  { administrator, name }: { readonly administrator: ConnectionTarget; readonly name: string },
  losing: readonly string[],
) {
  const findings: Finding[] = [];
  const remarks: { subject: string; message: string }[] = [];
  const sizes = (): ReturnType<typeof readSizes> =>
    progress(`counting the rows of ${name}`, readSizes(administrator, name));
  const contents = (): ReturnType<typeof readContents> => {
    const options = { database: name, asItself: true, applicationName: "pgstead scratch" };
    return progress(`reading the rows of ${name}`, withSession(administrator, options, readContents));
  };
  let [had, has] = [[], []] as Awaited<ReturnType<typeof readSizes>>[];
  let held: Awaited<ReturnType<typeof readContents>> = new Map();
  return {
    findings,
    remarks,
    async before() {
      had = await sizes();
      held = await contents();
    },
    async afterUp() {
      has = await sizes();
    },
    async afterDown(whole: boolean) {
      const changed = whole ? changedContents(held, await contents()) : [];
      if (changed.length === 0) return;
      const message = `the rows of ${changed.join(", ")} are not what they were once all is taken back`;
      const hint = "keep what an up part takes away, or say `-- irreversible: <reason>` in its header";
      if (losing.length === 0) findings.push({ subject: "down parts", message, hint });
      else remarks.push({ subject: losing.join(", "), message: `${message}, as its up part says` });
    },
    changes: () => changedSizes(had ?? [], has ?? []),
  };
}

/** What a second run would do, which is to be nothing. */
async function left(subject: BackupSubject, database: StackDatabase): Promise<Finding[]> {
  const { steps, problems, repeats } = await subject.plan(database);
  const hint = "look at what it writes into schema pgstead or into Alembic's version table";
  return [
    ...toFindings(problems),
    ...steps.map((step) => {
      const of = worstOf(statementsOf(subject.files, step));
      return { subject: step.migration.path, message: `a second run would run it again (${of})`, hint };
    }),
    ...(repeats === 0
      ? []
      : [
          {
            subject: "repeatable files",
            message: `a second run would apply ${plural(repeats, "file")} again`,
            hint,
          },
        ]),
  ];
}
