import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ToolchainContext } from "../context";
import { isProgram } from "../process";
import type { PluginPin } from "../versions";

type PluginName = Pick<PluginPin, "name" | "version">;

/** A plugin as it was found or made. */
export interface PluginFound extends PluginName {
  readonly edition: "official" | "offline";
  /** Directory with the plugin's program. */
  readonly directory: string;
}

/** The file that tells an offline edition from an official plugin. */
export const offlineMarker = "offline-edition.json";

/** PULUMI_HOME of dev stacks whose plugins are all official; the same for every checkout. */
export function sharedHome({ cache }: ToolchainContext): string {
  return join(cache, "pulumi-home");
}

/** PULUMI_HOME of this checkout's dev stack where a plugin is an offline edition: it is made of this checkout's source. */
export function ownHome({ state }: ToolchainContext): string {
  return join(state, "pulumi-home");
}

/** Where Pulumi keeps a plugin of that version. */
export function pluginDirectory(home: string, { name, version }: PluginName): string {
  return join(home, "plugins", `resource-${name}-v${version}`);
}

/** The official plugin in a directory, if it is there and whole: an interrupted install leaves a `.partial` file. */
export function officialAt(directory: string, { name, version }: PluginName): PluginFound | undefined {
  const extension = process.platform === "win32" ? ".exe" : "";
  const program = join(directory, `pulumi-resource-${name}${extension}`);
  if (!isProgram(program) || existsSync(`${directory}.partial`)) return undefined;
  if (existsSync(join(directory, offlineMarker))) return undefined;
  return { name, version, edition: "official", directory };
}
