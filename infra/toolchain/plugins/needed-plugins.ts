import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { PulumiCommand } from "../arguments";
import type { ToolchainContext } from "../context";
import { locateDevStack } from "../dev-stack";
import { devStack } from "../login";
import { plugins, type PluginPin } from "../versions";

/**
 * The plugins that the dev stack needs: those of every stack, that of hosts where its file has one, and that of a target where the file names the
 * target, or where the state still holds resources of it. Other stacks get all of them.
 *
 * A file of the command's own (`--config-file`) may name any target.
 */
export function devPlugins(
  context: ToolchainContext,
  command?: Pick<PulumiCommand, "hasConfigFile">,
): readonly PluginPin[] {
  const file = readText(join(context.project, `Pulumi.${devStack}.yaml`));
  const state = readText(locateDevStack(context).checkpoint);
  return neededPlugins({ file, state, isAny: command?.hasConfigFile === true });
}

export interface StackTexts {
  /** The stack's file. */
  readonly file: string;
  /** Its state, as it is on disk. */
  readonly state: string;
  /** The file that counts is another one. */
  readonly isAny: boolean;
}

/** Pure. */
export function neededPlugins({ file, state, isAny }: StackTexts): readonly PluginPin[] {
  const target = targetOf(file);
  return plugins.filter(
    (pin) =>
      isAny ||
      (pin.isForHosts === true ? mentionsSsh(file) : pin.target === undefined || pin.target === target) ||
      state.includes(`"pulumi:providers:${pin.name}"`),
  );
}

/** True for a stack's file in which a host is reached over SSH, in YAML or in JSON. */
export function mentionsSsh(file: string): boolean {
  return /\bssh\W*:/.test(file);
}

/** Undefined where the file names none, or is no YAML: what is wrong with it is said later, by whoever needs it. */
function targetOf(file: string): unknown {
  try {
    const content = parse(file) as { config?: Readonly<Record<string, unknown>> } | null;
    return content?.config?.["pgstead:target"];
  } catch {
    return undefined;
  }
}

/** True where a command is about a stack whose file may have a host that is reached over SSH. */
export function hasHosts(
  context: ToolchainContext,
  command: Pick<PulumiCommand, "hasConfigFile">,
  stack: string,
): boolean {
  return command.hasConfigFile || mentionsSsh(readText(join(context.project, `Pulumi.${stack}.yaml`)));
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}
