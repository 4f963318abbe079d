import { cp } from "node:fs/promises";
import { userPulumiHome, type ToolchainContext } from "../context";
import { install } from "../install";
import { installOfflineEdition, readOfflineEdition } from "./offline-edition";
import { officialAt, ownHome, pluginDirectory, sharedHome, type PluginFound } from "./plugin-place";
import { withProgress } from "../progress";
import { downloadArchive, siteOs } from "../pulumi-cli";
import type { PluginPin } from "../versions";
import { errorMessage } from "../../../components/core/error-message";

/**
 * The plugin for the dev stack: the official one that is installed, here or for the user's own Pulumi → an offline
 * edition that an earlier run settled for → the official one downloaded → the offline edition.
 *
 * @param options.refresh ask the download site again, even where an offline edition is installed
 */
export async function ensurePlugin(
  context: ToolchainContext,
  pin: PluginPin,
  options: { readonly refresh?: boolean } = {},
): Promise<PluginFound> {
  const official = await findOfficial(context, pin);
  if (official !== undefined) return official;
  const settled = readOfflineEdition(ownHome(context), pin) !== undefined && options.refresh !== true;
  if (!settled && (await context.site.reachable())) {
    const downloaded = await downloadPlugin(context, pin);
    if (downloaded !== undefined) return downloaded;
  }
  return installOfflineEdition(context, ownHome(context), pin, { announce: !settled });
}

/** The official plugin in the shared cache, taken over from the user's own Pulumi where that has it. */
async function findOfficial(context: ToolchainContext, pin: PluginPin): Promise<PluginFound | undefined> {
  const directory = pluginDirectory(sharedHome(context), pin);
  const found = officialAt(directory, pin);
  if (found !== undefined) return found;
  const home = userPulumiHome(context.env);
  const users = home === undefined ? undefined : officialAt(pluginDirectory(home, pin), pin);
  if (users === undefined) return undefined;
  await install({
    target: directory,
    isComplete: () => officialAt(directory, pin) !== undefined,
    fill: (draft) => cp(users.directory, draft, { recursive: true }),
  });
  return officialAt(directory, pin);
}

async function downloadPlugin(context: ToolchainContext, pin: PluginPin): Promise<PluginFound | undefined> {
  const directory = pluginDirectory(sharedHome(context), pin);
  const archive = `pulumi-resource-${pin.name}-v${pin.version}-${siteOs(context.platform)}-${siteArch(context.arch)}.tar.gz`;
  const title = `downloading plugin ${pin.name} ${pin.version} from ${context.site.url}`;
  try {
    await withProgress(context.say, title, () =>
      install({
        target: directory,
        isComplete: () => officialAt(directory, pin) !== undefined,
        fill: (draft) => downloadArchive(context, `/releases/plugins/${archive}`, draft),
      }),
    );
    return officialAt(directory, pin);
  } catch (error) {
    context.say(`the download failed: ${errorMessage(error)}`);
    return undefined;
  }
}

/** What the download site calls a processor in the names of plugins: as Go does. */
function siteArch(arch: string): string {
  return arch === "x64" ? "amd64" : arch;
}

/**
 * One PULUMI_HOME that has all of them: the shared one where all are official, else the checkout's own, which then gets
 * copies of the official ones.
 */
export async function homeWith(context: ToolchainContext, found: readonly PluginFound[]): Promise<string> {
  if (found.every(({ edition }) => edition === "official")) return sharedHome(context);
  for (const plugin of found) {
    const directory = pluginDirectory(ownHome(context), plugin);
    if (plugin.directory === directory) continue;
    await install({
      target: directory,
      isComplete: () => officialAt(directory, plugin) !== undefined,
      fill: (draft) => cp(plugin.directory, draft, { recursive: true }),
    });
  }
  return ownHome(context);
}
