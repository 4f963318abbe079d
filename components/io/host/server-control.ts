import {
  assertClusterOf,
  chooseCluster,
  parseHostFacts,
  type HostCluster,
  type HostFacts,
} from "../../core/host/facts";
import { hostFactsScript } from "../../core/host/facts-script";
import type { HostPlace } from "../../core/host/place";
import {
  isHalfDoneScript,
  readFileScript,
  removeFileScript,
  restartScript,
  serverExit,
  serverSeconds,
  serviceCommands,
  settleScript,
  startReason,
  startScript,
  stopScript,
  writeFileScript,
} from "../../core/host/server-scripts";
import { problemError, type ProblemError } from "../../core/problem";
import { renderWayHop } from "../../core/ssh/way";
import type { HostControlPlace, RestartEnd, ServerControl } from "../control";
import { readSystemIdentifier } from "../identity";
import type { Session } from "../session";
import { provenFile } from "../settings-proof";
import type { SshResult } from "../ssh/run";
import { runOnHost } from "./shell";

/**
 * All that is to be known of a host, in one round trip.
 *
 * @throws SshError, ProblemError no way there, or no right to look
 */
export async function readHostFacts(place: HostPlace): Promise<HostFacts> {
  const result = await runOnHost(place, hostFactsScript);
  if (result.code === 0) return parseHostFacts(result.stdout);
  throw failed(`host ${renderWayHop(place.ssh)}`, "it cannot be looked at", result);
}

/**
 * The cluster of a host that is the server of a session, and is proven to be.
 *
 * @throws ProblemError none is, or it could not be restarted there
 */
export async function provenCluster(
  { host, ...choice }: HostControlPlace,
  session: Session,
): Promise<HostCluster> {
  const cluster = chooseCluster(host, await readHostFacts(host), choice);
  assertClusterOf(host, cluster, {
    systemIdentifier: await readSystemIdentifier(session),
    start: await readStart(session),
  });
  return assertService(host, cluster);
}

/** The first three lines of the server's own postmaster.pid, as the host's facts have them. */
async function readStart(session: Session): Promise<string> {
  const [row] = await session.query<{ text: string }>(
    "SELECT pg_catalog.pg_read_file('postmaster.pid') AS text",
  );
  return (row?.text ?? "").split("\n").slice(0, 3).join(" ");
}

/** Control of a cluster over SSH: the host's service manager starts and stops it; its owner's files are its owner's. */
export async function hostControl({
  host,
  systemIdentifier,
  ...choice
}: HostControlPlace): Promise<ServerControl> {
  const cluster = assertService(host, chooseCluster(host, await readHostFacts(host), choice));
  if (
    systemIdentifier !== undefined &&
    systemIdentifier !== "" &&
    cluster.systemIdentifier !== systemIdentifier
  ) {
    assertClusterOf(host, cluster, { systemIdentifier, start: "" });
  }
  const asOwner = { as: cluster.owner };
  const file = (name: string): string => `${cluster.dataDirectory}/${name} on ${renderWayHop(host.ssh)}`;
  return {
    async start() {
      assertStarted(host, cluster, await runOnHost(host, startScript(cluster)));
    },
    async stop() {
      assertStopped(host, cluster, await runOnHost(host, stopScript(cluster)));
    },
    restart: () => restart(host, cluster),
    async readFile(name) {
      const result = await runOnHost(host, readFileScript(cluster, name), asOwner);
      if (result.code === serverExit.absent) return undefined;
      if (result.code === 0) return result.stdout;
      throw failed(file(name), "it cannot be read", result);
    },
    async writeFile(name, text) {
      const result = await runOnHost(host, writeFileScript(cluster, name), { ...asOwner, stdin: text });
      if (result.code !== 0) throw failed(file(name), "it cannot be written", result);
    },
    async removeFile(name) {
      const result = await runOnHost(host, removeFileScript(cluster, name), asOwner);
      if (result.code !== 0) throw failed(file(name), "it cannot be removed", result);
    },
  };
}

