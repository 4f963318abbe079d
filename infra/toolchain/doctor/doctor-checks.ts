import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { gte } from "semver";
import { findPackage } from "../../../components/io/embedded/binaries";
import { dataHome } from "../../../components/io/places";
import { ProblemError } from "../../../components/core/problem";
import type { ToolchainContext } from "../context";
import type { Finding } from "./doctor-report";
import { findGo } from "../go-build";
import { readOfflineEdition } from "../plugins/offline-edition";
import { readPathPulumis } from "../path-pulumi";
import { officialAt, ownHome, pluginDirectory, sharedHome } from "../plugins/plugin-place";
import { findOnPath, run } from "../process";
import { cachedDirectory, readCached } from "../pulumi-cli";
import { minimumGo, minimumNode, pulumiVersion, type PluginPin } from "../versions";

export function checkNode(): Finding {
  const { node } = process.versions;
  const found = { name: "node", version: node, place: process.execPath };
  if (gte(node, minimumNode)) return { ...found, state: "ok", detail: "runs this" };
  const detail = `is older than ${minimumNode}`;
  return { ...found, state: "missing", detail, hint: "install Node 20 or newer." };
}

export function checkDependencies({ project }: ToolchainContext): Finding {
  const place = join(project, "node_modules");
  const wanted = createHash("sha256")
    .update(readFileSync(join(project, "package-lock.json")))
    .digest("hex");
  const marker = join(place, ".pgstead-lock");
  const isCurrent = existsSync(marker) && readFileSync(marker, "utf8") === wanted;
  return isCurrent
    ? { name: "npm packages", state: "ok", place, detail: "as package-lock.json says" }
    : { name: "npm packages", state: "fetch", place, detail: "`npm ci` brings what package-lock.json says" };
}

export async function checkGit({ env }: ToolchainContext): Promise<Finding> {
  const [place] = findOnPath("git", env);
  if (place === undefined) {
    return { name: "git", state: "ok", detail: "is not installed; only a developer needs it" };
  }
  const answer = await run(place, ["--version"], { env, timeoutMs: 10_000 });
  const version = answer.stdout.trim().replace("git version ", "");
  return { name: "git", state: "ok", version, place, detail: "on PATH" };
}

/** Every Pulumi on PATH with what speaks against it, and the one that a run would use. */
export async function checkPulumi(context: ToolchainContext): Promise<Finding[]> {
  const passedOver: Finding[] = [];
  for (const { cli, refusal } of await readPathPulumis(context.env)) {
    if (refusal === undefined) {
      const { program: place, version, languageHost } = cli;
      const detail = `on PATH, with the language host ${languageHost}`;
      return [...passedOver, { name: "pulumi", state: "ok", version, place, detail }];
    }
    const found = { name: "pulumi on PATH", state: "ok" as const, place: cli.program };
    passedOver.push({ ...found, detail: `${refusal}: passed over` });
  }
  const cached = readCached(context);
  if (cached !== undefined) {
    const detail = cached.source === "build" ? "cached, built from Go modules" : "cached, downloaded";
    const { version, program: place } = cached;
    return [...passedOver, { name: "pulumi", state: "ok", version, place, detail }];
  }
  return [...passedOver, await planPulumi(context)];
}

async function planPulumi(context: ToolchainContext): Promise<Finding> {
  const base = { name: "pulumi", version: pulumiVersion, place: cachedDirectory(context) };
  if (await context.site.reachable()) {
    return { ...base, state: "fetch", detail: `would be downloaded from ${context.site.url}` };
  }
  const go = await findGo(context.env);
  const unreachable = `${context.site.url} cannot be reached`;
  if (go.refusal === undefined) {
    const detail = `${unreachable}: would be built from Go modules (about 4 minutes on two cores)`;
    return { ...base, state: "fetch", detail };
  }
  return {
    ...base,
    state: "missing",
    detail: `${unreachable}, and ${go.refusal}`,
    hint: `install Pulumi (https://www.pulumi.com/docs/install/), or Go ${minimumGo} or newer.`,
  };
}

export async function checkGo({ env }: ToolchainContext): Promise<Finding> {
  const { program, version, refusal } = await findGo(env);
  const found = {
    name: "go",
    state: "ok" as const,
    ...(program === undefined ? {} : { place: program }),
    ...(version === undefined ? {} : { version }),
  };
  const need = "needed only where Pulumi has to be built";
  return { ...found, detail: refusal === undefined ? `can build Pulumi; ${need}` : `${refusal}; ${need}` };
}

/** @param options.refresh ask whether the official plugin can be had by now */
export async function checkPlugin(
  context: ToolchainContext,
  pin: PluginPin,
  options: { readonly refresh: boolean },
): Promise<Finding> {
  const base = { name: `plugin ${pin.name}`, version: pin.version };
  const official = officialAt(pluginDirectory(sharedHome(context), pin), pin);
  if (official !== undefined) return { ...base, state: "ok", place: official.directory, detail: "official" };
  const home = ownHome(context);
  const place = pluginDirectory(home, pin);
  const offline = readOfflineEdition(home, pin);
  if (offline !== undefined) {
    const detail = `offline edition ${offline.sha256.slice(0, 12)}`;
    if (!options.refresh || !(await context.site.reachable())) return { ...base, state: "ok", place, detail };
    const hint = "`npm start -- --refresh` gets it.";
    return { ...base, state: "fetch", place, detail: `${detail}; the official plugin can be had`, hint };
  }
  const isReachable = await context.site.reachable();
  const detail = isReachable
    ? `would be downloaded from ${context.site.url}`
    : `${context.site.url} cannot be reached: would be the offline edition of this checkout`;
  return { ...base, state: "fetch", detail };
}

export function checkDirectory(name: string, place: string): Finding {
  let existing = place;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
    return { name, state: "ok", place, detail: existing === place ? "writable" : "will be made" };
  } catch {
    const hint =
      "mend its permissions, or set PGSTEAD_CACHE, PGSTEAD_STATE or PGSTEAD_DATA to another directory.";
    return { name, state: "missing", place, detail: `this account cannot write to ${existing}`, hint };
  }
}

export function checkEmbeddedServer(): Finding {
  const name = "PostgreSQL";
  try {
    const { directory: place, version } = findPackage();
    return { name, state: "ok", version, place, detail: `its programs come to ${dataHome()}` };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const [problem] = error.problems;
    const hint = problem?.hint;
    const detail = problem?.message ?? error.message;
    return { name, state: "missing", detail, ...(hint === undefined ? {} : { hint }) };
  }
}
