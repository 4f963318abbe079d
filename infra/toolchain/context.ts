import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { dirname, join, parse } from "node:path";
import { problemError } from "../../components/core/problem";
import { cacheHome, registeredHome, setting, stateHome } from "../../components/io/user-directories";
import { createSite, type Site } from "./site";
import { officialSite } from "./versions";

export { cacheHome, setting, stateHome } from "../../components/io/user-directories";

/** All that the toolchain knows of its surroundings; tests hand in their own. */
export interface ToolchainContext {
  readonly env: NodeJS.ProcessEnv;
  /** The checkout: the directory with Pulumi.yaml, without symbolic links. */
  readonly project: string;
  /** What can be fetched or built again: programs and official plugins, shared by all checkouts. */
  readonly cache: string;
  /** What belongs to this checkout's dev stack: state, passphrase, plugins of its own. */
  readonly state: string;
  readonly platform: string;
  readonly arch: string;
  readonly site: Site;
  /** One line to the user, on standard error: standard output belongs to the command. */
  readonly say: (line: string) => void;
}

export function createContext(
  env: NodeJS.ProcessEnv = process.env,
  project: string = findProject(),
): ToolchainContext {
  const place = existsSync(project) ? realpathSync(project) : project;
  const key = createHash("sha256").update(place).digest("hex").slice(0, 10);
  return {
    env,
    project: place,
    cache: cacheHome(env),
    state: join(stateHome(env), "checkouts", key),
    platform: process.platform,
    arch: process.arch,
    site: createSite(setting(env, "PGSTEAD_DOWNLOAD_SITE") ?? officialSite),
    say: (line) => process.stderr.write(`pgstead: ${line}\n`),
  };
}

/**
 * Where the user's own Pulumi keeps logins, selections and plugins; undefined without a home directory. Pulumi asks the
 * system for the account's home directory first, and HOME only where the account has no entry.
 */
export function userPulumiHome(env: NodeJS.ProcessEnv): string | undefined {
  const own = setting(env, "PULUMI_HOME");
  if (own !== undefined) return own;
  const directory = registeredHome() ?? setting(env, "HOME");
  return directory === undefined ? undefined : join(directory, ".pulumi");
}

function findProject(): string {
  // A bundle has the checkout written into it (bundle.cjs); without, the file lies in the checkout itself.
  const written = process.env.PGSTEAD_PROJECT;
  if (written !== undefined && existsSync(written)) return written;
  for (let directory = __dirname; ; directory = dirname(directory)) {
    if (existsSync(join(directory, "Pulumi.yaml"))) return directory;
    if (directory === parse(directory).root) {
      throw problemError(
        "Pulumi.yaml",
        `there is none above ${__dirname}`,
        "run the command in a complete checkout of pgstead.",
      );
    }
  }
}
