import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { parse } from "yaml";
import { readOptions, type PulumiCommand } from "../arguments";
import type { ToolchainContext } from "../context";
import { devStack, stackOf, type Login } from "../login";

/** What a stack of target docker says of the engine, as far as the program's surroundings need it. */
export interface DockerStack {
  readonly host?: string;
  readonly certPath?: string;
  readonly baseImage?: string;
}

/** Commands that run the program. */
const programCommands = new Set(["up", "preview", "watch"]);
/** Commands that run it when they are told to. */
const optionalCommands = new Set(["refresh", "destroy"]);

/**
 * What has to be there before the program of a stack of target docker runs: the bundle of the operations code, and the
 * base image of its images.
 *
 * An engine that does not answer is the program's to tell of: nothing is gotten then.
 *
 * @returns environment variables for the program
 */
export async function prepareDockerStack(
  context: ToolchainContext,
  login: Login,
  command: PulumiCommand,
  args: readonly string[],
): Promise<NodeJS.ProcessEnv> {
  if (!runsProgram(command, args) || command.hasDirectory) return {};
  const file = stackFile(context, login, command, args);
  const stack = existsSync(file) ? readDockerStack(readFileSync(file, "utf8")) : undefined;
  if (stack === undefined) return {};
  // Loaded only now: other stacks do not wait for a bundler and an engine's client.
  const { ensureOpsBundle } = await import("./bundle-ops.js");
  await ensureOpsBundle(context.project, context.say);
  if (stack.baseImage !== undefined) return {};
  return findBase(context, stack);
}

async function findBase(context: ToolchainContext, stack: DockerStack): Promise<NodeJS.ProcessEnv> {
  const { baseImageVariable, ensureBaseImage } = await import("./base-image.js");
  const { connectDocker } = await import("../../../components/io/docker/engine.js");
  const { EngineUnreachableError } = await import("../../../components/io/docker/failure.js");
  const { host } = stack;
  const tls = stack.certPath === undefined ? {} : readCertificates(context.project, stack.certPath);
  try {
    const docker = connectDocker({ ...(host === undefined ? {} : { host }), ...tls });
    return { [baseImageVariable]: await ensureBaseImage(context, docker) };
  } catch (error) {
    // An address that is none is told by the program, with every other mistake.
    if (isWrong(host)) return {};
    if (!(error instanceof EngineUnreachableError)) throw error;
    context.say("the Docker engine does not answer: the base image is not looked for");
    return {};
  }
}

/** What a stack's file says; undefined: it is of another target, or cannot be read, which the program tells of. Pure. */
export function readDockerStack(text: string): DockerStack | undefined {
  const config = mapping(mapping(tryParse(text))?.config);
  if (config?.["pgstead:target"] !== "docker") return undefined;
  const docker = mapping(config["pgstead:docker"]);
  const given = (["host", "certPath", "baseImage"] as const).flatMap((key) => {
    const value = docker?.[key];
    return typeof value === "string" && value !== "" ? [[key, value] as const] : [];
  });
  return Object.fromEntries(given);
}

/** Whether a command runs the program. Pure. */
export function runsProgram({ words, isHelp }: PulumiCommand, args: readonly string[]): boolean {
  const [word = ""] = words;
  if (isHelp) return false;
  return (
    programCommands.has(word) ||
    (optionalCommands.has(word) && args.some((arg) => arg.startsWith("--run-program")))
  );
}

/** Path of the stack's file that a command works with. */
export function stackFile(
  context: ToolchainContext,
  login: Login,
  command: PulumiCommand,
  args: readonly string[],
): string {
  const named = configFile(args);
  if (named !== undefined) return isAbsolute(named) ? named : join(context.project, named);
  return join(context.project, `Pulumi.${stackOf(context, login, command) ?? devStack}.yaml`);
}

/** The value of `--config-file`. */
export function configFile(args: readonly string[]): string | undefined {
  return readOptions(args).find(({ name }) => name === "--config-file")?.value;
}

function isWrong(host: string | undefined): boolean {
  return host !== undefined && !/^(?:unix|npipe|ssh|tcp|https?):\/\//.test(host);
}

/** What is not there is the program's to tell of. */
function readCertificates(project: string, directory: string): { ca?: string; cert?: string; key?: string } {
  const read = (name: string): string | undefined => {
    const file = isAbsolute(directory) ? join(directory, name) : join(project, directory, name);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  };
  const entries = [
    ["ca", read("ca.pem")],
    ["cert", read("cert.pem")],
    ["key", read("key.pem")],
  ] as const;
  return Object.fromEntries(entries.filter(([, text]) => text !== undefined));
}

function tryParse(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function mapping(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
