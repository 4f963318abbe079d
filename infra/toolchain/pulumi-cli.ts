import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ToolchainContext } from "./context";
import { buildPulumi } from "./go-build";
import { install, waiting } from "./install";
import { readPathPulumis, type PulumiCli } from "./path-pulumi";
import { isProgram, run } from "./process";
import { withProgress } from "./progress";
import { languageHostVersion, pulumiVersion } from "./versions";
import { errorMessage } from "../../components/core/error-message";

/** Written last into a cached Pulumi: says what it is. */
interface Origin {
  readonly source: "download" | "build";
  readonly version: string;
  /** Of a built one: a downloaded one brings its own. */
  readonly languageHost?: string;
}

/** The Pulumi to use: on PATH → cached → downloaded → built. */
export async function resolvePulumi(context: ToolchainContext): Promise<PulumiCli> {
  for (const { cli, refusal } of await readPathPulumis(context.env)) {
    if (refusal === undefined) return cli;
    context.say(`${cli.program} ${refusal}: passed over for Pulumi ${pulumiVersion} of pgstead's own`);
  }
  const directory = cachedDirectory(context);
  await install({
    target: directory,
    isComplete: () => readCached(context) !== undefined,
    fill: (draft) => fetchPulumi(context, draft),
    onWait: () => {
      context.say(`another run is getting Pulumi: ${waiting}`);
    },
  });
  const cached = readCached(context);
  if (cached !== undefined) return cached;
  throw new Error(`${directory} was filled but is not complete`);
}

/** The Pulumi in the cache, if it is whole and of the pinned version. */
export function readCached(context: ToolchainContext): PulumiCli | undefined {
  const directory = cachedDirectory(context);
  const extension = context.platform === "win32" ? ".exe" : "";
  const program = join(directory, "bin", `pulumi${extension}`);
  const languageHost = join(directory, "bin", `pulumi-language-nodejs${extension}`);
  const origin = readOrigin(join(directory, "origin.json"));
  if (origin?.version !== pulumiVersion || !isProgram(program) || !isProgram(languageHost)) return undefined;
  if (origin.source === "build" && origin.languageHost !== languageHostVersion) return undefined;
  return { program, version: pulumiVersion, languageHost, hostIsBeside: true, source: origin.source };
}

export function cachedDirectory({ cache, platform, arch }: ToolchainContext): string {
  return join(cache, "pulumi", `v${pulumiVersion}-${platform}-${arch}`);
}

function readOrigin(file: string): Origin | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Origin;
  } catch {
    return undefined; // not there, or not whole
  }
}

async function fetchPulumi(context: ToolchainContext, draft: string): Promise<void> {
  if ((await context.site.reachable()) && (await downloadPulumi(context, draft))) {
    await writeOrigin(draft, { source: "download", version: pulumiVersion });
    return;
  }
  await buildPulumi(context, draft);
  const origin: Origin = { source: "build", version: pulumiVersion, languageHost: languageHostVersion };
  await writeOrigin(draft, origin);
}

async function writeOrigin(draft: string, origin: Origin): Promise<void> {
  await writeFile(join(draft, "origin.json"), `${JSON.stringify(origin, null, 2)}\n`);
}

/** False, with the reason told, where the archive does not come, is not what was published, or does not run here. */
async function downloadPulumi(context: ToolchainContext, draft: string): Promise<boolean> {
  const name = `pulumi-v${pulumiVersion}-${siteOs(context.platform)}-${context.arch}.tar.gz`;
  const unpacked = join(draft, "archive");
  try {
    await withProgress(
      context.say,
      `downloading Pulumi ${pulumiVersion} from ${context.site.url}`,
      async () => {
        const checksum = await publishedChecksum(context, name);
        await mkdir(unpacked);
        await downloadArchive(context, `/releases/sdk/${name}`, unpacked, checksum);
        await rename(join(unpacked, "pulumi"), join(draft, "bin"));
        const answer = await run(join(draft, "bin", "pulumi"), ["version"], {
          env: context.env,
          timeoutMs: 20_000,
        });
        if (answer.stdout.trim() !== `v${pulumiVersion}`) throw new Error("the program does not run here");
      },
    );
    return true;
  } catch (error) {
    const reason = errorMessage(error);
    context.say(`the download of Pulumi failed (${reason}): building it instead`);
    await rm(join(draft, "bin"), { recursive: true, force: true });
    return false;
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

/** Without a checksum a download is not used, and there is no setting that would allow it: the build has its own. */
async function publishedChecksum(context: ToolchainContext, name: string): Promise<string> {
  const file = `pulumi-${pulumiVersion}-checksums.txt`;
  const list = await context.site.text(`/releases/sdk/${file}`);
  if (list === undefined) throw new Error(`the list of its checksums cannot be had there: no ${file}`);
  const checksum = checksumOf(list, name);
  if (checksum === undefined) throw new Error(`${file} has no line for ${name}, so it cannot be verified`);
  return checksum;
}

/** Downloads a `.tar.gz`, compares it with its checksum (plugins have none published), and unpacks it. */
export async function downloadArchive(
  context: ToolchainContext,
  path: string,
  directory: string,
  checksum?: string,
): Promise<void> {
  const archive = join(directory, "archive.tar.gz");
  await context.site.download(path, archive);
  if (checksum !== undefined) await assertChecksum(archive, checksum);
  // The file by its name in the directory: tar takes a colon in a path for the name of another host.
  const result = await run("tar", ["-xzf", "archive.tar.gz"], { env: context.env, cwd: directory });
  if (result.exitCode !== 0) throw new Error(`tar: ${result.stderr.trim()}`);
  await rm(archive);
}

async function assertChecksum(file: string, expected: string): Promise<void> {
  const hash = createHash(expected.length === 128 ? "sha512" : "sha256");
  await pipeline(createReadStream(file), hash);
  if (hash.digest("hex") !== expected) throw new Error("the archive differs from its published checksum");
}

/** The checksum of a file in a list of `<hex>  <name>` lines. Pure. */
export function checksumOf(list: string, name: string): string | undefined {
  for (const line of list.split("\n")) {
    const [checksum, file] = line.trim().split(/\s+\*?/);
    if (file === name && /^([0-9a-f]{64}|[0-9a-f]{128})$/i.test(checksum ?? ""))
      return checksum?.toLowerCase();
  }
  return undefined;
}

/** What the download site calls an operating system. */
export function siteOs(platform: string): string {
  return platform === "win32" ? "windows" : platform;
}
