import type { Finding } from "../../../components/core/finding";
import { isLeftOver } from "../../../components/core/operations/indexes";
import {
  planMaintenance,
  type MaintenancePlan,
  type MaintenanceStep,
} from "../../../components/core/operations/maintenance";
import type {
  MaintenanceAction,
  MaintenanceCatalog,
} from "../../../components/core/operations/maintenance-facts";
import { plainName } from "../../../components/core/operations/relation";
import { nameSql } from "../../../components/core/repeatables/objects";
import { readMaintenance } from "../../../components/io/catalog/maintenance";
import { runMaintenance, type MaintenanceOutcome } from "../../../components/io/maintenance";
import { refusePreviewLogin } from "../../../components/io/preview-login";
import { colorsFor } from "../colors";
import type { CommandContext } from "../command";
import { CancelledError, untilInterrupted } from "../interrupt";
import { confirm } from "../migrate/run-steps";
import { chooseDatabase } from "../migrate/stack-database";
import type { Report } from "../report";
import { openWatcher } from "../watcher";
import { assertFullConfirmable, assertRoom, typeName } from "./full";
import { renderPlan } from "./render";
import type { MaintenanceArgs, MaintenanceData, MaintainedStep } from "./maintenance-report";

/** Shows what would run, asks, runs it, and tells how each ended. */
export async function maintain(
  context: CommandContext,
  action: MaintenanceAction,
  args: MaintenanceArgs,
): Promise<Report<MaintenanceData>> {
  refusePreviewLogin();
  const { name: database } = chooseDatabase(context.config, args.database);
  if (args.full === true) assertFullConfirmable(context, args, database);
  const watcher = await openWatcher(context);
  const look = (): Promise<MaintenanceCatalog> => watcher.asAdministrator(database, readMaintenance);
  const before = await context.progress(`looking into database ${database}`, look());
  const { operands: names, full = false, freeze = false, locking = false, lockTimeout } = args;
  const plan = planMaintenance(before, {
    ...{ action, names, full, freeze, locking },
    ...(lockTimeout === undefined ? {} : { lockTimeoutMs: lockTimeout }),
  });
  const remarks = [
    ...(full ? await assertRoom(context, watcher, database, plan.steps) : []),
    ...(action === "reindex" && before.entersToast === false ? [withoutToast] : []),
  ];
  const planned = { database, action, dryRun: args.dryRun === true, skipped: plan.skipped, remarks };
  if (args.dryRun === true || plan.steps.length === 0)
    return end(context, planned, plan.steps, skippedFindings(plan, names));
  if (!(await mayGoOn(context, args, database, { ...planned, steps: plan.steps }))) {
    return end(context, planned, plan.steps, full ? notTyped(database) : []);
  }
  const run = await runAll(context, database, plan.steps);
  const after = await look();
  return {
    ...end(
      context,
      planned,
      plan.steps,
      [...run.findings, ...skippedFindings(plan, names), ...leftOverFindings(after, plan.steps)],
      run.outcomes,
      after,
    ),
    ...(run.cancelled ? { cancelled: true } : {}),
  };
}

const withoutToast =
  "indexes of TOAST are left out: only a superuser may name them; their tables' owner has REINDEX TABLE CONCURRENTLY";

async function mayGoOn(
  context: CommandContext,
  args: MaintenanceArgs,
  database: string,
  planned: Parameters<typeof renderPlan>[0],
): Promise<boolean> {
  if (args.full === true && args.confirm !== undefined) return true;
  if (args.yes !== true) context.write(renderPlan(planned, colorsFor(process.stderr, process.env)));
  if (args.full === true) return typeName(context, database);
  const count = planned.steps.length;
  const what = `${count} ${count === 1 ? "statement" : "statements"}`;
  return confirm(context, `Run ${what} in database ${database}?`, args.yes);
}

interface Run {
  readonly outcomes: readonly MaintenanceOutcome[];
  readonly findings: readonly Finding[];
  readonly cancelled: boolean;
}

