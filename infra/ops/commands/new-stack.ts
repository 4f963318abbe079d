import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { problemError, ProblemError } from "../../../components/core/problem";
import { quoteShell } from "../../../components/core/shell";
import { passphraseFile, projectRoot } from "../../../components/io/places";
import { replaceFile } from "../../../components/io/replace-file";
import { parseConfig, type StackConfig } from "../../config";
import type { Colors } from "../colors";
import type { CommandContext, OpsCommand, Rendering } from "../command";
import { findClashes, type StackNote } from "../new-stack/clashes";
import { assertNewName, chooseSource } from "../new-stack/names";
import { noteChoices } from "../new-stack/notes";
import { ensurePassphrase } from "../new-stack/passphrase";
import { isSecret, renderKeyPath, type KeyPath } from "../new-stack/secret";
import { copyStack, type StackCopy } from "../new-stack/stack-copy";
import type { Report } from "../report";
import { knownStacks, readStackConfig } from "../stack";

export interface NewStackArgs {
  /** Name of the new stack. */
  readonly operands: readonly string[];
  /** Stack whose file is taken; default the only one besides dev. */
  readonly from?: string;
  readonly force?: boolean;
}

export interface NewStackData {
  /** Path of the new stack's configuration. */
  readonly stackFile: string;
  /** Stack whose file was taken. */
  readonly from: string;
  readonly passphrase: {
    readonly file: string;
    /** `other`: the file that was replaced says how its secrets are encrypted, and that stays. */
    readonly state: "made" | "kept" | "other";
  };
  /** Secrets that were left out, and what sets each again. */
  readonly leftOut: readonly { readonly path: string; readonly command: string }[];
  /** Names that were changed in the file. */
  readonly renamed: readonly { readonly path: string; readonly from: string; readonly to: string }[];
  /** What to look at before the first run. */
  readonly notes: readonly StackNote[];
  /** Commands that come next, in this order. */
  readonly next: readonly string[];
}

/** Writes the file of a new stack from that of another one, and makes the passphrase of its secrets. */
export const newStackCommand: OpsCommand<NewStackArgs, NewStackData> = {
  name: "new-stack",
  summary: "write the file of a new stack from that of another one",
  worksWithoutConfig: true,
  worksWithoutStack: true,
  declare: (command) => {
    command
      .argument("<name>", "the new stack, such as staging")
      .option("--from <stack>", "stack whose file is taken (default: the only one besides dev)")
      .option("--force", "replace the file that is there; its secrets and their encryption stay")
      .addHelpText(
        "after",
        `
Secrets are not taken over. The new stack has a passphrase of its own, in a file that \`npm run pulumi\` finds by itself.
Nothing is made on a server or in a state.

Example:
  npm run ops -- new-stack staging --from prod`,
      );
  },
  run: (context, args) => newStack(context, args, { root: projectRoot(), env: process.env }),
  render: renderNewStack,
};

