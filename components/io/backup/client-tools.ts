import { readdir } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { parseToolVersion } from "../../core/backup/tool-output";
import { problemError } from "../../core/problem";
import { runProgram } from "../process";

/** PostgreSQL's own client programs, all of one version. */
export interface ClientTools {
  readonly directory: string;
  readonly version: string;
  readonly major: number;
}

const programs = ["pg_dump", "pg_dumpall", "pg_restore", "psql"] as const;

export type ClientProgram = (typeof programs)[number];

/** Where Debian, Fedora and Homebrew have the programs of one version. */
const usualPlaces = (major: number): string[] => [
  `/usr/lib/postgresql/${major}/bin`,
  `/usr/pgsql-${major}/bin`,
  `/opt/homebrew/opt/postgresql@${major}/bin`,
  `/usr/local/opt/postgresql@${major}/bin`,
];

/**
 * The client programs of the server's major version: older ones refuse it or leave out what they do not know, and what
 * newer ones write its own pg_restore may not read.
 *
 * @param path directories as `PATH` has them, which are looked at first
 * @throws ProblemError with what was found instead
 */
export async function findClientTools(major: number, path = process.env.PATH ?? ""): Promise<ClientTools> {
  const others: string[] = [];
  for (const directory of programPlaces(major, path)) {
    const found = await readVersion(directory);
    if (found === undefined) continue;
    if (found.major === major) return { directory, ...found };
    others.push(`${directory} has ${found.version}`);
  }
  const found = others.length === 0 ? "" : `: ${others.join(", ")}`;
  throw problemError(
    "client programs",
    `${programs.join(", ")} of PostgreSQL ${major}, the server's version, are not on this machine${found}`,
    `install them (Debian: \`apt install postgresql-client-${major}\`), or put their directory first in PATH`,
  );
}

/** Directories that may have programs of a version, in the order in which they are looked at. */
export function programPlaces(major: number, path = process.env.PATH ?? ""): ReadonlySet<string> {
  return new Set([
    ...path.split(delimiter).filter((directory) => isAbsolute(directory)),
    ...usualPlaces(major),
  ]);
}

/** Undefined: it has not all of them, or not of one version. */
async function readVersion(directory: string): Promise<Omit<ClientTools, "directory"> | undefined> {
  const names = new Set<string>(await readdir(directory).catch(() => []));
  if (!programs.every((program) => names.has(program))) return undefined;
  const [first, ...rest] = await Promise.all(
    programs.map((program) => readToolVersion(join(directory, program))),
  );
  return first !== undefined && rest.every((other) => other?.version === first.version) ? first : undefined;
}

/** Asks a program of PostgreSQL for its version. Undefined: it is none, or not for this machine. */
export async function readToolVersion(program: string): Promise<Omit<ClientTools, "directory"> | undefined> {
  try {
    const { exitCode, stdout } = await runProgram(program, ["--version"], { timeoutMs: 10_000 });
    return exitCode === 0 ? parseToolVersion(stdout) : undefined;
  } catch {
    return undefined; // not for this machine, or no program at all
  }
}
