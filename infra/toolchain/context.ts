import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, isAbsolute, join, normalize, parse } from "node:path";
import { problemError } from "../../components/core/problem";
import { createSite, type Site } from "./site";
import { officialSite } from "./versions";

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

/** `$PGSTEAD_CACHE`, `$XDG_CACHE_HOME/pgstead`, `~/Library/Caches/pgstead` (macOS) or `~/.cache/pgstead`. */
export function cacheHome(env: NodeJS.ProcessEnv, platform: string = process.platform): string {
  const usual = platform === "darwin" ? ["Library", "Caches"] : [".cache"];
  return outsideKernel(
    "PGSTEAD_CACHE",
    absolute(env, "PGSTEAD_CACHE") ??
      below(absoluteOrNothing(env, "XDG_CACHE_HOME")) ??
      join(home(env, "PGSTEAD_CACHE"), ...usual, "pgstead"),
  );
}

/** `$PGSTEAD_STATE`, `$XDG_STATE_HOME/pgstead` or `~/.local/state/pgstead`. */
export function stateHome(env: NodeJS.ProcessEnv): string {
  return outsideKernel(
    "PGSTEAD_STATE",
    absolute(env, "PGSTEAD_STATE") ??
      below(absoluteOrNothing(env, "XDG_STATE_HOME")) ??
      join(home(env, "PGSTEAD_STATE"), ".local", "state", "pgstead"),
  );
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

/** An environment variable; an empty one counts as not set. */
export function setting(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === "" ? undefined : value;
}

function below(directory: string | undefined): string | undefined {
  return directory === undefined ? undefined : join(directory, "pgstead");
}

function absolute(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = setting(env, name);
  if (value === undefined || isAbsolute(value)) return value;
  throw problemError(
    name,
    `${value} is not an absolute path`,
    `set ${name} to a directory that starts with /, or unset it.`,
  );
}

/**
 * Refuses the kernel's own file systems by their names: Node's recursive mkdir never ends below /proc, as its parent is
 * there and yet nothing can be made in it. /dev/shm is a file system like any other.
 */
function outsideKernel(name: string, directory: string): string {
  const [kernels] = /^\/(?:proc|sys|dev(?!\/shm\/))(?=\/|$)/.exec(normalize(directory)) ?? [];
  if (kernels === undefined) return directory;
  throw problemError(
    name,
    `${directory} is below ${kernels}, which is the kernel's`,
    `set ${name} to a directory on a disk that this account may write to.`,
  );
}

/** The XDG specification has relative paths ignored. */
function absoluteOrNothing(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = setting(env, name);
  return value !== undefined && isAbsolute(value) ? value : undefined;
}

function home(env: NodeJS.ProcessEnv, instead: string): string {
  const directory = setting(env, "HOME") ?? registeredHome();
  if (directory !== undefined && isAbsolute(directory)) return directory;
  throw problemError(
    "HOME",
    "this account has no home directory to keep Pulumi and the dev stack in",
    `set HOME, or ${instead} to a directory that this account may write to.`,
  );
}

/** The home directory that the system has for this account; HOME may be missing in a service or a container. */
function registeredHome(): string | undefined {
  try {
    const { homedir: directory } = userInfo();
    return directory === "" ? undefined : directory;
  } catch {
    return undefined; // an account number without an entry, as in some containers
  }
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
