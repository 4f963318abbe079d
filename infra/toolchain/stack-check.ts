import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseDocument } from "yaml";
import { ProblemError } from "../../components/core/problem";
import { runsEngine, type PulumiCommand } from "./arguments";
import { devStack } from "./login";

/**
 * Says every mistake of the dev stack's file at once where the engine, which looks at it before the program does, would
 * name the first one only and no way out: text that is no YAML, and a value of another type than Pulumi.yaml declares.
 */
export async function assertStackFile(project: string, command: PulumiCommand): Promise<void> {
  const name = `Pulumi.${devStack}.yaml`;
  const file = join(project, name);
  if (!runsEngine(command) || command.hasConfigFile || !existsSync(file)) return;
  const config = readConfig(name, readFileSync(file, "utf8"));
  const declared = declaredTypes(readFileSync(join(project, "Pulumi.yaml"), "utf8"));
  const fits = Object.entries(config).every(([key, value]) => fitsType(value, declared[key]));
  if (fits) return;
  // Loaded only now: a start without such a mistake does not wait for it.
  const { parseConfig } = await import("../config.js");
  parseConfig(config, { stack: devStack });
}

function readConfig(name: string, text: string): Mapping {
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    const hint = "look at that line: indentation, quotes and brackets have to match.";
    const problems = document.errors.map(({ message }) => ({
      path: "",
      message: (message.split("\n")[0] ?? "").replace(/:$/, ""),
      hint,
    }));
    throw new ProblemError(`${name} is not YAML`, problems);
  }
  const content: unknown = document.toJS();
  return isMapping(content) && isMapping(content.config) ? content.config : {};
}

function declaredTypes(text: string): Readonly<Record<string, unknown>> {
  const { config } = parse(text) as { config?: Readonly<Record<string, { type?: unknown }>> };
  return Object.fromEntries(Object.entries(config ?? {}).map(([key, { type }]) => [key, type]));
}

/** As the engine takes values; a type that is not known here is left to it. */
function fitsType(value: unknown, type: unknown): boolean {
  if (type === "boolean") return typeof value === "boolean" || value === "true" || value === "false";
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isMapping(value);
  return type !== "string" || typeof value !== "object";
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
