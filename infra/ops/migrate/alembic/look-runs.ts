import {
  appliedRevisions,
  compareRevisions,
} from "../../../../components/core/migrations/alembic/decide-revisions";
import { decideTarget } from "../../../../components/core/migrations/alembic/decide-target";
import type { Finding } from "../../../../components/core/finding";
import { statementsOf, worstOf } from "../../../../components/core/migrations/judged-files";
import { ProblemError } from "../../../../components/core/problem";
import { visible } from "../../../../components/core/visible";
import type { CheckAnswer } from "../../../../components/io/alembic/bridge";
import { lookWithAlembic } from "../../../../components/io/alembic/look";
import type { CommandContext } from "../../command";
import { pendingFindings } from "../../commands/migrate-status";
import type { SqlArgs, SqlData } from "../../commands/migrate-sql";
import type { Report } from "../../report";
import { renderScript } from "../script";
import { chooseDatabase } from "../stack-database";
import type { LookArgs } from "../directory";
import { noRepeats } from "../repeats";
import { toFindings, type MigrationState } from "../state";
import { findAlembic } from "./application";
import { planRevisions } from "./plan-revisions";

/** What the commands show that look, with what its models say where they were compared. */
export interface AlembicState extends MigrationState {
  readonly models?: CheckAnswer;
}

async function readState(
  context: CommandContext,
  { database: wanted }: LookArgs,
  options: { readonly models?: true } = {},
): Promise<AlembicState> {
  const declared = chooseDatabase(context.config, wanted);
  const { target } = declared.migrations;
  const alembic = await findAlembic(context, declared);
  const found: { models?: CheckAnswer } = {};
  const planned = await planRevisions(
    context,
    alembic,
    "up",
    (state) => decideTarget(state, target),
    async ({ bridge, state }, { steps, problems }) => {
      // Alembic compares only where nothing is pending.
      const isThere = steps.length === 0 && problems.length === 0 && sameHeads(state.current, state.heads);
      if (options.models === true && isThere) found.models = await bridge.ask("check", {});
    },
  );
  const { state, files, steps, problems } = planned;
  const { held, above } = decideTarget(state, target);
  return {
    database: declared.name,
    directory: alembic.shown,
    applied: appliedRevisions(state),
    pending: steps.map((step) => {
      const { file, path, transactional } = step.migration;
      return { file, path, class: worstOf(statementsOf(files, step)), transactional };
    }),
    held,
    above,
    unfinished: null,
    repeatables: noRepeatables,
    problems,
    ...found,
  };
}

/** What Alembic applies is in its revisions. */
const noRepeatables = { applied: [], pending: [], left: [] } as const;

function sameHeads(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((head) => other.includes(head));
}

/** `status`, `current`. */
export function lookRun(command: string) {
  return async (context: CommandContext, args: LookArgs): Promise<Report<MigrationState>> => {
    const data = await readState(context, args);
    return { command, stack: context.stack, data, findings: toFindings(data.problems) };
  };
}

/** Whether the database is where the files are, and the models with it. */
export async function checkRun(context: CommandContext, args: LookArgs): Promise<Report<MigrationState>> {
  const data = await readState(context, args, { models: true });
  const { models } = data;
  if (models?.skipped !== undefined) context.write(`the models are not compared: ${models.skipped}`);
  const findings = [
    ...toFindings(data.problems),
    ...pendingFindings(data),
    ...modelFindings(models?.operations ?? []),
  ];
  return { command: "migrate check", stack: context.stack, data, findings };
}

function modelFindings(operations: readonly string[]): Finding[] {
  const hint =
    '`migrate create "…"` writes it, where the models are right; where the database was changed by hand, take that back';
  return operations.map((operation) => ({
    subject: "models",
    message: visible(`no revision brings the database to them: ${operation}`),
    hint,
  }));
}

/** Whether what ran is what the files say. */
export async function verifyRun(context: CommandContext, args: LookArgs): Promise<Report<MigrationState>> {
  const declared = chooseDatabase(context.config, args.database);
  const { login, setup, database, shown } = await findAlembic(context, declared);
  const look = lookWithAlembic({ ...login, setup }, ({ state }) => Promise.resolve(state));
  const state = await context.progress(`asking the Alembic of ${database.name}`, look);
  const applied = appliedRevisions(state);
  const elsewhere = applied.filter(({ origin }) => origin === "elsewhere").length;
  if (elsewhere > 0) {
    context.write(
      `${elsewhere} of ${applied.length} ran by other ways than ours: nobody knows their checksums; \`migrate baseline\` takes them as they are`,
    );
  }
  const problems = compareRevisions(state);
  const data = {
    ...{
      database: database.name,
      directory: shown,
      applied,
      pending: [],
      held: [],
      above: [],
      unfinished: null,
      repeatables: noRepeatables,
    },
    problems,
  };
  return { command: "migrate verify", stack: context.stack, data, findings: toFindings(problems) };
}

/** The SQL that would run, as Alembic's offline mode has it. */
export async function sqlRun(
  context: CommandContext,
  { operands: [to], all, database: wanted }: SqlArgs,
): Promise<Report<SqlData>> {
  const declared = chooseDatabase(context.config, wanted);
  const alembic = await findAlembic(context, declared);
  const { steps, problems, left } = await planRevisions(context, alembic, "up", (state) =>
    decideTarget(all === true ? { ...state, current: [] } : state, declared.migrations.target, to),
  );
  const unknown = problems.filter((problem) => !left.includes(problem));
  if (unknown.length > 0) throw new ProblemError("what would run cannot be told", unknown);
  const data = {
    files: steps.map(({ migration }) => migration.path),
    sql: renderScript(steps, noRepeats, alembic.database.owner),
  };
  return { command: "migrate sql", stack: context.stack, data, findings: [] };
}
