import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { problemError, ProblemError } from "../../components/core/problem";
import { parseConfig, type StackConfig } from "../config";
import { nearest } from "../config/shape";
import { errorMessage } from "../../components/core/error-message";

/** There is no file of such a stack. */
export class UnknownStackError extends ProblemError {}

/** What a stack may be called: as Pulumi allows it, with its organisation and project before it. */
const stackName = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]*\/){0,2}([A-Za-z0-9_][A-Za-z0-9._-]*)$/;

/**
 * The configuration of a stack from its file, `Pulumi.<stack>.yaml`: complete and checked.
 *
 * @param root the project's directory
 * @throws UnknownStackError where there is no such file
 * @throws ProblemError where it is no YAML, and with every mistake in it
 */
export async function readStackConfig(root: string, stack: string): Promise<StackConfig> {
  const name = stackName.exec(stack)?.[1];
  if (name === undefined) {
    throw problemError(
      "--stack",
      `${JSON.stringify(stack)} is not the name of a stack`,
      "write it such as dev",
    );
  }
  const file = `Pulumi.${name}.yaml`;
  return parseStackFile(file, await readText(root, name), name);
}

/**
 * The configuration that the text of a stack's file says.
 *
 * @throws ProblemError where it is no YAML, and with every mistake in it
 */
export function parseStackFile(file: string, text: string, stack: string): StackConfig {
  return parseConfig(configBlock(file, text), { stack });
}

async function readText(root: string, name: string): Promise<string> {
  try {
    return await readFile(join(root, `Pulumi.${name}.yaml`), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw unreadable(name, error);
    const known = await knownStacks(root);
    const meant = nearest(name, known);
    const others = known.length === 0 ? "" : `; the stacks here: ${known.join(", ")}`;
    const hint =
      meant === undefined
        ? `make one with \`npm run pulumi -- stack init ${name}\` and write its settings${others}`
        : `did you mean --stack ${meant}?`;
    const problem = { path: "", message: `there is no Pulumi.${name}.yaml`, hint };
    throw new UnknownStackError(`stack ${name}`, [problem]);
  }
}

function unreadable(name: string, error: unknown): ProblemError {
  const message = `cannot be read: ${errorMessage(error)}`;
  return problemError(`Pulumi.${name}.yaml`, message, "is it a file that this account may read?");
}

/** Names of the stacks that have a file, sorted. */
export async function knownStacks(root: string): Promise<string[]> {
  const files = await readdir(root);
  return files.flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []).toSorted();
}

function configBlock(file: string, text: string): Readonly<Record<string, unknown>> {
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message }) => ({
      path: "",
      message: message.split("\n")[0] ?? "is not YAML",
      hint: "look at that line: indentation, quotes and brackets have to match.",
    }));
    throw new ProblemError(`${file} is not YAML`, problems);
  }
  const content: unknown = document.toJS();
  const config: unknown = isMap(content) ? content.config : undefined;
  if (isMap(config)) return config;
  if (config === undefined || config === null) return {};
  throw problemError(file, "`config` is not a map", "write `config:` and the keys below it");
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
