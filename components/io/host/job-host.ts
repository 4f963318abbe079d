import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { chooseCluster, type ClusterChoice, type HostFacts } from "../../core/host/facts";
import { markerLines } from "../../core/host/marker";
import type { HostPlace } from "../../core/host/place";
import type { JobHostFacts } from "../../core/host/jobs/job-host";
import {
  installJobsScript,
  parseJobHost,
  readJobHostScript,
  removeJobsScript,
} from "../../core/host/jobs/job-host-text";
import { renderCommand, type JobPlaces } from "../../core/host/jobs/places";
import { opsBundleFile } from "../../core/ops-bundle";
import { problemError, ProblemError } from "../../core/problem";
import { renderWayHop } from "../../core/ssh/way";
import { projectRoot } from "../places";
import { readHostFacts } from "./server-control";
import { runOnHost } from "./shell";

/** The operations code as a host gets it. */
export interface JobProgram {
  readonly bundle: string;
  readonly command: string;
  /** SHA-256 of the two, in the order in which the host is asked for them. */
  readonly digest: string;
}

/**
 * The bundle of this checkout, marked as a stack's.
 *
 * @param of `<project>/<stack>`
 * @param node absolute path on the host
 */
export async function makeProgram(places: JobPlaces, of: string, node: string): Promise<JobProgram> {
  const source = await readFile(join(projectRoot(), opsBundleFile), "utf8");
  const bundle = `${markerLines(of, "//")}${source}`;
  const command = renderCommand(places, of, node);
  return { bundle, command, digest: createHash("sha256").update(command).update(bundle).digest("hex") };
}

/** Reads what jobs need of a host. @throws SshError, ProblemError */
export async function readJobHost(
  host: HostPlace,
  places: JobPlaces,
  { of, signal, ...choice }: ClusterChoice & { readonly of: string; readonly signal: AbortSignal },
): Promise<JobHostFacts> {
  const cluster = choose(host, await readHostFacts(host), choice);
  const dataDirectory = "missing" in cluster ? undefined : cluster.dataDirectory;
  const { stdout } = await asRoot(host, readJobHostScript(places, of, dataDirectory), { signal });
  const { socketDirectory, ...told } = parseJobHost(stdout);
  return { ...told, cluster: { ...cluster, ...(socketDirectory === undefined ? {} : { socketDirectory }) } };
}

/** That there is none is for the plan to refuse, with all else. */
function choose(host: HostPlace, facts: HostFacts, choice: ClusterChoice): JobHostFacts["cluster"] {
  try {
    const { name, owner, dataDirectory } = chooseCluster(host, facts, choice);
    return { name, owner, dataDirectory };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const [first = { path: "", message: error.title, hint: "" }] = error.problems;
    return { missing: first };
  }
}

/** Brings the program there, whole or not at all, and makes the directories that the jobs write to. */
export async function installJobs(
  host: HostPlace,
  places: JobPlaces,
  { bundle, command }: JobProgram,
  signal: AbortSignal,
): Promise<void> {
  const stdin = await promisify(gzip)(bundle);
  await asRoot(host, installJobsScript(places, command), { stdin, signal });
}

/** Removes the program and what the jobs remember. @returns whether backups stay */
export async function removeJobs(host: HostPlace, places: JobPlaces, signal: AbortSignal): Promise<boolean> {
  const { stdout } = await asRoot(host, removeJobsScript(places), { signal });
  return stdout.includes("stays");
}

async function asRoot(
  host: HostPlace,
  script: string,
  options: { readonly stdin?: Uint8Array; readonly signal: AbortSignal },
): Promise<{ readonly stdout: string }> {
  const { code, stdout, stderr } = await runOnHost(host, script, options);
  if (code === 0) return { stdout };
  const said = stderr.trim().split("\n").at(-1) ?? "";
  const message = `a script for the jobs ended with ${code ?? "a signal"}${said === "" ? "" : `: ${said}`}`;
  const hint = "is there room, and may root write to /usr/local/lib and /var/lib there? Then run this again.";
  throw problemError(`host ${renderWayHop(host.ssh)}`, message, hint);
}
