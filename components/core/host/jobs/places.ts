import { quoteShell } from "../../shell";
import { hostPrefix, markerLines } from "../marker";

/** Where a host has what belongs to the jobs of one stack: absolute paths, and names for systemd and cron. */
export interface JobPlaces {
  /** What all names begin with: `pgstead-<project>-<stack>`. */
  readonly name: string;
  /** Directory of the operations code. */
  readonly program: string;
  /** The operations code: one file of JavaScript. */
  readonly bundle: string;
  /** What units, crontabs and people start: the bundle with its context. */
  readonly command: string;
  /** Directory of the context and of secret files. */
  readonly settings: string;
  readonly context: string;
  /** Directory of all that the jobs write but backups that are declared elsewhere. */
  readonly state: string;
  /** What became of the runs of each job. */
  readonly jobs: string;
  /** What passes: servers of drills, and backups that are brought from copies. */
  readonly work: string;
  readonly backups: string;
  /** Of cron.d: a name with a dot in it is passed over by Debian's cron. */
  readonly crontab: string;
  /** Of logrotate, for what runs of jobs said. */
  readonly logRotation: string;
}

/** Account that the server and its jobs run as: Debian's and RPM's. It comes in over the socket (`peer`). */
export const jobAccount = "postgres";

/**
 * @param backups declared directory of the backups (`pgstead:backup.directory`), as the host sees it
 */
export function jobPlaces(project: string, stack: string, backups?: string): JobPlaces {
  const name = hostPrefix(`${project}/${stack}`);
  const slug = name.replace(/^pgstead-/, "");
  const program = `/usr/local/lib/pgstead/${slug}`;
  const settings = `/etc/pgstead/${slug}`;
  const state = `/var/lib/pgstead/${slug}`;
  return {
    name,
    program,
    bundle: `${program}/ops.cjs`,
    command: `${program}/ops`,
    settings,
    context: `${settings}/context.json`,
    state,
    jobs: `${state}/jobs`,
    work: `${state}/work`,
    backups: backups ?? `${state}/backups`,
    crontab: `/etc/cron.d/${name}`,
    logRotation: `/etc/logrotate.d/${name}`,
  };
}

/**
 * The script that units and crontabs start: where Node.js is stands here alone.
 *
 * @param of `<project>/<stack>`
 */
export function renderCommand({ bundle, context }: JobPlaces, of: string, node: string): string {
  const line = `exec ${quoteShell(node)} ${quoteShell(bundle)} --context ${quoteShell(context)} "$@"`;
  return `#!/bin/sh\n${markerLines(of)}${line}\n`;
}
