/** What the toolchain has to know of a Pulumi command line; everything else is passed on as it is. Pure. */
export interface PulumiCommand {
  /** The command words in their canonical form: `["up"]`, `["config", "set"]`, `["stack", "init"]`; empty for none. */
  readonly words: readonly string[];
  /** The stack that is named: by `--stack`, or as the argument of `stack init` and its like. */
  readonly stack?: string;
  readonly isHelp: boolean;
  /** Whether the command line says by itself where the project or the configuration is. */
  readonly hasDirectory: boolean;
  readonly hasConfigFile: boolean;
  /** Index in the arguments after the command words, where an option of the command may be put. */
  readonly optionsAt: number;
}

const aliases: Readonly<Record<string, string>> = {
  update: "up",
  pre: "preview",
  down: "destroy",
  dn: "destroy",
};
const subcommandAliases: Readonly<Record<string, string>> = { new: "init", hist: "history" };

/** Commands with commands of their own, as far as a stack is concerned. */
const families = new Set(["stack", "config", "state"]);
/** Commands whose argument is the name of a stack. */
const namesStack = new Set(["stack init", "stack select", "stack rm"]);

/** Options that stand before a command or among its arguments and have a value as the next argument. */
const valueOptions = new Set([
  ...["--color", "--cwd", "-C", "--memprofilerate", "--otel-traces", "--profiling", "--tracing"],
  ...["--verbose", "-v", "--stack", "-s", "--config-file", "--secrets-provider", "--copy-config-from"],
  ...["--teams", "--config", "-c", "--message", "-m", "--parallel", "-p", "--target", "-t", "--exclude"],
  ...["-x", "--replace", "--target-replace"],
]);

export function parseCommand(args: readonly string[]): PulumiCommand {
  const { positionals, options } = split(args);
  return describe(positionals, new Map(options.map(({ name, value = "" }) => [name, value])));
}

/** An option as it was given: `--target x`, `--target=x` or `--yes`, which has no value. */
export interface GivenOption {
  readonly name: string;
  readonly value?: string;
}

/** The options of a command line in their order; one that was given several times is there as often. */
export function readOptions(args: readonly string[]): readonly GivenOption[] {
  return split(args).options;
}

/** Whether one of these flags is given, and not as `--flag=false`. */
export function hasFlag(args: readonly string[], ...names: readonly string[]): boolean {
  return readOptions(args).some(({ name, value }) => names.includes(name) && value !== "false");
}

function split(args: readonly string[]) {
  const positionals: { text: string; index: number }[] = [];
  const options: GivenOption[] = [];
  for (let index = 0; index < args.length; index++) {
    const text = args[index] ?? "";
    if (text === "--") break;
    if (!text.startsWith("-") || text === "-") {
      positionals.push({ text, index });
      continue;
    }
    const [name, inline] = splitOption(text);
    const value = inline ?? (valueOptions.has(name) ? (args[++index] ?? "") : undefined);
    options.push({ name, ...(value === undefined ? {} : { value }) });
  }
  return { positionals, options };
}

function describe(
  positionals: readonly { text: string; index: number }[],
  options: ReadonlyMap<string, string>,
): PulumiCommand {
  const [first, second, third] = positionals.map(({ text }) => text);
  const command = first === undefined ? undefined : (aliases[first] ?? first);
  const family = command !== undefined && families.has(command) && second !== undefined;
  const words = [command, family ? (subcommandAliases[second] ?? second) : undefined].filter(
    (word) => word !== undefined,
  );
  const option = options.get("--stack") ?? options.get("-s");
  const stack = option ?? (namesStack.has(words.join(" ")) ? third : undefined);
  return {
    words,
    ...(stack === undefined ? {} : { stack }),
    isHelp: options.has("--help") || options.has("-h") || command === "help",
    hasDirectory: options.has("--cwd") || options.has("-C"),
    hasConfigFile: options.has("--config-file"),
    optionsAt: (positionals[words.length - 1]?.index ?? -1) + 1,
  };
}

/** `--stack=x` and `-sx` carry their value; `-v=3` as well. */
function splitOption(text: string): [name: string, value: string | undefined] {
  const equals = text.indexOf("=");
  if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
  const short = /^(-[sCtx])(.+)$/.exec(text);
  return short === null ? [text, undefined] : [short[1] ?? text, short[2]];
}

/** Commands that run the engine, and with it the plugins. */
const engineCommands = new Set(["up", "preview", "refresh", "destroy", "import", "watch"]);
/** Commands with the option `--config-file`. */
const configFileCommands = new Set([...engineCommands, "config", "logs"]);
/** Commands that work on a stack that exists. */
const stackCommands = new Set([...configFileCommands, "stack", "state", "cancel", "about"]);
/** Commands of a login: they make no sense with the dev stack's own state. */
const loginCommands = new Set([
  "login",
  "logout",
  "org",
  "env",
  "deployment",
  "insights",
  "policy",
  "project",
  "neo",
]);

export const isUpdate = (command: PulumiCommand) => is(new Set(["up"]), command);
export const isDestroy = (command: PulumiCommand) => is(new Set(["destroy"]), command);
export const runsEngine = (command: PulumiCommand) => is(engineCommands, command);
export const needsStack = (command: PulumiCommand) =>
  is(stackCommands, command) && command.words.join(" ") !== "stack init";
/** Whether a command looks for a state, if only for its list of stacks. */
export const needsBackend = (command: PulumiCommand) =>
  !command.isHelp && command.words[0] !== undefined && command.words[0] !== "version";
export const takesConfigFile = (command: PulumiCommand) => is(configFileCommands, command);
export const isOfLogin = (command: PulumiCommand) => is(loginCommands, command);

function is(commands: ReadonlySet<string>, { words, isHelp }: PulumiCommand): boolean {
  return !isHelp && words[0] !== undefined && commands.has(words[0]);
}

/** The arguments with an option put behind the command. */
export function withOptions(
  args: readonly string[],
  command: PulumiCommand,
  options: readonly string[],
): string[] {
  return [...args.slice(0, command.optionsAt), ...options, ...args.slice(command.optionsAt)];
}
