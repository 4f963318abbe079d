import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { bornLibraries } from "../../core/born-with";
import { problemError } from "../../core/problem";
import { logFileRing, logLinePrefix } from "../../core/tuning/logging";
import { settleHba } from "../hba/settle";
import { settleSettings } from "../settings-proof";
import { runProgram, type RunResult } from "../process";
import { diskFailure, initFailure, startFailure } from "./failures";
import { installBinaries, type Binaries } from "./binaries";
import { makeServerDirectory, writeServerFile, type Instance } from "./instance";
import { assertPortFree } from "./port";
import { readPostmaster, removeStaleLock, type Postmaster } from "./postmaster";

export interface ServerSettings {
  readonly port: number;
  /** Shown by `ps` (`cluster_name`). */
  readonly clusterName: string;
}

export interface InitOptions {
  readonly administrator: string;
  /** SCRAM verifier of the administrator's password: the password itself never reaches the server. */
  readonly verifier: string;
  /** Skips the final fsync: for servers that are thrown away, in tests. */
  readonly noSync?: boolean;
}

export type ServerStatus =
  | { readonly kind: "absent" }
  | { readonly kind: "stopped"; readonly major: number }
  | { readonly kind: "running"; readonly major: number; readonly postmaster: Postmaster };

/** What there is on disk and whether a server runs on it. Reads only. */
export async function readServerStatus(instance: Instance): Promise<ServerStatus> {
  const versionFile = join(instance.dataDirectory, "PG_VERSION");
  if (!existsSync(versionFile)) return { kind: "absent" };
  const major = Number.parseInt(await readFile(versionFile, "utf8"), 10);
  const postmaster = await readPostmaster(instance.dataDirectory);
  return postmaster === undefined ? { kind: "stopped", major } : { kind: "running", major, postmaster };
}

/**
 * Makes the data directory: checksums, UTF8, the builtin C.UTF-8 locale (same order on every platform), and
 * scram-sha-256 for every connection. An interrupted run leaves only a draft that the next one removes.
 */
export async function initServer(instance: Instance, options: InitOptions): Promise<void> {
  const binaries = await installBinaries();
  const draft = draftOf(instance);
  const passwordFile = join(instance.directory, "initdb.verifier");
  try {
    await rm(draft, { recursive: true, force: true });
    await assertEmpty(instance.dataDirectory);
    await makeServerDirectory(instance, instance.directory);
    await makeServerDirectory(instance, draft);
    await writeServerFile(instance, passwordFile, `${options.verifier}\n`);
    const result = await runProgram(
      join(binaries.bin, "initdb"),
      initArguments(draft, passwordFile, options),
      {
        account: instance.account,
        timeoutMs: 300_000,
      },
    );
    if (result.exitCode !== 0) throw initFailure(instance.directory, result);
    await rename(draft, instance.dataDirectory);
  } catch (error) {
    await discard(draft);
    throw diskFailure(instance.directory, error);
  } finally {
    await discard(passwordFile);
  }
}

/** Where initdb works: in a directory of ours, on the file system of the data, from which it is renamed into place. */
export function draftOf(instance: Instance): string {
  return join(instance.directory, "initdb.draft");
}

