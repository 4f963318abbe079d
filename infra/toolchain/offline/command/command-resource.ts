import { randomBytes } from "node:crypto";
import { problemError } from "../../../../components/core/problem";
import type { ResourceRequest, ResourceType } from "../../../../components/providers/contract";
import { reveal, revealMap, unknown, type PropertyMap } from "../../../../components/providers/properties";
import type { Attribute, Shape } from "../shared/attribute";
import { withoutSecrets } from "../shared/secret-texts";
import { diffInputs } from "./difference";
import { checkedInputs, secretsOf } from "./inputs";
import { outputLog, type OutputLog } from "./output-log";

/** A command that is to run, with all that its resource says about it. */
export interface Running {
  readonly command: string;
  /** Inputs of the resource, without secrets' wrappers. */
  readonly inputs: PropertyMap;
  /** What the last command gave, for its environment: absent where that is not wanted, or empty. */
  readonly previous: Readonly<Record<string, string>>;
  readonly log: OutputLog;
  readonly request: Pick<ResourceRequest, "signal" | "log">;
}

export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  /** How it ended, where that is a failure: `exit status 3`. */
  readonly failure?: string | undefined;
}

/** Properties that commands have everywhere. */
export const commandAttributes: Readonly<Record<string, Attribute>> = {
  create: { kind: "text" },
  update: { kind: "text" },
  delete: { kind: "text" },
  environment: { kind: "map" },
  stdin: { kind: "text" },
  addPreviousOutputInEnv: { kind: "flag" },
  logging: { kind: "text", only: ["stdout", "stderr", "stdoutAndStderr", "none"] },
  triggers: { kind: "texts" },
};

type Run = (running: Running) => Promise<Finished>;

/**
 * A resource that is a command: `create` runs when it is made; `update`, or else `create`, when an input changed, even if
 * that is the connection; `delete` when it is deleted. A command that fails leaves the state as it was. A preview and a
 * refresh run nothing.
 */
export function commandType(shape: Shape, run: Run): ResourceType {
  const names = Object.keys(shape.attributes);
  return {
    check: ({ newInputs }) => Promise.resolve(checkedInputs(shape, newInputs)),
    diff: ({ state, inputs, ignoreChanges }) =>
      Promise.resolve(diffInputs(state, inputs, { names, ignoreChanges })),
    async create({ inputs, preview, ...request }) {
      if (preview) return { id: "", state: { ...inputs, stdout: unknown, stderr: unknown } };
      const finished = await about(request, "created", [inputs], run, inputs.create);
      return { id: `${request.name}${uniqueHex()}`, state: { ...inputs, ...(finished ?? nothing) } };
    },
    async update({ state, inputs, preview, ...request }) {
      if (preview) return { ...inputs, stdout: unknown, stderr: unknown };
      const old = { stdout: state.stdout ?? "", stderr: state.stderr ?? "" };
      const command = inputs.update ?? inputs.create;
      const finished = await about(request, "updated", [inputs, old], run, command);
      return { ...inputs, ...(finished ?? old) };
    },
    read: ({ id, inputs, state }) => Promise.resolve({ id, inputs, state }),
    async delete({ state, ...request }) {
      await about(request, "deleted", [state, state], run, state.delete);
    },
  };
}

const nothing = { stdout: "", stderr: "" };

/** Eight hexadecimal digits, as the official plugin ends its ids with. */
export function uniqueHex(): string {
  return randomBytes(4).toString("hex");
}

/** Runs the command, if there is one; gives what it wrote. */
async function about(
  request: ResourceRequest,
  action: string,
  [given, old]: readonly [PropertyMap, PropertyMap?],
  run: Run,
  text: PropertyMap[string],
): Promise<{ stdout: string; stderr: string } | undefined> {
  const command = reveal(text);
  if (typeof command !== "string") return undefined;
  const inputs = revealMap(given);
  const secrets = secretsOf(given, old ?? {});
  const log = outputLog(request.log, { logging: inputs.logging, secrets });
  const previous = inputs.addPreviousOutputInEnv === false ? {} : previousOutput(old ?? {});
  try {
    const { stdout, stderr, failure } = await run({ command, inputs, previous, log, request });
    if (failure === undefined) return { stdout: trimmed(stdout), stderr: trimmed(stderr) };
    const what = `${failure}: running ${JSON.stringify(command)}:\n${log.tail()}`;
    const hint = "mend the command, or what it found there; the next run starts it again.";
    throw problemError(
      `Command "${request.name}"`,
      withoutSecrets(`could not be ${action}: ${what}`, secrets),
      hint,
    );
  } finally {
    await log.settled();
  }
}

function previousOutput(state: PropertyMap): Record<string, string> {
  const { stdout, stderr } = revealMap(state);
  return {
    ...(typeof stdout === "string" && stdout !== "" ? { PULUMI_COMMAND_STDOUT: stdout } : {}),
    ...(typeof stderr === "string" && stderr !== "" ? { PULUMI_COMMAND_STDERR: stderr } : {}),
  };
}

/** One end of line is the command's, not the value's. */
function trimmed(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}

/** A value of the inputs as a text, a map or a list of texts; the check has judged them. */
export function textOf(inputs: PropertyMap, name: string): string | undefined {
  const value = inputs[name];
  return typeof value === "string" ? value : undefined;
}

export function environmentOf(inputs: PropertyMap): Readonly<Record<string, string>> {
  return (inputs.environment ?? {}) as Readonly<Record<string, string>>;
}
