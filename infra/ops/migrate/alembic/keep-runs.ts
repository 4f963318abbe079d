import {
  appliedRevisions,
  decideRevisions,
  findRevision,
  type RevisionState,
} from "../../../../components/core/migrations/alembic/decide-revisions";
import { defaultLimits } from "../../../../components/core/migrations/retry";
import { problemError } from "../../../../components/core/problem";
import { exclusivelyWithAlembic, type ExclusiveWork } from "../../../../components/io/alembic/engine";
import { lookWithAlembic } from "../../../../components/io/alembic/look";
import { writeTrail } from "../../../../components/io/migrations/record";
import type { CommandContext } from "../../command";
import type { BaselineArgs, BaselineData } from "../../commands/migrate-baseline";
import type { MigrateCreateArgs, MigrateCreateData } from "../../commands/migrate-create";
import type { RepairArgs, RepairData } from "../../commands/migrate-repair";
import type { Report } from "../../report";
import { plural } from "../../text";
import { confirm, whileMigrating } from "../run-steps";
import { chooseDatabase } from "../stack-database";
import type { LookArgs } from "../directory";
import { toFindings } from "../state";
import { findAlembic, type AlembicDatabase } from "./application";
import { planRevisions } from "./plan-revisions";

/** Has the application's Alembic write a revision of what its models have and the database has not. */
export async function createRun(
  context: CommandContext,
  args: MigrateCreateArgs,
): Promise<Report<MigrateCreateData>> {
  if (args.number === true || args.timestamp === true) {
    const message = "is for files of SQL: Alembic names its revisions itself";
    throw problemError(args.number === true ? "--number" : "--timestamp", message, "leave it out");
  }
  if (args.table !== undefined) {
    throw problemError(
      "--table",
      "is for files of SQL",
      "write the table as a model: Alembic makes a revision of it",
    );
  }
  const alembic = await findOf(context, args);
  const message = args.operands.join(" ");
  const { paths } = await exclusively(context, alembic, ({ bridge }) => bridge.ask("create", { message }));
  return {
    command: "migrate create",
    stack: context.stack,
    data: { path: paths.join("\n"), beside: [] },
    findings: [],
  };
}

/**
 * Takes over a database: what Alembic has applied there by other ways is known from then on, by its checksum; a database
 * without a version gets one (`alembic stamp`).
 */
export async function baselineRun(
  context: CommandContext,
  args: BaselineArgs,
): Promise<Report<BaselineData>> {
  const [to] = args.operands;
  const alembic = await findOf(context, args);
  const state = await look(context, alembic);
  const { files, stamp, problems } = decideBaseline(state, to);
  const report = (taken: boolean): Report<BaselineData> => ({
    command: "migrate baseline",
    stack: context.stack,
    data: { database: alembic.database.name, files, taken },
    findings: toFindings(problems),
  });
  if (files.length === 0) return report(false);
  for (const path of files) context.write(path);
  const question = `Take ${plural(files.length, "revision")} for applied in ${alembic.database.name} of stack ${context.stack}?`;
  if (!(await confirm(context, question, args.yes))) return report(false);
  await exclusively(context, alembic, async ({ session, bridge, state: now }) => {
    if (decideBaseline(now, to).files.join() !== files.join())
      throw problemError("the history", "has changed meanwhile", "run this again");
    if (stamp !== undefined) await bridge.ask("stamp", { revision: stamp });
    for (const { revision, file, checksum } of now.revisions.filter(({ path }) => files.includes(path)))
      await writeTrail(
        session,
        { version: revision, name: file, checksum },
        { action: "baseline", outcome: "done" },
      );
  });
  return report(true);
}

interface Baseline {
  readonly files: readonly string[];
  /** Revision that the database gets. */
  readonly stamp?: string;
  readonly problems: Parameters<typeof toFindings>[0];
}

function decideBaseline(state: RevisionState, to: string | undefined): Baseline {
  const paths = new Map(state.revisions.map(({ revision, path }) => [revision, path]));
  if (state.current.length === 0) {
    const { steps, problems } = decideRevisions(state, to);
    const stamp = (to === undefined ? undefined : findRevision(to, state.revisions))?.revision ?? "head";
    return { files: steps.map(({ path }) => path), stamp, problems };
  }
  if (to !== undefined) {
    const hint = "leave it out: what it has is taken as it is";
    return { files: [], problems: [{ path: to, message: "the database has a version already", hint }] };
  }
  const unknown = appliedRevisions(state).filter(({ origin }) => origin === "elsewhere");
  return { files: unknown.map(({ version }) => paths.get(version) ?? version), problems: [] };
}

/** Takes edited files for what ran. */
export async function repairRun(context: CommandContext, args: RepairArgs): Promise<Report<RepairData>> {
  if (args.forget !== undefined || args.statement !== undefined) {
    const flag = args.forget === undefined ? "--statement" : "--forget";
    throw problemError(flag, "is for files of SQL", "use `alembic stamp` where alembic_version is wrong");
  }
  const alembic = await findOf(context, args);
  // Of what is pending a failed run may have left something: no record mends that.
  const { state: before, left } = await planRevisions(context, alembic, "up", (now) => decideRevisions(now));
  const changes = editedOf(before);
  const report = (repaired: boolean): Report<RepairData> => ({
    command: "migrate repair",
    stack: context.stack,
    data: {
      database: alembic.database.name,
      changes: changes.map(({ path, message }) => ({ path, message })),
      repaired,
    },
    findings: toFindings(left),
  });
  if (changes.length === 0) return report(false);
  for (const { path, message } of changes) context.write(`${path}: ${message}`);
  const question = `Change ${plural(changes.length, "record")} of ${alembic.database.name} of stack ${context.stack}?`;
  if (!(await confirm(context, question, args.yes))) return report(false);
  await exclusively(context, alembic, async ({ session, state }) => {
    if (
      editedOf(state)
        .map(({ message }) => message)
        .join() !== changes.map(({ message }) => message).join()
    )
      throw problemError("the history", "has changed meanwhile", "run this again");
    for (const { migration, message } of changes)
      await writeTrail(session, migration, { action: "repair", outcome: "done", note: message });
  });
  return report(true);
}

/** Applied revisions whose files are others now. */
function editedOf(state: RevisionState) {
  const files = new Map(state.revisions.map((one) => [one.revision, one]));
  return appliedRevisions(state).flatMap((row) => {
    const file = files.get(row.version);
    if (file === undefined || row.checksum === "" || row.checksum === file.checksum) return [];
    const message = `its text: checksum ${row.checksum.slice(0, 12)} becomes ${file.checksum.slice(0, 12)}`;
    const migration = { version: row.version, name: file.file, checksum: file.checksum };
    return [{ path: file.path, message, migration }];
  });
}

function findOf(context: CommandContext, { database }: LookArgs): Promise<AlembicDatabase> {
  return findAlembic(context, chooseDatabase(context.config, database));
}

function look(context: CommandContext, { login, setup, database }: AlembicDatabase): Promise<RevisionState> {
  const work = lookWithAlembic({ ...login, setup }, ({ state }) => Promise.resolve(state));
  return context.progress(`asking the Alembic of ${database.name}`, work);
}

function exclusively<Result>(
  context: CommandContext,
  { login, setup, database }: AlembicDatabase,
  work: (exclusive: ExclusiveWork) => Promise<Result>,
): Promise<Result> {
  const { administrator: watcher } = database;
  return whileMigrating(context, database, (waiting) =>
    exclusivelyWithAlembic({ ...login, setup, watcher, limits: defaultLimits, waiting }, work),
  );
}
