import { createHash } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, parse } from "node:path";
import { problemError } from "../core/problem";

/**
 * Root of the pgstead project: where its package.json, sources and node_modules are.
 *
 * A bundle (infra/toolchain/bundle.cjs) runs from a cache and has the place written into it.
 */
export function projectRoot(): string {
  const written = process.env.PGSTEAD_PROJECT;
  if (written !== undefined && existsSync(written)) return written;
  for (let directory = __dirname; ; directory = dirname(directory)) {
    if (existsSync(join(directory, "components", "providers", "pulumi-resource-pgstead"))) return directory;
    if (directory === parse(directory).root) throw new Error(`no pgstead project above ${__dirname}`);
  }
}

/**
 * Where embedded servers and their programs are kept, outside of every checkout: `$PGSTEAD_DATA`; for root
 * `/var/lib/pgstead`, as the server's account must be able to get there and cannot pass a home directory of mode 0700;
 * for others `$XDG_DATA_HOME/pgstead` or `~/.local/share/pgstead`.
 */
export function dataHome(env: NodeJS.ProcessEnv = process.env, uid = process.getuid?.()): string {
  const { PGSTEAD_DATA: own = "", XDG_DATA_HOME: share = "", HOME: home = "" } = env;
  // A relative one would mean another place for every process: the wrapper, the program and the provider.
  if (own !== "" && !isAbsolute(own)) {
    const hint = "set PGSTEAD_DATA to a directory that starts with /, or unset it.";
    throw problemError("PGSTEAD_DATA", `${own} is not an absolute path`, hint);
  }
  if (own !== "") return own;
  if (uid === 0) return "/var/lib/pgstead";
  // The XDG specification has relative paths ignored.
  if (isAbsolute(share)) return join(share, "pgstead");
  return join(isAbsolute(home) ? home : homedir(), ".local", "share", "pgstead");
}

/** Data directory of the embedded server of a stack of a checkout: two clones, or two stacks, never share one. */
export function defaultDataDirectory(checkout: string, project: string, stack: string): string {
  return placeOf("instances", checkout, project, stack);
}

/** Where the backups of such a stack are, unless it names a directory; they stay when the stack goes. */
export function defaultBackupDirectory(checkout: string, project: string, stack: string): string {
  return placeOf("backups", checkout, project, stack);
}

/** Where drills of a repository's backups restore to; whatever is in it is thrown away. */
export function drillDirectory(repository: string): string {
  return passingPlace("drills", repository);
}

/** Where migrations are tested on a repository's backups; whatever is in it is thrown away. */
export function backupTestDirectory(repository: string): string {
  return passingPlace("tests", repository);
}

/** Where backups are brought to from copies, as long as somebody works with them; whatever is in it is thrown away. */
export function fetchDirectory(repository: string): string {
  return passingPlace("fetched", repository);
}

function passingPlace(kind: string, repository: string): string {
  return join(dataHome(), kind, createHash("sha256").update(repository).digest("hex").slice(0, 10));
}

function placeOf(kind: string, checkout: string, project: string, stack: string): string {
  const place = existsSync(checkout) ? realpathSync(checkout) : checkout;
  const key = createHash("sha256").update(`${place}\n${project}\n${stack}`).digest("hex").slice(0, 10);
  const label = `${project}-${stack}`.replace(/[^A-Za-z0-9._-]+/g, "_").slice(0, 60);
  return join(dataHome(), kind, `${label}-${key}`);
}

/**
 * File with the passphrase of a stack that `new-stack` made, outside of every checkout:
 * `$XDG_CONFIG_HOME/pgstead/passphrases/<project>/<stack>`, else the same below `~/.config`. All clones that know the
 * stack share it, as they share its state.
 */
export function passphraseFile(project: string, stack: string, env: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CONFIG_HOME: config = "", HOME: home = "" } = env;
  const own = isAbsolute(home) ? home : homedir();
  // The XDG specification has relative paths ignored.
  const base = isAbsolute(config) ? config : join(own, ".config");
  return join(base, "pgstead", "passphrases", project, stack);
}