/** Where a stack's file and its passphrase go, so that a test can stand in for it. */
export interface NewStackPlace {
  /** The project's directory. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
}

export async function newStack(
  context: Pick<CommandContext, "project" | "stack">,
  { operands: [name = ""], from: wanted, force = false }: NewStackArgs,
  { root, env }: NewStackPlace,
): Promise<Report<NewStackData>> {
  assertNewName(name);
  assertNoStackOption(context.stack, name);
  const known = await knownStacks(root);
  const file = `Pulumi.${name}.yaml`;
  if (known.includes(name) && !force) {
    throw problemError(file, "is there already", "give another name, or replace it with --force");
  }
  const from = chooseSource(wanted, name, known);
  await readStackConfig(root, from); // its own mistakes are told as its own
  const source = join(root, `Pulumi.${from}.yaml`);
  const original = await read(source);
  const replaced = known.includes(name) ? { replaced: await read(join(root, file)) } : {};
  const copy = copyStack(original, { from, to: name, ...replaced });
  const config = parseCopy(copy, original, name);
  const others = await readOthers(
    root,
    known.filter((other) => other !== name),
  );

  const passphrase = passphraseFile(context.project, name, env);
  const isOther = copy.isEncrypted && !existsSync(passphrase);
  const state = isOther ? "other" : await ensurePassphrase(passphrase, root);
  await write(join(root, file), copy.text, (await stat(source)).mode & 0o777);
  const leftOut = copy.leftOut.map((path) => describeSecret(path, name));
  return {
    command: "new-stack",
    stack: name,
    data: {
      stackFile: join(root, file),
      from,
      passphrase: { file: passphrase, state },
      leftOut,
      renamed: copy.renamed === undefined ? [] : [{ path: "pgstead:docker.name", ...copy.renamed }],
      notes: [...findClashes(config, others), ...noteChoices(copy, { env, name, state })],
      next: [
        // One that has encrypted secrets was made.
        ...(copy.isEncrypted ? [] : [`npm run pulumi -- stack init ${name}`]),
        ...leftOut.map(({ command }) => command),
        `npm run pulumi -- preview -s ${name}`,
      ],
    },
    findings: [],
  };
}

/** The option of all commands means another thing than a reader may think: the stack is the argument. */
function assertNoStackOption(stack: string, name: string): void {
  if (stack === "dev" || stack === name) return;
  const hint = `the stack whose file is taken is named with --from ${stack}`;
  throw problemError("--stack", "is not an option of this command", hint);
}

/** What the program would refuse is not written; secrets count as set, as they have to be set again. */
function parseCopy({ text }: StackCopy, original: string, stack: string): StackConfig {
  const { config } = parse(text) as { config: Readonly<Record<string, unknown>> };
  const secrets = Object.entries((parse(original) as { config: typeof config }).config).filter(([, value]) =>
    isSecret(value),
  );
  const parsed = parseConfig({ ...Object.fromEntries(secrets), ...config }, { stack });
  const { name } = parsed.docker ?? {};
  if (name === undefined || /^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) return parsed;
  const hint = "call the stack by fewer or other characters: small letters, digits and -, such as staging";
  throw problemError(
    `stack ${stack}`,
    `its containers would be called ${name}-…, which Docker does not take`,
    hint,
  );
}

/** A file with mistakes is the affair of its own stack. */
async function readOthers(root: string, stacks: readonly string[]): Promise<StackConfig[]> {
  const read = stacks.map((stack) =>
    readStackConfig(root, stack).catch((error: unknown) => {
      if (error instanceof ProblemError) return undefined;
      throw error;
    }),
  );
  return (await Promise.all(read)).filter((config) => config !== undefined);
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const hint = "is it a file that this account may read?";
    throw problemError(path, `cannot be read: ${(error as Error).message}`, hint, { cause: error });
  }
}

async function write(path: string, text: string, mode: number): Promise<void> {
  try {
    await replaceFile(path, text, mode);
  } catch (error) {
    const hint = "may this account write there? Then run this command again";
    throw problemError(path, `cannot be written: ${(error as Error).message}`, hint, { cause: error });
  }
}

function describeSecret(path: KeyPath, stack: string): NewStackData["leftOut"][number] {
  const key = renderKeyPath(path);
  const option = path.length > 1 ? "--path " : "";
  return {
    path: key,
    command: `npm run pulumi -- config set --secret ${option}${quoteShell(key)} --stack ${stack}`,
  };
}

export function renderNewStack(
  { stack, data }: Report<NewStackData>,
  _args: NewStackArgs,
  colors: Colors,
): Rendering {
  const { stackFile, from, passphrase, leftOut, renamed, notes, next } = data;
  const said = {
    made: `wrote ${passphrase.file}: a passphrase of its own. \`npm run pulumi\` uses it by itself; keep a copy where your secrets are`,
    kept: `${passphrase.file}: its passphrase was there already, and stays`,
    other:
      "no passphrase was made: the file that was replaced says how its secrets are encrypted, and that stays",
  };
  const lines = [
    `wrote ${stackFile} from Pulumi.${from}.yaml`,
    ...renamed.map((one) => `  ${one.path}: ${one.from} became ${one.to}`),
    said[passphrase.state],
    ...(leftOut.length === 0 ? [] : ["", colors.bold("Secrets that were left out")]),
    ...leftOut.map(({ path }) => `  ${path}`),
    ...(notes.length === 0 ? [] : ["", colors.bold("To look at")]),
    ...notes.flatMap(({ subject, message, hint }) => [
      `  ${subject}: ${message}`,
      colors.dim(`    hint: ${hint}`),
    ]),
    "",
    colors.bold("Next"),
    ...explainNext(next, stack),
  ];
  return { output: `${lines.join("\n")}\n` };
}

function explainNext(next: readonly string[], stack: string): string[] {
  const width = Math.max(...next.map((line) => line.length));
  return next.map((line) => `  ${line.padEnd(width)}  # ${explain(line, stack)}`);
}

function explain(command: string, stack: string): string {
  if (command.includes(" stack init ")) return "makes its state, with your own Pulumi login";
  if (command.includes(" config set ")) return `asks for the value; encrypted in Pulumi.${stack}.yaml`;
  return "what `up` would do; changes nothing";
}
