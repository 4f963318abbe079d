import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { problemError, type ProblemError } from "../../../components/core/problem";
import { EngineUnreachableError } from "../../../components/io/docker/failure";
import { hasFlag, isDestroy, isUpdate, readOptions, type PulumiCommand } from "../arguments";
import type { ToolchainContext } from "../context";
import { configFile, readDockerStack, stackFile } from "./docker-stack";
import type { PulumiEnvironment } from "../environment";
import type { Deployment } from "../interrupted";
import { devStack } from "../login";
import { run } from "../process";
import { assertNothingProtected } from "./protected-resources";
import { dockerObjects, type DockerObjects, type StateObject } from "./state-containers";

/** A Pulumi command line, as it was given. */
export interface Given {
  readonly command: PulumiCommand;
  readonly args: readonly string[];
}

/**
 * Makes the state and the engine fit together again, before a command that would change containers.
 *
 * Containers that somebody removed by hand go out of the state: the docker plugin can neither replace nor delete one that
 * is not there, and the command would fail on it for ever. What a killed run was making, and no state knows, goes from
 * the engine, where its name would be in the way for ever. A stack with protected resources is not destroyed.
 *
 * A stack of another target costs a look at its file. Of an engine that does not answer nothing is said: the command
 * says it. One that has none of the stack's volumes either may be another engine: nothing is forgotten then.
 *
 * @throws ProblemError the state or the engine cannot be changed; something is protected
 */
export async function settleContainers(
  context: ToolchainContext,
  environment: PulumiEnvironment,
  given: Given,
): Promise<void> {
  const { command, args } = given;
  const isTouched = touchedContainers(given);
  if (isTouched === undefined || command.hasDirectory) return;
  const file = stackFile(context, environment.login, command, args);
  if (!existsSync(file) || readDockerStack(readFileSync(file, "utf8")) === undefined) return;
  const pulumi = pulumiOf(context, environment, given);
  const state = await pulumi.readState();
  assertNothingProtected(state, given);
  const engines = dockerObjects(state, context).map((engine) => ({
    ...engine,
    leftOvers: engine.leftOvers.filter(({ urn }) => isTouched(urn)),
  }));
  if (engines.length === 0) return;
  await removeAllLeftOvers(context, engines, given);
  const gone = (await findAllGone(context, engines, given)).filter(({ urn }) => isTouched(urn));
  if (gone.length === 0) return;
  const why = isDestroy(command)
    ? "as there is nothing left to remove"
    : "so that this run makes it again; its volumes keep the data";
  for (const { name } of gone) context.say(`container ${name} is gone: forgetting it, ${why}`);
  await pulumi.forget([...new Set(gone.map(({ urn }) => urn))]);
}

/** What runs is stopped only where nobody will be asked whether the run may change anything. */
async function removeAllLeftOvers(
  context: ToolchainContext,
  engines: readonly DockerObjects[],
  { args }: Given,
): Promise<void> {
  const left = engines.filter(({ leftOvers }) => leftOvers.length > 0);
  if (left.length === 0) return;
  const { removeLeftOvers } = await import("./left-overs.js");
  const mayStop = hasFlag(args, "--yes", "-y", "--skip-preview", "-f");
  for (const engine of left) {
    const found = await unlessUnreachable(removeLeftOvers(engine, { mayStop }));
    for (const { kind, name, fate } of found ?? []) {
      const what = `${kind} ${name} was left by a run that was killed`;
      context.say(
        fate === "removed"
          ? `${what}: removed it, volumes keep their data`
          : `${what}, and is in use: \`--yes\` lets this command stop and remove it`,
      );
    }
  }
}

async function unlessUnreachable<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof EngineUnreachableError) return undefined;
    throw error;
  }
}

