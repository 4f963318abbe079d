import { jobAccount } from "../../core/host/jobs/places";
import type { HostPlace } from "../../core/host/place";
import { problemError } from "../../core/problem";
import { quoteShell } from "../../core/shell";
import { renderWayHop } from "../../core/ssh/way";
import { runOnHost, type HostRun } from "./shell";

/** The operations code on a host. */
export interface JobProgramPlace {
  readonly host: HostPlace;
  /** Absolute path of what starts it. */
  readonly command: string;
}

/** How a command line of it ended. */
export interface JobProgramResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
}

/**
 * Runs a command line of the operations code on a host, as the account of its jobs, to its end.
 *
 * @param words can be read by every account of the host while it runs: nothing secret is among them
 * @throws SshError; ProblemError it is not there
 */
export async function runJobProgram(
  { host, command }: JobProgramPlace,
  words: readonly string[],
  options: Pick<HostRun, "signal" | "onOutput"> = {},
): Promise<JobProgramResult> {
  // The directory that SSH begins in is closed to other accounts, and Node.js does not start there.
  const script = `cd / && exec ${[command, ...words].map(quoteShell).join(" ")}`;
  const { code, stdout, stderr } = await runOnHost(host, script, { ...options, as: jobAccount });
  if (code === 126 || code === 127) throw notThere(host, command, stderr);
  return { stdout, stderr, exitCode: code };
}

function notThere(host: HostPlace, command: string, stderr: string): Error {
  const said = stderr.trim().split("\n").at(-1) ?? "";
  return problemError(
    `operations code on ${renderWayHop(host.ssh)}`,
    `${command} cannot be run there: ${said}`,
    "`npm run pulumi -- up` puts it there; it needs Node.js (`pgstead:server.onHost: { packages: [nodejs] }`)",
  );
}
