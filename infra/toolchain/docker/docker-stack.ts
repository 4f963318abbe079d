import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { parse } from "yaml";
import { parseEngineAddress } from "../../../components/core/docker/address";
import type { DockerEndpoint } from "../../../components/io/docker/engine";
import { hasFlag, isDestroy, isUpdate, readOptions, type PulumiCommand } from "../arguments";
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
 * What has to be there before a command works on a stack of target docker: for its program the bundle of the operations
 * code and the base image of its images, and the engine itself where the command can do nothing without it.
 *
 * Of an engine that does not answer a preview tells by itself, and compares with the state.
 *
 * @returns environment variables for the program
 * @throws ProblemError the engine does not answer: told once here, and not once by each of the stack's resources
 */
export async function prepareDockerStack(
  context: ToolchainContext,
  login: Login,
  command: PulumiCommand,
  args: readonly string[],
): Promise<NodeJS.ProcessEnv> {
  const [isProgram, isChange] = [runsProgram(command, args), needsEngine(command, args)];
  if ((!isProgram && !isChange) || command.hasDirectory) return {};
  const file = stackFile(context, login, command, args);
  const stack = existsSync(file) ? readDockerStack(readFileSync(file, "utf8")) : undefined;
  if (stack === undefined) return {};
  // Loaded only now: other stacks do not wait for a bundler and an engine's client.
  if (isProgram) {
    const { ensureOpsBundle } = await import("./bundle-ops.js");
    await ensureOpsBundle(context.project, context.say);
  }
  const endpoint = endpointOf(context.project, stack);
  if (endpoint === undefined) return {};
  if (isChange) await assertEngine(endpoint);
  return !isProgram || stack.baseImage !== undefined ? {} : findBase(context, endpoint);
}

/** Milliseconds for a first answer: an engine behind SSH takes some seconds. */
const patience = 30_000;

async function assertEngine(endpoint: DockerEndpoint): Promise<void> {
  const { askEngine } = await import("../../../components/io/docker/ask-engine.js");
  const { connectDocker } = await import("../../../components/io/docker/engine.js");
  await askEngine(endpoint, "its version", () => connectDocker(endpoint).version(), patience);
}

async function findBase(context: ToolchainContext, endpoint: DockerEndpoint): Promise<NodeJS.ProcessEnv> {
  const { baseImageVariable, ensureBaseImage } = await import("./base-image.js");
  const { connectDocker, dockerHost } = await import("../../../components/io/docker/engine.js");
  const { EngineUnreachableError } = await import("../../../components/io/docker/failure.js");
  const last = lastBase(context, dockerHost(endpoint));
  try {
    const image = await ensureBaseImage(context, connectDocker(endpoint));
    last.keep(image);
    return { [baseImageVariable]: image };
  } catch (error) {
    if (!(error instanceof EngineUnreachableError)) throw error;
    // Without it every image would be another one, and the preview would announce that all containers are replaced.
    const image = last.read();
    return image === undefined ? {} : { [baseImageVariable]: image };
  }
}

/** The base image that this engine gave last, for previews while it does not answer. */
function lastBase(
  { state }: ToolchainContext,
  host: string,
): { keep(image: string): void; read(): string | undefined } {
  const key = createHash("sha256").update(host).digest("hex").slice(0, 10);
  const file = join(state, "base-images", key);
  const read = (): string | undefined => (existsSync(file) ? readFileSync(file, "utf8") : undefined);
  return {
    read,
    keep(image) {
      if (read() === image) return;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, image);
    },
  };
}

/** Whether a command changes or reads what is on the engine, and can do nothing without it. Pure. */
export function needsEngine(command: PulumiCommand, args: readonly string[]): boolean {
  if (isUpdate(command) || isDestroy(command)) return !hasFlag(args, "--preview-only");
  return !command.isHelp && command.words[0] === "refresh";
}

/** How to reach the engine of a stack; undefined: what is written is wrong, which the program tells of. */
function endpointOf(project: string, stack: DockerStack): DockerEndpoint | undefined {
  const { host, certPath } = stack;
  if (isWrong(project, stack)) return undefined;
  const tls = certPath === undefined ? {} : { certPath: placeOf(project, certPath) };
  return { ...(host === undefined ? {} : { host }), ...tls };
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

/** An address that is none, and certificates that are not there, are told by the program, with every other mistake. */
function isWrong(project: string, { host, certPath }: DockerStack): boolean {
  if (host !== undefined && parseEngineAddress(host).kind === "fault") return true;
  if (certPath === undefined) return false;
  const directory = placeOf(project, certPath);
  return ["ca.pem", "cert.pem", "key.pem"].some((name) => !existsSync(join(directory, name)));
}

/** A relative path is one of the project's directory, whatever the command's own is. */
function placeOf(project: string, path: string): string {
  return isAbsolute(path) ? path : join(project, path);
}

/** What a text in YAML says; undefined: it cannot be read. */
export function tryParse(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

export function mapping(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