/** What failed before is the error to show: a place that cannot be made cannot be removed either. */
async function discard(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

/** A place that is given by its path may hold anything: it is neither removed nor filled up. */
async function assertEmpty(dataDirectory: string): Promise<void> {
  const found = existsSync(dataDirectory) ? await readdir(dataDirectory) : [];
  if (found.length === 0) return;
  throw problemError(
    dataDirectory,
    `it is to be a new data directory, and it holds ${found.slice(0, 3).join(", ")}${found.length > 3 ? " …" : ""}`,
    "move that away, or give this stack another data directory (pgstead:server.dataDirectory).",
  );
}

function initArguments(draft: string, passwordFile: string, options: InitOptions): string[] {
  return [
    `--pgdata=${draft}`,
    `--username=${options.administrator}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    "--set=password_encryption=scram-sha-256",
    // In the file and not on the command line, where no later ALTER SYSTEM could change it.
    `--set=shared_preload_libraries=${bornLibraries.join(", ")}`,
    "--set=logging_collector=on",
    ...logFileRing.map(({ name, value }) => `--set=${name}=${value}`),
    `--set=log_line_prefix=${logLinePrefix}`,
    ...(options.noSync === true ? ["--no-sync"] : []),
  ];
}

/** Starts the server and waits until it takes connections; it outlives this process. Running already: nothing. */
export async function startServer(instance: Instance, settings: ServerSettings): Promise<Postmaster> {
  const status = await readServerStatus(instance);
  if (status.kind === "running") return status.postmaster;
  const binaries = await installBinaries();
  assertMajor(instance, status.kind === "absent" ? binaries.major : status.major, binaries);
  await removeStaleLock(instance.dataDirectory);
  await assertPortFree(settings.port);
  await settleHba(instance.dataDirectory);
  await settleSettings(instance.dataDirectory);
  await writeSettings(instance, settings).catch((error: unknown) => {
    throw diskFailure(instance.directory, error);
  });
  return launch(instance, binaries);
}

/** Starts a server that was stopped a moment ago, with its files as they are. Running already: nothing. */
export async function startAgain(instance: Instance): Promise<Postmaster> {
  const status = await readServerStatus(instance);
  if (status.kind === "running") return status.postmaster;
  await removeStaleLock(instance.dataDirectory);
  return launch(instance, await installBinaries());
}

async function launch(instance: Instance, binaries: Binaries): Promise<Postmaster> {
  const log = join(instance.directory, "start.log");
  await makeServerDirectory(instance, instance.directory); // the data may have been put back without it
  await rm(log, { force: true });
  const result = await startPatiently(instance, binaries, log);
  const started = await readPostmaster(instance.dataDirectory);
  if (result.exitCode !== 0 || started === undefined) throw await startFailure(instance, log, result);
  return started;
}

/**
 * After a `kill -9` of the main process its children take a moment to notice, and until then the shared memory is in
 * use: PostgreSQL refuses to start, so it is asked again.
 */
async function startPatiently(instance: Instance, binaries: Binaries, log: string): Promise<RunResult> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const args = ["start", "-D", instance.dataDirectory, "-w", "-t", "120", "-s", "-l", log];
    const result = await runProgram(join(binaries.bin, "pg_ctl"), args, {
      account: instance.account,
      timeoutMs: 180_000,
    });
    if (result.exitCode === 0 || Date.now() > deadline) return result;
    const text = await readFile(log, "utf8").catch(() => ""); // pg_ctl failed before it wrote one
    if (!text.includes("pre-existing shared memory block")) return result;
    await rm(log, { force: true });
  }
}

/** Stops the server: sessions are ended, a checkpoint is written (`fast`). Not running: nothing. */
export async function stopServer(instance: Instance): Promise<void> {
  if ((await readServerStatus(instance)).kind !== "running") return;
  const binaries = await installBinaries();
  const args = ["stop", "-D", instance.dataDirectory, "-m", "fast", "-w", "-t", "120", "-s"];
  const result = await runProgram(join(binaries.bin, "pg_ctl"), args, {
    account: instance.account,
    timeoutMs: 180_000,
  });
  if (result.exitCode === 0 || (await readServerStatus(instance)).kind !== "running") return;
  throw problemError(
    instance.dataDirectory,
    `the server does not stop: ${result.stderr.trim() || result.stdout.trim()}`,
    "look for a session that holds it (`npm run ops -- status`), then run this again.",
  );
}

/** Our own part of postgresql.conf: what makes the server reachable, and nothing else. */
async function writeSettings(instance: Instance, settings: ServerSettings): Promise<void> {
  const main = join(instance.dataDirectory, "postgresql.conf");
  const include = "include 'pgstead.conf'";
  const text = await readFile(main, "utf8");
  if (!text.includes(include)) await writeServerFile(instance, main, `${text.trimEnd()}\n${include}\n`);
  const quote = (value: string): string => `'${value.replaceAll("'", "''")}'`;
  const lines = [
    "# Written by pgstead at every start; changes made here are lost.",
    "listen_addresses = '127.0.0.1'",
    `port = ${settings.port}`,
    "unix_socket_directories = ''",
    `cluster_name = ${quote(settings.clusterName)}`,
  ];
  await writeServerFile(instance, join(instance.dataDirectory, "pgstead.conf"), `${lines.join("\n")}\n`);
}

export function assertMajor(instance: Instance, found: number, binaries: { major: number }): void {
  if (found === binaries.major) return;
  throw problemError(
    instance.dataDirectory,
    `the data directory is of PostgreSQL ${found}, the programs here are ${binaries.major}`,
    `dump it with PostgreSQL ${found} and restore, or give this stack another data directory (pgstead:server.dataDirectory).`,
  );
}

/** Port that a data directory was last started with. */
export async function readPort(instance: Instance): Promise<number> {
  const text = await readFile(join(instance.dataDirectory, "pgstead.conf"), "utf8");
  return Number(/^port = (\d+)$/m.exec(text)?.[1] ?? 5432);
}
