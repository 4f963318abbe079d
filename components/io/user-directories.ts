import { userInfo } from "node:os";
import { isAbsolute, join, normalize } from "node:path";
import { problemError } from "../core/problem";

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
export function registeredHome(): string | undefined {
  try {
    const { homedir: directory } = userInfo();
    return directory === "" ? undefined : directory;
  } catch {
    return undefined; // an account number without an entry, as in some containers
  }
}