/** What is to be done about a server that is down because a run ended before the restart that was to prove its settings. */
export interface HalfDone {
  /** Such as `17/main`. */
  readonly cluster: string;
  /** Puts the settings before back, and starts it. @throws ProblemError it does not start with them either */
  settle(): Promise<void>;
}

/** Undefined: the server runs, or is down for another reason. Changes nothing. */
export async function findHalfDone({ host, ...choice }: HostControlPlace): Promise<HalfDone | undefined> {
  const cluster = assertService(host, chooseCluster(host, await readHostFacts(host), choice));
  const found = await runOnHost(host, isHalfDoneScript(cluster, provenFile));
  if (!found.stdout.includes("waits")) return undefined;
  return {
    cluster: cluster.name,
    async settle() {
      assertStarted(host, cluster, await runOnHost(host, settleScript(cluster, provenFile)));
    },
  };
}

async function restart(host: HostPlace, cluster: HostCluster): Promise<RestartEnd> {
  const result = await runOnHost(host, restartScript(cluster, provenFile));
  if (result.code === 0) return { kind: "runs" };
  if (result.code !== serverExit.undone) {
    assertStopped(host, cluster, result);
    return { kind: "failed", failure: notStarted(host, cluster, result) };
  }
  return { kind: "undone", failure: notStarted(host, cluster, result) };
}

function assertService(host: HostPlace, cluster: HostCluster): HostCluster {
  if (serviceCommands(cluster).start !== "false") return cluster;
  const hint = "restart it by hand, and leave pgstead:server.restart at refuse.";
  const message = "no service manager starts it: systemd has no unit of its name, and it is not Debian's";
  throw problemError(titleOf(host, cluster), message, hint);
}

function titleOf({ ssh }: HostPlace, { name }: HostCluster): string {
  return `cluster ${name} on ${renderWayHop(ssh)}`;
}

function assertStarted(host: HostPlace, cluster: HostCluster, result: SshResult): void {
  if (result.code !== 0) throw notStarted(host, cluster, result);
}

function notStarted(host: HostPlace, cluster: HostCluster, { stderr }: SshResult): ProblemError {
  const { unit, logFile } = cluster;
  const hint = `mend what the message is about; \`${unit === undefined ? `tail ${logFile ?? ""}` : `journalctl -u ${unit}`}\` there has all of it.`;
  return problemError(titleOf(host, cluster), `the server does not start: ${startReason(stderr)}`, hint);
}

function assertStopped(host: HostPlace, cluster: HostCluster, result: SshResult): void {
  if (result.code === serverExit.stays) {
    const message = `the server does not stop within ${serverSeconds.stop} s: ${startReason(result.stderr)}`;
    const hint = "look for what holds it (`npm run ops -- locks`, `ps` there), then run this again.";
    throw problemError(titleOf(host, cluster), message, hint);
  }
  if (result.code === serverExit.strange) {
    const message = `the server runs, and its unit ${cluster.unit ?? ""} does not: somebody started it past systemd`;
    throw problemError(
      titleOf(host, cluster),
      message,
      "stop it as it was started, and start it with systemctl.",
    );
  }
  if (result.code === 0 || result.code === serverExit.failed || result.code === serverExit.undone) return;
  throw failed(titleOf(host, cluster), "its service cannot be controlled", result);
}

function failed(path: string, what: string, { stderr, code, signal }: SshResult): ProblemError {
  const said = stderr.trim().split("\n").at(-1) ?? "";
  const why = said === "" ? `it ended with ${signal ?? `code ${code ?? "unknown"}`}` : said;
  const hint = /Read-only file system/i.test(stderr)
    ? "the host's disk is read-only, as after an error of it: `dmesg` and `mount` there tell."
    : /No space left/i.test(stderr)
      ? "make room there: `df` tells where."
      : "has the account the right to, and is the host in order?";
  return problemError(path, `${what}: ${why}`, hint);
}
