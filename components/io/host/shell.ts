import { asAccount, explainSudo } from "../../core/host/become";
import type { HostPlace } from "../../core/host/place";
import type { SshConnection } from "../ssh/connection";
import type { RunOptions, SshResult } from "../ssh/run";

export interface HostRun extends Omit<RunOptions, "environment" | "optionalEnvironment"> {
  /** Account of the host that it runs as. Default: root. */
  readonly as?: string;
}

/** Connections of this process by their way: one login serves all that it does on a host. */
const open = new Map<string, Promise<SshConnection>>();

/**
 * Runs a script of `/bin/sh` on a host, to its end; a code other than 0 is a result. Every account of the host can read
 * the script while it runs: secrets go to its standard input.
 *
 * @throws SshError no way there, or lost on the way; ProblemError sudo does not let the account work as that other one
 */
export async function runOnHost(place: HostPlace, script: string, options: HostRun = {}): Promise<SshResult> {
  const { as = "root", ...how } = options;
  const connection = await connectionTo(place);
  const result = await connection.run(asAccount(place, script, as), how);
  const refused = explainSudo(place, result, as);
  if (refused !== undefined) throw refused;
  return result;
}

/** What the host and its bastion have proven to be their keys. @throws SshError no way there */
export async function readHostKeys(place: HostPlace): ReturnType<SshConnection["hostKeys"]> {
  return (await connectionTo(place)).hostKeys();
}

/** Ends the connections of this process; one that never opened has been told. */
export async function closeHosts(): Promise<void> {
  const all = [...open.values()];
  open.clear();
  await Promise.all(all.map((one) => one.then((found) => found.close()).catch(() => undefined)));
}

/** What speaks SSH is loaded where there is a host: every command line closes what it may have opened. */
async function openOwn(ssh: HostPlace["ssh"]): Promise<SshConnection> {
  const { openSsh } = await import("../ssh/connection.js");
  const { readWay } = await import("../ssh/read-way.js");
  return openSsh(readWay(ssh));
}

async function connectionTo({ ssh }: HostPlace): Promise<SshConnection> {
  const key = JSON.stringify(ssh);
  const known = open.get(key);
  const usable = known === undefined ? undefined : await known.catch(() => undefined);
  if (usable !== undefined && !usable.isLost()) return usable;
  const made = openOwn(ssh);
  open.set(key, made);
  try {
    return await made;
  } catch (error) {
    open.delete(key); // what failed may work at the next look
    throw error;
  }
}
