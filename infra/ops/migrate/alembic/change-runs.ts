import {
  appliedRevisions,
  decideRevisionsBack,
  type RevisionDecision,
  type RevisionState,
} from "../../../../components/core/migrations/alembic/decide-revisions";
import { decideTarget } from "../../../../components/core/migrations/alembic/decide-target";
import {
  lossesOfUpgrade,
  refuseDowngrade,
  refuseUpgrade,
} from "../../../../components/core/migrations/refuse-run";
import type { Finding } from "../../../../components/core/finding";
import type { AppliedMigration } from "../../../../components/core/migrations/history";
import type { PartName } from "../../../../components/core/migrations/gate/judge";
import { allowedLosses, gateLosses, type LossGate } from "../../backup/gate";
import type { CommandContext } from "../../command";
import { gateDowngrade, keepDown, parseTarget, type DowngradeArgs } from "../../commands/migrate-downgrade";
import type { UpgradeArgs } from "../../commands/migrate-upgrade";
import type { Report } from "../../report";
import { plural } from "../../text";
import { limitsOf, type LimitArgs } from "../limits";
import { plain, reportRun, type RunData } from "../run-report";
import { confirm } from "../run-steps";
import { renderSteps } from "../script";
import { chooseDatabase } from "../stack-database";
import type { LookArgs } from "../directory";
import { toFindings } from "../state";
import { findAlembic } from "./application";
import { planRevisions, runPlanned, type PlannedRevisions } from "./plan-revisions";

interface ChangeArgs extends LookArgs, LimitArgs {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** One way of changing a database. */
interface Change {
  readonly command: string;
  readonly direction: PartName;
  readonly decide: (state: RevisionState) => RevisionDecision;
  readonly refuse: (planned: PlannedRevisions) => readonly Finding[];
  /** What its losses wait for. */
  readonly gate: (planned: PlannedRevisions) => Promise<LossGate>;
  readonly question: (what: string) => string;
  /** What follows once something ran, with what is applied then. */
  readonly after?: (left: readonly AppliedMigration[]) => Promise<void>;
}

/** Applies what is pending. */
export function upgradeRun(context: CommandContext, args: UpgradeArgs): Promise<Report<RunData>> {
  const { name: database, migrations } = chooseDatabase(context.config, args.database);
  const [to] = args.operands;
  const losses = { database, ...allowedLosses(context.config) };
  return change(context, args, {
    command: "migrate upgrade",
    direction: "up",
    decide: (state) => decideTarget(state, migrations.target, to),
    refuse: ({ files, steps }) => refuseUpgrade(files, steps, losses),
    gate: ({ files, steps }) => gateLosses(context, database, lossesOfUpgrade(files, steps, losses)),
    question: (what) => `Apply ${what} to ${database} of stack ${context.stack}?`,
  });
}

/** Takes revisions back. */
export function downgradeRun(context: CommandContext, args: DowngradeArgs): Promise<Report<RunData>> {
  const target = parseTarget(args.operands[0] ?? "");
  const { name: database } = chooseDatabase(context.config, args.database);
  return change(context, args, {
    command: "migrate downgrade",
    direction: "down",
    decide: (state) => decideRevisionsBack(state, target),
    refuse: ({ files, steps }) => refuseDowngrade(files, steps, args.allowDataLoss === true),
    gate: ({ files, steps }) => gateDowngrade(context, args, { database, files, steps }),
    question: (what) => `Take ${what} of ${database} of stack ${context.stack} back?`,
    after: (left) => keepDown(context, database, left),
  });
}

async function change(
  context: CommandContext,
  args: ChangeArgs,
  { command, direction, decide, refuse, gate: gateOf, question, after }: Change,
): Promise<Report<RunData>> {
  const { stack } = context;
  const declared = chooseDatabase(context.config, args.database);
  const alembic = await findAlembic(context, declared);
  const planned = await planRevisions(context, alembic, direction, decide);
  const { files, steps, problems } = planned;
  const described = { command, stack, database: declared.name, files, steps, dryRun: args.dryRun };
  const gate = await gateOf(planned);
  const refused = [...toFindings(problems), ...refuse(planned), ...gate.refused];
  if (refused.length > 0 || args.dryRun === true) return reportRun(described, undefined, refused);
  const applied = appliedRevisions(planned.state);
  if (steps.length === 0) {
    // It is there, and a run that was killed may not have come to what follows.
    await after?.(applied);
    return reportRun(described, undefined);
  }
  context.write([renderSteps(files, steps, plain), ...gate.told].join("\n"));
  if (!(await confirm(context, question(plural(steps.length, "revision")), args.yes)))
    return reportRun(described, undefined);
  const unsaved = await gate.saveFirst();
  if (unsaved.length > 0) return reportRun(described, undefined, unsaved);
  const limits = limitsOf(args, declared.migrations);
  const outcome = await runPlanned(context, alembic, limits, planned, decide);
  if (outcome.done.length > 0) await after?.(applied.slice(0, -outcome.done.length));
  return reportRun(described, outcome);
}