async function findAllGone(
  context: ToolchainContext,
  engines: readonly DockerObjects[],
  { command }: Given,
): Promise<StateObject[]> {
  // Loaded only now: other stacks do not wait for an engine's client.
  const { findGone } = await import("./engine-containers.js");
  const found: StateObject[] = [];
  for (const engine of engines.filter(({ containers }) => containers.length > 0)) {
    const answer = await findGone(engine);
    if (answer === undefined) continue;
    if (!answer.isElsewhere) found.push(...answer.gone);
    else {
      const refresh = ["npm run pulumi -- refresh", ...stackOption(command)].join(" ");
      context.say(
        `the Docker engine has no container and no volume of this stack: is it another one? Nothing is forgotten; if they were all removed by hand, \`${refresh}\` forgets them`,
      );
    }
  }
  return found;
}

/**
 * Which containers a command may change; undefined: none, or it looks at them by itself.
 *
 * A container that `up --target` leaves alone stays in the state, as what is targeted may depend on it; `destroy` takes
 * along what depends on its targets. Pure.
 */
export function touchedContainers({ command, args }: Given): ((urn: string) => boolean) | undefined {
  if (!isUpdate(command) && !isDestroy(command)) return undefined;
  if (hasFlag(args, "--refresh", "-r", "--preview-only")) return undefined;
  const options = readOptions(args);
  const patterns = (...names: readonly string[]): RegExp[] =>
    options.flatMap(({ name, value = "" }) => (names.includes(name) ? [urnPattern(value)] : []));
  const targets = patterns("--target", "-t", "--target-replace");
  const excluded = patterns("--exclude", "-x");
  const isAll = targets.length === 0 || isDestroy(command) || hasFlag(args, "--target-dependents");
  return (urn) =>
    (isAll || targets.some((target) => target.test(urn))) && !excluded.some((other) => other.test(urn));
}

/** As Pulumi reads a URN with wildcards: `*` ends at a colon, `**` goes over it. */
function urnPattern(text: string): RegExp {
  const quoted = (part: string): string => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const parts = text.split("**").map((part) => part.split("*").map(quoted).join("[^:]*"));
  return new RegExp(`^${parts.join(".*")}$`);
}

/** The stack's state, read and changed with the environment and the stack of the command. */
function pulumiOf(
  { project }: ToolchainContext,
  { cli, env, dev }: PulumiEnvironment,
  { command, args }: Given,
) {
  const stack = [...stackOption(command), "--non-interactive"];
  // The dev stack's salt stands in its stub, and Pulumi is to write none into the checkout.
  const own = dev === undefined ? undefined : join(dev.stub, `Pulumi.${devStack}.yaml`);
  const config = configFile(args) ?? own;
  return {
    /** Undefined where there is none yet, or where it cannot be read, which the command itself says. */
    async readState(): Promise<Deployment | undefined> {
      const cwd = dev?.stub ?? project;
      const { exitCode, stdout } = await run(cli.program, ["stack", "export", ...stack], { cwd, env });
      return exitCode === 0 ? parseExport(stdout) : undefined;
    },
    async forget(urns: readonly string[]): Promise<void> {
      const options = [...stack, ...(config === undefined ? [] : [`--config-file=${config}`])];
      const targets = urns.flatMap((urn) => ["--target", urn]);
      const refresh = ["refresh", "--yes", "--skip-preview", ...options, ...targets];
      const { exitCode, stdout, stderr } = await run(cli.program, refresh, { cwd: project, env });
      if (exitCode !== 0) throw notForgotten(stderr.trim() || lastLines(stdout));
    },
  };
}

function stackOption({ stack }: PulumiCommand): string[] {
  return stack === undefined ? [] : ["--stack", stack];
}

function parseExport(text: string): Deployment | undefined {
  try {
    const { deployment } = JSON.parse(text) as { readonly deployment?: Deployment | null };
    return deployment ?? undefined;
  } catch {
    return undefined;
  }
}

function notForgotten(reason: string): ProblemError {
  return problemError(
    "containers that are gone",
    `Pulumi could not take them out of the state: ${reason}`,
    "mend what it says, then run this again.",
  );
}

/** Diagnostics stand at the end of what Pulumi prints. */
function lastLines(text: string): string {
  return text.trim().split("\n").slice(-8).join("\n");
}
