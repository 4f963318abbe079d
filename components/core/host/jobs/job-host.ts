import type { Problem } from "../../problem";
import { renderWayHop } from "../../ssh/way";
import type { Refusal, Statement } from "../../statement";
import type { HostCluster } from "../facts";
import type { HostPlace } from "../place";
import { toCronFields } from "./cron-line";
import { jobAccount, type JobPlaces } from "./places";
import type { HostJob } from "./units";

export const schedulerWishes = ["auto", "systemd", "cron", "none"] as const;

/** What runs the jobs of a stack on its host; `auto`: systemd where it runs, else cron. */
export type SchedulerWish = (typeof schedulerWishes)[number];
export type Scheduler = "systemd" | "cron";

/** What a host has that jobs need, as it was read. */
export interface JobHostFacts {
  readonly systemd: boolean;
  readonly cron: boolean;
  /** Of the host, for people. */
  readonly zone: string;
  readonly isUtc: boolean;
  readonly node?: { readonly path: string; readonly version: string };
  /** The server's cluster; or why there is none. */
  readonly cluster: JobCluster | { readonly missing: Problem };
  /** Whether the account of the jobs can write to the directory of the backups; undefined: it is not there yet. */
  readonly backups?: boolean;
  /** True: the place of the program is taken by something that is not this stack's. */
  readonly isTaken: boolean;
  /** Digest of the program that is there; absent: none is, or with another owner or mode. */
  readonly program?: string;
}

export interface JobCluster extends Pick<HostCluster, "name" | "owner" | "dataDirectory"> {
  /** Where its socket is; absent: it does not run, or has none. */
  readonly socketDirectory?: string;
}

/** What is wanted of a host. */
export interface DesiredJobHost {
  readonly host: HostPlace;
  readonly wish: Exclude<SchedulerWish, "none">;
  /** Of the server, as the host sees it. */
  readonly port: number;
  /** As `pg_lsclusters` has it; absent: the one that listens at the port. */
  readonly cluster?: string | undefined;
  readonly jobs: readonly HostJob[];
  /** Packages that the same run installs. */
  readonly packages: readonly string[];
}

/** Node.js that the operations code runs on. */
export const oldestNode = 18;

/** The usual place, where it is about to be installed. */
const packagedNode = "/usr/bin/node";

export interface JudgedJobHost {
  readonly scheduler: Scheduler;
  /** Absolute path of Node.js. */
  readonly node: string;
  readonly refusals: readonly Refusal[];
}

/** What will run the jobs, or everything that keeps them from running. */
export function judgeJobHost(desired: DesiredJobHost, facts: JobHostFacts, places: JobPlaces): JudgedJobHost {
  const { wish, packages } = desired;
  const scheduler = wish === "auto" ? (facts.systemd ? "systemd" : "cron") : wish;
  const where = renderWayHop(desired.host.ssh);
  const refusals = [
    ...judgeScheduler(desired, scheduler, facts),
    ...judgeNode(packages, facts),
    ...judgeCluster(facts),
    ...(facts.backups === false ? [noWrite(places)] : []),
    ...(facts.isTaken ? [taken(places)] : []),
  ];
  const subject = `jobs on ${where}`;
  return {
    scheduler,
    node: facts.node?.path ?? packagedNode,
    refusals: refusals.map((refusal) => ({ subject, ...refusal })),
  };
}

type Reason = Omit<Refusal, "subject">;

function judgeScheduler(
  { jobs, wish, packages }: DesiredJobHost,
  scheduler: Scheduler,
  { systemd, cron, isUtc, zone }: JobHostFacts,
): Reason[] {
  if (scheduler === "systemd") {
    if (systemd) return [];
    const hint = "set pgstead:server.onHost.jobs to cron, or to auto";
    return [{ message: "systemd does not run there (/run/systemd/system is not there)", hint }];
  }
  if (!cron && !packages.includes("cron")) {
    const message = wish === "auto" ? "there is neither systemd nor cron" : "there is no cron";
    return [{ message, hint: "add it: `pgstead:server.onHost: { packages: [cron] }`, or set jobs to none" }];
  }
  return [...(isUtc ? [] : [otherZone(zone)]), ...jobs.flatMap(judgeLine)];
}

/** A backup at an hour that nobody declared is worse than none: it is looked for at another one. */
function otherZone(zone: string): Reason {
  return {
    message: `its cron runs by the host's time zone, ${zone}, and schedules are in UTC`,
    hint: "set the host's zone to UTC (`timedatectl set-timezone UTC`) and restart cron, or use systemd",
  };
}

function judgeLine({ name, schedule }: HostJob): Reason[] {
  try {
    toCronFields(schedule);
    return [];
  } catch (error) {
    const message = `the schedule of job ${name}, ${JSON.stringify(schedule)}, is not for cron`;
    return [{ message, hint: (error as Error).message }];
  }
}

function judgeNode(packages: readonly string[], { node }: JobHostFacts): Reason[] {
  if (node === undefined) {
    if (packages.includes("nodejs")) return [];
    const hint = "add it: `pgstead:server.onHost: { packages: [nodejs] }` (Debian's package is enough)";
    return [{ message: "there is no Node.js, which the jobs run on", hint }];
  }
  const major = Number.parseInt(node.version.replace(/^v/, ""), 10);
  if (major >= oldestNode) return [];
  const hint = `Debian 12 has 18 and Debian 13 has 20; put a newer one first in the path of root there`;
  return [{ message: `${node.path} is ${node.version}, and the jobs need ${oldestNode} or newer`, hint }];
}

function judgeCluster({ cluster }: JobHostFacts): Reason[] {
  if ("missing" in cluster) return [{ message: cluster.missing.message, hint: cluster.missing.hint }];
  const { name, owner, socketDirectory } = cluster;
  if (owner !== jobAccount) {
    const hint = `jobs run as ${jobAccount}: set pgstead:server.onHost.jobs to none`;
    return [{ message: `cluster ${name} is of account ${owner}`, hint }];
  }
  if (socketDirectory !== undefined) return [];
  const hint = "does it run? Jobs come in over it: see unix_socket_directories";
  return [{ message: `cluster ${name} has no socket`, hint }];
}

function noWrite({ backups }: JobPlaces): Reason {
  return {
    message: `account ${jobAccount} cannot write to ${backups}`,
    hint: `give it the directory (\`chown ${jobAccount}: ${backups}\`), or name another one: pgstead:backup.directory`,
  };
}

function taken({ command }: JobPlaces): Reason {
  return {
    message: `${command} is there, and not this stack's`,
    hint: "move it away; or is it of another checkout with the same names of project and stack?",
  };
}

/** What a run does to bring the program there. */
export function planProgram(
  { host }: Pick<DesiredJobHost, "host">,
  facts: Pick<JobHostFacts, "program"> | undefined,
  digest: string,
  { program }: JobPlaces,
): readonly Statement[] {
  if (facts?.program === digest) return [];
  return [
    {
      sql: `send the operations code to ${program} on ${renderWayHop(host.ssh)}`,
      reason: facts?.program === undefined ? "the jobs run it" : "it is another one there",
      risk: "none",
      kind: "file",
      step: true,
    },
  ];
}
