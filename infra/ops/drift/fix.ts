import { problemError } from "../../../components/core/problem";
import type { CommandContext } from "../command";
import { cannotTell } from "../failure";
import { assertDone, nameOf, readState } from "../state";
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
  assertDone(await progress(`planning ${urns.length} resources of stack ${stack}`, plan), stack, failed);
  if (!yes && (await context.ask?.("Run these statements?")) !== true) return false;
  assertDone(await pulumi(["up", "--yes", "--skip-preview", ...targets], { show: write }), stack, failed);
  return true;
}

const failed = "the drift could not be mended";

/** The URNs of resources that are named by type and name, such as `Access promptforge`. */
async function findUrns(context: CommandContext, names: ReadonlySet<string>): Promise<string[]> {
  const { stack } = context;
  const found = (await readState(context)).filter((resource) => {
    const { type } = resource;
    return type.startsWith("pgstead:") && names.has(`${type.split(":").at(-1) ?? ""} ${nameOf(resource)}`);
  });
  if (found.length > 0) return found.map(({ urn }) => urn);
  throw cannotTell(
    `the state of stack ${stack} has none of what differs`,
    [...names].join(", "),
    `bring the whole stack up: \`npm run pulumi -- up --stack ${stack}\``,
  );
}
