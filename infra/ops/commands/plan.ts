import type { Finding } from "../../../components/core/finding";
import type { Colors } from "../colors";
import type { OpsCommand, CommandContext, Rendering } from "../command";
import { cannotTell, CannotTellError } from "../failure";
import { findErrors, parsePreview, splitError, type Preview } from "../plan/preview";
import { renderStackPlan, summaryLine } from "../plan/render";
import { resolvePlan, type PlanData } from "../plan/resolve";
import { renderScript } from "../plan/script";
import type { Answer } from "../pulumi";
import { explainFailure } from "../pulumi-outputs";
import type { Report } from "../report";

interface PlanArgs {
  readonly sql?: boolean;
  readonly expectNoChanges?: boolean;
}

/** Shows the SQL that the next `pulumi up` would run, whole. */
export const planCommand: OpsCommand<PlanArgs, PlanData> = {
  name: "plan",
  summary: "show every statement that the next `pulumi up` would run",
  declare: (command) => {
    command
      .option("--sql", "print one psql script; verifiers are variables, steps that are not SQL are comments")
      .option("--expect-no-changes", "end with 1 where there is anything to do")
      .addHelpText("after", help);
  },
  run: readPlan,
  render: ({ stack, data }, { sql }, colors) => renderReport(stack, data, { sql, colors }),
};

const help = `
Nothing is changed: it is \`pulumi preview\`, with plans of any length. A plan that something refuses, or whose server
could not be read, is a finding (1); a plan that can run is none (0), unless nothing was expected.

JSON: data.summary { statements, risks, refusals }; data.resources [{ resource, urn, op, database, statements [{ sql,
reason, risk, kind, database?, step?, transactional?, by?, redacted?, variable? }], refusals [{ subject, message, hint }],
undeclared [{ kind, subject, message }], unread? }]; data.changes [{ op, resource, urn }]; data.variables [{ name, role }];
data.warnings. Where \`redacted\` is true, \`sql\` has '[verifier]' in place of what \`variable\` holds in the script.

Examples:
  npm run ops -- plan --stack prod
  npm run --silent ops -- plan --sql > plan.sql
  npm run --silent ops -- plan --json | jq '.data.resources[].statements[].sql'`;

async function readPlan(context: CommandContext, args: PlanArgs): Promise<Report<PlanData>> {
  const { stack, pulumi, progress } = context;
  const asked = pulumi(["preview", "--json", "--non-interactive", "--stack", stack], { plan: "json" });
  const answer = await progress(`planning stack ${stack}`, asked);
  const preview = readPreview(stack, answer);
  const data = resolvePlan(preview);
  const refused = data.summary.refusals > 0;
  const errors = findErrors(preview, { refused });
  if (answer.exitCode !== 0 && !refused) throw previewFailed(stack, errors, answer);
  const findings = [
    ...findRefusals(data),
    ...findOthers(stack, errors),
    ...findUnread(data),
    ...findUnexpected(stack, data, args),
  ];
  return { command: "plan", stack, data, findings };
}

function readPreview(stack: string, answer: Answer): Preview {
  if (answer.exitCode === 0 || answer.stdout.trimStart().startsWith("{")) return parsePreview(answer.stdout);
  const { reason, hint } = explainFailure(answer.stderr, stack);
  throw cannotTell(
    `stack ${stack} cannot be planned`,
    reason || `Pulumi ended with ${answer.exitCode}`,
    hint,
  );
}

/** What the preview said of its failure; nothing of it was refused. */
function previewFailed(stack: string, errors: readonly string[], { exitCode, stderr }: Answer): Error {
  const title = `stack ${stack} cannot be planned`;
  const { reason, hint } = explainFailure(stderr, stack);
  if (errors.length === 0)
    return cannotTell(title, reason || `Pulumi ended with exit code ${exitCode}`, hint);
  const problems = errors.map(splitError).map((error) => ({ path: "", ...error, hint: error.hint ?? hint }));
  return new CannotTellError(title, problems);
}

function findRefusals({ resources }: PlanData): Finding[] {
  return resources.flatMap(({ refusals }) =>
    refusals.map(({ subject, message, hint }) => ({ subject, message: `refused: ${message}`, hint })),
  );
}

function findOthers(stack: string, errors: readonly string[]): Finding[] {
  return errors.map(splitError).map(({ message, hint = "mend it, then plan again" }) => ({
    subject: `preview of stack ${stack}`,
    message,
    hint,
  }));
}

function findUnread({ resources }: PlanData): Finding[] {
  const hint = "the plan holds what the state alone can tell: bring the server up, then plan again";
  return resources.flatMap(({ resource, unread }) =>
    unread === undefined ? [] : [{ subject: resource, message: `its server was not read: ${unread}`, hint }],
  );
}

function findUnexpected(stack: string, data: PlanData, { expectNoChanges }: PlanArgs): Finding[] {
  const empty = data.summary.statements === 0 && data.changes.length === 0;
  if (expectNoChanges !== true || empty || data.summary.refusals > 0) return [];
  const hint = `\`npm run pulumi -- up --stack ${stack}\` does it; or declare what is right`;
  return [{ subject: `stack ${stack}`, message: `nothing to do was expected: ${summaryLine(data)}`, hint }];
}

function renderReport(
  stack: string,
  data: PlanData,
  { sql, colors }: { readonly sql: boolean | undefined; readonly colors: Colors },
): Rendering {
  if (sql !== true) return { output: renderStackPlan(stack, data, colors) };
  // A script of a plan that must not run, or that is not whole, would be run by somebody.
  const whole = data.summary.refusals === 0 && data.resources.every(({ unread }) => unread === undefined);
  return { output: whole ? renderScript(stack, data) : "", machine: true };
}
