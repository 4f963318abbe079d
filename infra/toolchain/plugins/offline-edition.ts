import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { chmod, copyFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { problemError } from "../../../components/core/problem";
import type { ToolchainContext } from "../context";
import { install } from "../install";
import { offlineMarker, pluginDirectory, type PluginFound } from "./plugin-place";
import type { PluginPin } from "../versions";

interface OfflineMarker {
  readonly edition: "offline edition";
  readonly plugin: string;
  readonly version: string;
  /** Of the bundle: a changed source is installed anew. */
  readonly sha256: string;
}

/** The marker of an installed offline edition; undefined where there is none. */
export function readOfflineEdition(home: string, pin: PluginPin): OfflineMarker | undefined {
  try {
    return JSON.parse(readFileSync(join(pluginDirectory(home, pin), offlineMarker), "utf8")) as OfflineMarker;
  } catch {
    return undefined;
  }
}

/** Installs the provider of this checkout that stands in for an official plugin, unless it is there already. */
export async function installOfflineEdition(
  context: ToolchainContext,
  home: string,
  pin: PluginPin,
  options: { readonly announce: boolean },
): Promise<PluginFound> {
  const bundle = bundleOf(context, pin);
  const sha256 = createHash("sha256").update(readFileSync(bundle)).digest("hex");
  const directory = pluginDirectory(home, pin);
  if (options.announce) {
    context.say(
      `plugin ${pin.name} ${pin.version}: ${context.site.url} cannot be reached; using the offline edition of this checkout`,
    );
  }
  await install({
    target: directory,
    isComplete: () => readOfflineEdition(home, pin)?.sha256 === sha256,
    fill: (draft) => fill(draft, bundle, pin, sha256),
  });
  return { name: pin.name, version: pin.version, edition: "offline", directory };
}

/** The provider as one JavaScript file; made anew only when its sources change. */
function bundleOf({ project }: ToolchainContext, pin: PluginPin): string {
  if (!existsSync(join(project, pin.offlineEntry))) {
    throw problemError(
      `plugin ${pin.name}`,
      `its offline edition ${pin.offlineEntry} is missing`,
      "is the checkout complete? `git status` tells.",
    );
  }
  const bundler = createRequire(join(project, "package.json"))("./infra/toolchain/bundle.cjs") as {
    bundle(entry: string, options: { selfContained: boolean }): string;
  };
  return bundler.bundle(pin.offlineEntry, { selfContained: true });
}

async function fill(draft: string, bundle: string, pin: PluginPin, sha256: string): Promise<void> {
  await copyFile(bundle, join(draft, "provider.cjs"));
  const program = join(draft, `pulumi-resource-${pin.name}`);
  await writeFile(program, startScript(process.execPath));
  await chmod(program, 0o755);
  if (process.platform === "win32") {
    await writeFile(`${program}.cmd`, `@node "%~dp0provider.cjs" %*\r\n`);
  }
  const text: OfflineMarker = { edition: "offline edition", plugin: pin.name, version: pin.version, sha256 };
  await writeFile(join(draft, offlineMarker), `${JSON.stringify(text, null, 2)}\n`);
}

/** Started by the engine. The Node of this run may be gone when it is: then the one on PATH has to do. */
function startScript(node: string): string {
  const quoted = `'${node.replaceAll("'", `'\\''`)}'`;
  return `#!/bin/sh
node=${quoted}
[ -x "$node" ] || node=node
exec "$node" "\${0%/*}/provider.cjs" "$@"
`;
}
