import { realpathSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { isOfLogin, isUpdate, needsBackend, needsStack, runsEngine, type PulumiCommand } from "./arguments";
import { userPulumiHome, type ToolchainContext } from "./context";
import { backendUrl, ensureDevStack, locateDevStack, type DevStack } from "./dev-stack";
import { makeDirectory } from "./install";
import { resumeInterrupted } from "./interrupted";
import { assertLogin, chooseLogin, devStack, readSelectedStack, stackOf, type Login } from "./login";
import { officialAt, ownHome, pluginDirectory, sharedHome, type PluginFound } from "./plugins/plugin-place";
import { passphraseOf } from "./passphrase";
import { ensurePlugin, homeWith } from "./plugins/plugins";
import { findOnPath } from "./process";
import type { PulumiCli } from "./path-pulumi";
import { resolvePulumi } from "./pulumi-cli";
import { devPlugins, hasHosts } from "./plugins/needed-plugins";
import { plugins, type PluginPin } from "./versions";

/** All that a Pulumi command needs to run. */
export interface PulumiEnvironment {
  readonly cli: PulumiCli;
  readonly login: Login;
  /** Environment variables of the command; undefined takes one away. */
  readonly env: NodeJS.ProcessEnv;
  /** Of the dev stack's own login. */
  readonly dev?: DevStack;
}

export interface PrepareOptions {
  /** Ask the download site again for what an offline edition stands in for. */
  readonly refresh?: boolean;
}

/** Gets whatever a Pulumi command needs, and says with which environment to run it. */
export async function prepareEnvironment(
  context: ToolchainContext,
  command: PulumiCommand,
  options: PrepareOptions = {},
): Promise<PulumiEnvironment> {
  const login = chooseLogin({ command, env: context.env, selected: readSelectedStack(context) });
  if (login.kind === "user") assertLogin(context, command, login);
  tellBackend(context, command, login);
  const cli = await resolvePulumi(context);
  return login.kind === "dev"
    ? prepareDev(context, command, { cli, login, options })
    : prepareUser(context, command, { cli, login, options });
}

/** A variable that was set for another project makes a stack dev of this one that is not there: say whose it is. */
function tellBackend(context: ToolchainContext, command: PulumiCommand, login: Login): void {
  if (login.reason !== "PULUMI_BACKEND_URL" || !needsStack(command)) return;
  if ((command.stack ?? devStack) !== devStack) return;
  const url = context.env.PULUMI_BACKEND_URL ?? "";
  context.say(
    `PULUMI_BACKEND_URL is set: this is about the stacks of ${url}, not of this checkout; unset it for stack dev`,
  );
}

interface Resolved {
  readonly cli: PulumiCli;
  readonly login: Login;
  readonly options: PrepareOptions;
}

async function prepareDev(
  context: ToolchainContext,
  command: PulumiCommand,
  { cli, login, options }: Resolved,
): Promise<PulumiEnvironment> {
  const needed = devPlugins(context, command);
  const found = runsEngine(command)
    ? await ensurePlugins(context, needed, options)
    : installedPlugins(context, needed);
  const env = devEnvironment(context, cli, { home: await homeWith(context, found), found });
  const dev = needsStack(command)
    ? await ensureDevStack(context, { program: cli.program, env })
    : locateDevStack(context);
  if (isUpdate(command)) await resumeInterrupted(context, dev, { program: cli.program, env });
  if (needsBackend(command)) await makeDirectory(dev.backend, 0o700);
  return { cli, login, env, dev };
}

/** One after the other: two at once would interleave their progress. */
async function ensurePlugins(
  context: ToolchainContext,
  needed: readonly PluginPin[],
  options: PrepareOptions,
): Promise<PluginFound[]> {
  const found: PluginFound[] = [];
  for (const pin of needed) found.push(await ensurePlugin(context, pin, options));
  return found;
}

function installedPlugins(context: ToolchainContext, needed: readonly PluginPin[]): PluginFound[] {
  return needed.map((pin) => {
    const official = officialAt(pluginDirectory(sharedHome(context), pin), pin);
    const directory = pluginDirectory(ownHome(context), pin);
    return official ?? { ...pin, edition: "offline" as const, directory };
  });
}

/**
 * Nothing of the user's own Pulumi counts: neither login, nor selection, nor plugins, nor passphrase.
 *
 * The program learns its project's directory by PULUMI_NODEJS_ROOT_DIRECTORY: the language host that is built from Go
 * modules does not tell it, and the SDK then makes up the word "rootDirectory", the same one for every checkout.
 */
function devEnvironment(
  context: ToolchainContext,
  cli: PulumiCli,
  { home, found }: { readonly home: string; readonly found: readonly PluginFound[] },
): NodeJS.ProcessEnv {
  const stack = locateDevStack(context);
  const isOffline = found.some(({ edition }) => edition === "offline");
  // The engine asks for the plugin of every npm package that is installed, whether a resource needs it or not.
  const isPart = found.length < plugins.length;
  return {
    ...context.env,
    PATH: searchPath(context.env, [dirname(cli.languageHost)]),
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: backendUrl(stack),
    PULUMI_STACK: devStack,
    PULUMI_CONFIG_PASSPHRASE: undefined, // would win over the file
    PULUMI_CONFIG_PASSPHRASE_FILE: stack.passphraseFile,
    PULUMI_ACCESS_TOKEN: undefined,
    PULUMI_NODEJS_ROOT_DIRECTORY: context.project,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_SUPPRESS_NEO_LINK: "true", // an offer to upload the output to Pulumi Cloud
    // Commands without --config-file then use the salt in the state, rather than make up another.
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    // A plugin that happens to lie on PATH is not the pinned one; a language host may have to be found there.
    PULUMI_IGNORE_AMBIENT_PLUGINS: cli.hostIsBeside ? "true" : undefined,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION:
      isOffline || isPart ? "true" : context.env.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION,
  };
}

/**
 * The user's own login, state, PULUMI_HOME and plugins. An offline edition is offered on PATH, for this run only and
 * with the engine's own warning, where the official plugin is not installed and cannot be had.
 */
async function prepareUser(
  context: ToolchainContext,
  command: PulumiCommand,
  { cli, login, options }: Resolved,
): Promise<PulumiEnvironment> {
  const directories = [dirname(cli.languageHost)];
  const home = userPulumiHome(context.env);
  const missing = (runsEngine(command) ? plugins : []).filter(
    (pin) => home === undefined || officialAt(pluginDirectory(home, pin), pin) === undefined,
  );
  // A program of one's own may have resources of any kind.
  const stack = stackOf(context, login, command) ?? devStack;
  const isAny = command.hasDirectory || hasHosts(context, command, stack);
  const wanted = missing.filter(({ isForHosts }) => isAny || isForHosts !== true);
  for (const pin of wanted) {
    if (await context.site.reachable()) break; // the engine itself fetches what is missing
    const found = await ensurePlugin(context, pin, options);
    directories.push(found.directory);
  }
  // The engine asks for the plugin of every npm package that is installed, and would look for it in vain.
  const isOffline = missing.length > 0 && !(await context.site.reachable());
  return {
    cli,
    login,
    env: {
      ...context.env,
      PATH: searchPath(context.env, directories),
      ...(isOfLogin(command) ? {} : passphraseOf(context, stackOf(context, login, command))),
      ...(command.hasDirectory ? {} : { PULUMI_NODEJS_ROOT_DIRECTORY: context.project }),
      ...(isOffline
        ? { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true", PULUMI_SKIP_UPDATE_CHECK: "true" }
        : {}),
    },
  };
}

/** The search path with our directories first; programs that are Node scripts must find the Node that runs this. */
function searchPath(env: NodeJS.ProcessEnv, directories: readonly string[]): string {
  const [node] = findOnPath("node", env);
  const isThis = node !== undefined && realpathSync(node) === realpathSync(process.execPath);
  return [...directories, ...(isThis ? [] : [dirname(process.execPath)]), env.PATH ?? ""]
    .filter((directory) => directory !== "")
    .join(delimiter);
}