async function runAll(
  context: CommandContext,
  database: string,
  steps: readonly MaintenanceStep[],
): Promise<Run> {
  const { administrator } = await context.outputs();
  const outcomes: MaintenanceOutcome[] = [];
  const ended = (outcome: MaintenanceOutcome): void => {
    outcomes.push(outcome);
    const { step, durationMs, failure } = outcome;
    context.write(
      `${failure === undefined ? "done" : "failed"}: ${step.sql} (${(durationMs / 1000).toFixed(1)} s)`,
    );
  };
  const findings = (): Finding[] => outcomes.flatMap(failureFinding);
  try {
    await untilInterrupted(context.write, (waiting) =>
      runMaintenance({ login: administrator, database, steps, waiting }, ended),
    );
    return { outcomes, findings: findings(), cancelled: false };
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    const step = steps[outcomes.length];
    const message = `was cancelled: ${outcomes.length} of ${steps.length} statements had ended${step === undefined ? "" : `, ${step.sql} was ended on the server`}`;
    const hint = "what had ended stays; run this again for the rest";
    return { outcomes, findings: [...findings(), { subject: database, message, hint }], cancelled: true };
  }
}

function failureFinding({ step, failure }: MaintenanceOutcome): Finding[] {
  if (failure === undefined) return [];
  const hint = failure.startsWith("the lock")
    ? "let that session finish, end it (`npm run ops -- locks`), or wait longer with --lock-timeout"
    : "mend that, then run this again for it alone";
  return [{ subject: step.subject, message: `${step.sql}: ${failure}`, hint }];
}

/** What somebody named and was left out is told; of a whole database it is a line of the report. */
function skippedFindings({ skipped }: MaintenancePlan, names: readonly string[]): Finding[] {
  if (names.length === 0) return [];
  return skipped.map(({ subject, reason }) => ({
    subject,
    message: `was left out: ${reason}`,
    hint: "see `npm run ops -- reindex --help`, and who owns it",
  }));
}

function leftOverFindings({ indexes }: MaintenanceCatalog, steps: readonly MaintenanceStep[]): Finding[] {
  const tables = new Set(steps.map(({ table }) => table));
  return indexes
    .filter((index) => tables.has(index.table) && isLeftOver(index))
    .map((index) => ({
      subject: plainName(index),
      message:
        "is left over from a REINDEX CONCURRENTLY that did not end: it takes writes and serves no query",
      hint: `run this again, which drops it first, or DROP INDEX CONCURRENTLY ${nameSql(index)}`,
    }));
}

function notTyped(database: string): Finding[] {
  const message = "nothing was done: what was typed is not its name";
  return [{ subject: database, message, hint: "run this again to type it" }];
}

function end(
  { stack }: CommandContext,
  planned: Omit<MaintenanceData, "steps" | "confirmed">,
  steps: readonly MaintenanceStep[],
  findings: readonly Finding[],
  outcomes?: readonly MaintenanceOutcome[],
  after?: MaintenanceCatalog,
): Report<MaintenanceData> {
  const sizes = after === undefined ? new Map<string, number>() : sizesOf(after, planned.action);
  const described = steps.map((step): MaintainedStep => {
    const ended = outcomes?.find((outcome) => outcome.step === step);
    const { subject, sql: statement, lock, sizeBytes, needsBytes, runAs, lockTimeoutMs } = step;
    return {
      ...{ subject, statement, lock, sizeBytes, needsBytes, runAs, lockTimeoutMs },
      outcome:
        outcomes === undefined
          ? "planned"
          : ended === undefined
            ? "left"
            : ended.failure === undefined
              ? "done"
              : "failed",
      durationMs: ended?.durationMs ?? null,
      sizeAfterBytes: ended === undefined ? null : (sizes.get(subject) ?? null),
    };
  });
  const confirmed = outcomes !== undefined;
  return {
    command: planned.action,
    stack,
    data: { ...planned, confirmed, steps: described },
    findings,
  };
}

function sizesOf({ tables, indexes }: MaintenanceCatalog, action: MaintenanceAction): Map<string, number> {
  return new Map([
    ...tables.map((table): [string, number] => [
      plainName(table),
      table.sizeBytes + (action === "analyze" ? 0 : table.indexBytes),
    ]),
    ...indexes.map((index): [string, number] => [plainName(index), index.sizeBytes]),
  ]);
}
