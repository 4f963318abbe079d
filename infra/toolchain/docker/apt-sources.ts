import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProgram, run } from "../process";

/** The release that the images are built from. */
export const release = "trixie";

/** Where this machine's apt gets Debian from, for one release. */
export interface DebianSources {
  /** The main archive. */
  readonly archive: string;
  /** Every suite that is there, with its archive: `trixie`, and where they are offered `-updates` and `-security`. */
  readonly suites: readonly { readonly archive: string; readonly suite: string }[];
}

const helper = "/usr/lib/apt/apt-helper";

/**
 * Asks apt for its archives, and each of them for the suites of the release: a machine of another release, or of another
 * distribution with Debian among its sources, will do. Undefined: none of them has the release.
 *
 * @param codename of the release; default that of the images
 *
 * apt itself asks, with its proxies and time-outs.
 */
export async function findDebianSources(
  env: NodeJS.ProcessEnv,
  codename: string = release,
): Promise<DebianSources | undefined> {
  if (!isProgram(helper)) return undefined;
  const listed = await run("apt-get", ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"], {
    env,
    timeoutMs: 30_000,
  });
  const archives = parseArchives(listed.stdout);
  const [archive] = await havingSuite(archives, codename, env);
  if (archive === undefined) return undefined;
  const updates = await havingSuite([archive], `${codename}-updates`, env);
  const [security] = await havingSuite(archives, `${codename}-security`, env);
  return {
    archive,
    suites: [
      { archive, suite: codename },
      ...updates.map((one) => ({ archive: one, suite: `${codename}-updates` })),
      ...(security === undefined ? [] : [{ archive: security, suite: `${codename}-security` }]),
    ],
  };
}

/**
 * Archives that a container can use as well: transports beyond HTTP are programs of this machine, and a password in an
 * address would end in the image. Pure.
 */
export function parseArchives(printed: string): string[] {
  const lines = printed.split("\n").map((line) => line.trim());
  const usable = lines.filter((line) => /^https?:\/\/[^/@]+\//.test(line));
  return [...new Set(usable)].map((line) => line.replace(/\/+$/, ""));
}

/** The image's own sources, in the format of apt. Pure. */
export function renderSources({ suites }: DebianSources): string {
  return suites
    .map(({ archive, suite }) =>
      [
        "Types: deb",
        `URIs: ${archive}`,
        `Suites: ${suite}`,
        "Components: main",
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
        "",
      ].join("\n"),
    )
    .join("\n");
}

async function havingSuite(
  archives: readonly string[],
  suite: string,
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  const found: string[] = [];
  const directory = await mkdtemp(join(tmpdir(), "pgstead-suite-"));
  try {
    for (const [index, archive] of archives.entries()) {
      const file = join(directory, String(index));
      const address = `${archive}/dists/${suite}/InRelease`;
      const limits = [
        "-o",
        "Acquire::Retries=0",
        "-o",
        "Acquire::http::Timeout=10",
        "-o",
        "Acquire::https::Timeout=10",
      ];
      await run(helper, [...limits, "download-file", address, file], { env, timeoutMs: 30_000 });
      const text = await readFile(file, "utf8").catch(() => "");
      if (text.split("\n").includes(`Codename: ${suite}`)) found.push(archive);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return found;
}
