import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { problemError } from "../../components/core/problem";
import type { ToolchainContext } from "./context";
import { readCheckpoint, type DevStack } from "./dev-stack";
import { devStack } from "./login";
import { run } from "./process";

/** A resource as a deployment has it; what is not named here is kept as it is. */
export interface StateResource {
  readonly [property: string]: unknown;
  readonly urn: string;
  readonly type: string;
  readonly provider?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
}

export interface Deployment {
  readonly [property: string]: unknown;
  readonly resources?: readonly StateResource[];
  readonly pending_operations?: readonly { readonly type: string; readonly resource: StateResource }[];
}

/**
 * Goes on where a killed Pulumi was: what it was creating may be on the server and is not in the state, and its official
 * resource would fail for ever with "already exists". Does nothing while another run is at work.
 */
export async function resumeInterrupted(
  context: ToolchainContext,
  stack: DevStack,
  program: PulumiProgram,
): Promise<void> {
  const pending = readCheckpoint(stack)?.latest?.pending_operations ?? [];
  if (pending.length === 0 || isLocked(stack)) return;
  const pulumi = pulumiOf(context, stack, program);
  const exported = JSON.parse(await pulumi.stack("export")) as Exported;
  const { deployment, adopted } = settleInterrupted(exported.deployment);
  await pulumi.put({ ...exported, deployment });
  const isSeen = adopted.length === 0 || (await pulumi.look(adopted.map(({ urn }) => urn)));
  // A server that is down is started by this run; the next one then looks again.
  if (!isSeen) return pulumi.put(exported);
  const names = adopted.map(({ id }) => String(id)).join(", ");
  context.say(
    `an earlier run was killed: going on from there${names === "" ? "" : `; it was creating ${names}`}`,
  );
}

interface PulumiProgram {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
}

interface Exported {
  readonly [property: string]: unknown;
  readonly deployment: Deployment;
}

function pulumiOf(context: ToolchainContext, stack: DevStack, { program, env }: PulumiProgram) {
  // In the stub: there Pulumi finds the salt, and writes none into the checkout.
  const inStub = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await run(program, ["stack", ...args], { cwd: stack.stub, env });
    if (exitCode === 0) return stdout;
    throw problemError(
      "stack dev",
      `an earlier run was killed, and its state cannot be mended: ${stderr.trim()}`,
      "mend what it says; `npm run pulumi -- refresh` compares the state with the server.",
    );
  };
  return {
    stack: inStub,
    async put(deployment: Exported): Promise<void> {
      const file = join(context.state, `settled-${process.pid}.json`);
      try {
        writeFileSync(file, JSON.stringify(deployment), { mode: 0o600 });
        await inStub("import", "--file", file);
      } finally {
        rmSync(file, { force: true });
      }
    },
    /** Takes out of the state what is not on the server; false where that cannot be found out. */
    async look(urns: readonly string[]): Promise<boolean> {
      const args = ["refresh", "--yes", "--skip-preview", "--non-interactive"];
      const copy = `--config-file=${join(stack.stub, `Pulumi.${devStack}.yaml`)}`;
      const targets = urns.flatMap((urn) => ["--target", urn]);
      const { exitCode } = await run(program, [...args, copy, ...targets], { cwd: context.project, env });
      return exitCode === 0;
    },
  };
}

function isLocked(stack: DevStack): boolean {
  return existsSync(stack.locks) && readdirSync(stack.locks).some((name) => name.endsWith(".json"));
}

/**
 * The deployment without interrupted operations: objects of the server that were being created count as created, until
 * somebody has looked. Own resources are made again without harm. Pure.
 */
export function settleInterrupted(deployment: Deployment): {
  readonly deployment: Deployment;
  readonly adopted: readonly StateResource[];
} {
  const { pending_operations: pending = [], ...rest } = deployment;
  const resources = deployment.resources ?? [];
  const known = new Set(resources.map(({ urn }) => urn));
  const providers = new Set(resources.map(({ urn, id }) => `${urn}::${String(id)}`));
  const adopted = new Map<string, StateResource>();
  for (const { type, resource } of pending) {
    const id = officialId(resource);
    // One whose provider is gone was of a server that was destroyed since.
    if (type !== "creating" || id === undefined || !providers.has(resource.provider ?? "")) continue;
    if (known.has(resource.urn)) continue;
    const { __defaults, ...outputs } = resource.inputs ?? {};
    adopted.set(resource.urn, { ...resource, id, outputs: { ...outputs, id } });
  }
  const created = [...adopted.values()];
  return { deployment: { ...rest, resources: [...resources, ...created] }, adopted: created };
}

/** The id that an official resource has; undefined for resources of pgstead's own. */
function officialId({ type, inputs = {} }: StateResource): string | undefined {
  const { name, database } = inputs;
  if (typeof name !== "string") return undefined;
  if (type === "postgresql:index/role:Role" || type === "postgresql:index/database:Database") return name;
  const isInDatabase =
    type === "postgresql:index/schema:Schema" || type === "postgresql:index/extension:Extension";
  return isInDatabase && typeof database === "string" ? `${database}.${name}` : undefined;
}
