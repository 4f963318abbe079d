import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type Docker from "dockerode";
import { problemError } from "../../../components/core/problem";
import { engineFailure } from "../../../components/io/docker/failure";
import { findDebianSources, release, renderSources } from "./apt-sources";
import type { ToolchainContext } from "../context";
import { followEngine } from "./engine-progress";
import { makeDirectory } from "../install";
import { findOnPath, run } from "../process";
import { withProgress } from "../progress";

/** Node's names of processors whose Debian and Docker name is another one. */
const architectures: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le" };

/**
 * Why a base image cannot be made on this machine; undefined: it can.
 *
 * @param engineArchitecture processor of the engine's machine, as Docker names it
 */
export function whyNoDebootstrap(
  { env, platform, arch }: ToolchainContext,
  engineArchitecture: string,
  uid: number | undefined = process.getuid?.(),
): string | undefined {
  if (platform !== "linux") return "debootstrap needs Linux";
  if (uid !== 0) return "debootstrap needs root";
  if (findOnPath("debootstrap", env).length === 0) return "debootstrap is not installed";
  const own = architectures[arch] ?? arch;
  if (own !== engineArchitecture) return `this machine is ${own}, the engine's is ${engineArchitecture}`;
  return undefined;
}

/**
 * Makes a small Debian with debootstrap from the archives that this machine's apt uses, and imports it into the engine.
 * Half a minute.
 *
 * @param codename of the release; default that of the images
 * @throws ProblemError no archive has the release, or debootstrap or the import fails
 */
export async function importDebian(
  context: ToolchainContext,
  docker: Docker,
  tag: string,
  codename: string = release,
): Promise<void> {
  const sources = await withProgress(
    context.say,
    `looking for Debian ${codename} in the sources of apt`,
    () => findDebianSources(context.env, codename),
  );
  if (sources === undefined) {
    throw problemError(
      "apt",
      `none of its sources has Debian ${codename}`,
      `add one (main archive, over HTTP), or load an image of Debian ${codename} on the engine and name it in pgstead:docker.baseImage.`,
    );
  }
  await makeDirectory(context.cache);
  const root = await mkdtemp(join(context.cache, "debian-"));
  try {
    await chmod(root, 0o755); // it becomes the image's root directory
    await withProgress(
      context.say,
      `making a base image of Debian ${codename} with debootstrap`,
      async () => {
        await bootstrap(root, codename, { archive: sources.archive, env: context.env });
        await slim(root, renderSources(sources));
        await importDirectory(docker, root, tag);
      },
    );
  } finally {
    await discard(root, context.env);
  }
}

async function bootstrap(
  root: string,
  codename: string,
  { archive, env }: { readonly archive: string; readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  // What cannot be proven to be Debian's is not taken.
  const options = ["--variant=minbase", "--force-check-gpg"];
  const result = await run("debootstrap", [...options, codename, root, archive], { env, timeoutMs: 900_000 });
  if (result.exitCode === 0) return;
  // debootstrap tells its errors on standard output, the archive's address in them.
  const last = `${result.stdout}\n${result.stderr}`.trim().split("\n").slice(-6).join("\n    ");
  throw problemError(
    "debootstrap",
    `it failed:\n    ${last}`,
    "is the archive reachable, and are Debian's keys there (`apt-get install debian-archive-keyring`)? Then run the command again.",
  );
}

/** What a package is not to bring along in an image, as in Debian's own slim images. */
const excluded = ["doc/*", "groff/*", "info/*", "linda/*", "lintian/*", "locale/*", "man/*"];

async function slim(root: string, sources: string): Promise<void> {
  await rm(join(root, "etc/apt/sources.list"), { force: true });
  await writeIn(root, "etc/apt/sources.list.d/debian.sources", sources);
  await writeIn(
    root,
    "etc/dpkg/dpkg.cfg.d/slim",
    [
      ...excluded.map((one) => `path-exclude /usr/share/${one}`),
      "path-include /usr/share/doc/*/copyright",
      "",
    ].join("\n"),
  );
  // Packages must not start what they install.
  await writeIn(root, "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n");
  await chmod(join(root, "usr/sbin/policy-rc.d"), 0o755);
  for (const directory of ["var/cache/apt", "var/lib/apt/lists", "var/log"])
    await empty(join(root, directory));
  for (const name of excluded.map((one) => dirname(one)).filter((one) => one !== "doc"))
    await empty(join(root, "usr/share", name));
  await keepCopyrights(join(root, "usr/share/doc"));
}

async function writeIn(root: string, file: string, text: string): Promise<void> {
  const place = join(root, file);
  await mkdir(dirname(place), { recursive: true });
  await writeFile(place, text);
  await chmod(place, 0o644); // whatever the umask of this process is
}

async function empty(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) await rm(join(directory, name), { recursive: true, force: true });
}

/** The licences of the packages stay. */
async function keepCopyrights(directory: string): Promise<void> {
  for (const packageName of await readdir(directory)) {
    const names = await readdir(join(directory, packageName)).catch(() => []); // a link to another package's
    for (const name of names.filter((one) => one !== "copyright"))
      await rm(join(directory, packageName, name), { recursive: true, force: true });
  }
}

/**
 * Makes an image of the files below a directory.
 *
 * @throws ProblemError the engine does not take it, such as where its disk is full
 */
export async function importDirectory(docker: Docker, root: string, tag: string): Promise<void> {
  const [repo, name] = tag.split(":");
  // Device files and the kernel's file systems are the engine's to give.
  const left = ["--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", "--exclude=./run/*"];
  const tar = spawn("tar", ["--numeric-owner", "--sort=name", ...left, "-C", root, "-c", "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    tar.once("error", reject);
    tar.once("close", resolve);
  });
  const options = { repo, tag: name, message: "debootstrap", changes: 'CMD ["bash"]' };
  const sent = docker
    .importImage(tar.stdout, options)
    .then((answer) => followEngine(docker, answer))
    .catch((error: unknown) => {
      tar.kill(); // nobody reads on
      throw engineFailure(error);
    });
  const [exitCode] = await Promise.all([ended, sent]);
  if (exitCode === 0) return;
  await docker.getImage(tag).remove(); // it is not whole
  throw problemError(
    "tar",
    `it failed (${exitCode ?? "killed"})`,
    "is the disk full? Then run the command again.",
  );
}

/** debootstrap mounts /proc in there; killed, it leaves it so. */
async function discard(root: string, env: NodeJS.ProcessEnv): Promise<void> {
  const mounted = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((place) => place.startsWith(`${root}/`));
  for (const place of mounted.toReversed()) await run("umount", [place], { env });
  await rm(root, { recursive: true, force: true, maxRetries: 3 });
}
