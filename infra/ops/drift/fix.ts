import { problemError } from "../../../components/core/problem";
import type { CommandContext } from "../command";
import { cannotTell } from "../failure";
import { explainFailure } from "../pulumi-outputs";
import type { DriftItem } from "./drift-item";

/**
 * Shows the whole plan of the own resources that drifted, asks, and runs `pulumi up` for them alone. A change of the
 * configuration that waits for them is in that plan as well.
 *
 * @returns false where the person said no
 */
export async function fixDrift(
  context: CommandContext,
  drift: readonly DriftItem[],
  { yes }: { readonly yes: boolean },
): Promise<boolean> {
  const { stack, pulumi, write, progress } = context;
  if (!yes && context.ask === undefined) {
    const hint = "add --yes where nobody can be asked; without --fix the command only looks";
    throw problemError("--fix", "asks before it changes the server, and this is no terminal", hint);
  }
  const urns = await findUrns(context, new Set(drift.map(({ resource }) => resource)));
  const targets = ["--stack", stack, ...urns.flatMap((urn) => ["--target", urn])];
  const plan = pulumi(["preview", ...targets], { show: write, plan: "full" });
  await assertDone(context, await progress(`planning ${urns.length} resources of stack ${stack}`, plan));
  if (!yes && (await context.ask?.("Run these statements?")) !== true) return false;
  await assertDone(context, await pulumi(["up", "--yes", "--skip-preview", ...targets], { show: write }));
  return true;
}

interface State {
  readonly deployment?: { readonly resources?: readonly { readonly urn: string; readonly type: string }[] };
}

/** The URNs of resources that are named by type and name, such as `Access promptforge`. */
async function findUrns(context: CommandContext, names: ReadonlySet<string>): Promise<string[]> {
  const { stack, pulumi, progress } = context;
  const exported = pulumi(["stack", "export", "--stack", stack]);
  const answer = await progress(`reading the state of stack ${stack}`, exported);
  await assertDone(context, answer);
  const { deployment } = JSON.parse(answer.stdout) as State;
  const found = (deployment?.resources ?? []).filter(({ urn, type }) => {
    const name = urn.split("::").at(-1) ?? "";
    return type.startsWith("pgstead:") && names.has(`${type.split(":").at(-1) ?? ""} ${name}`);
  });
  if (found.length > 0) return found.map(({ urn }) => urn);
  throw cannotTell(
    `the state of stack ${stack} has none of what differs`,
    [...names].join(", "),
    `bring the whole stack up: \`npm run pulumi -- up --stack ${stack}\``,
  );
}

function assertDone(
  { stack }: CommandContext,
  answer: { exitCode: number; stdout: string; stderr: string },
): Promise<void> {
  if (answer.exitCode === 0) return Promise.resolve();
  const { reason, hint } = explainFailure(`${answer.stdout}\n${answer.stderr}`, stack);
  throw cannotTell("the drift could not be mended", reason || `Pulumi ended with ${answer.exitCode}`, hint);
}
