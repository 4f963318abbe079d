import { markerLines } from "../marker";
import { toOnCalendar } from "./on-calendar";
import type { JobPlaces } from "./places";

/** A job that a host runs by itself. */
export interface HostJob {
  readonly name: string;
  /** In cron's notation. */
  readonly schedule: string;
}

export interface UnitArgs {
  readonly places: JobPlaces;
  /** `<project>/<stack>` */
  readonly of: string;
  /** Account that the jobs run as. */
  readonly account: string;
  /** Name in the tz database that the schedules are in. */
  readonly timeZone: string;
  readonly jobs: readonly HostJob[];
  /** Directories beside those of the stack that jobs write to: that of the backups, and of copies. */
  readonly writable: readonly string[];
}

const unitDirectory = "/etc/systemd/system";

/** Name of the timer of a job. */
export const timerOf = ({ name }: Pick<JobPlaces, "name">, job: string): string => `${name}-${job}.timer`;

/** Name of the service of a job: an instance of the one template. */
export const serviceOf = ({ name }: Pick<JobPlaces, "name">, job: string): string => `${name}@${job}.service`;

/** Files of systemd by their absolute path: the template of the services, and a timer for each job. */
export function renderUnits(args: UnitArgs): Readonly<Record<string, string>> {
  const { places, jobs } = args;
  return {
    [`${unitDirectory}/${places.name}@.service`]: renderService(args),
    ...Object.fromEntries(
      jobs.map((job) => [`${unitDirectory}/${timerOf(places, job.name)}`, renderTimer(args, job)]),
    ),
  };
}

/**
 * A run reads the server over its socket, writes below its own directories, and needs nothing else of the host. Memory is
 * not held back from being executable (`MemoryDenyWriteExecute`), as Node.js compiles into it.
 */
function renderService({ places, of, account, writable }: UnitArgs): string {
  const paths = [places.state, ...writable].map((path) => quotePath(path)).join(" ");
  return render(of, {
    Unit: {
      Description: `pgstead ${of}: job %i`,
      After: "postgresql.service network-online.target",
    },
    Service: {
      Type: "oneshot",
      User: account,
      Group: account,
      ExecStart: `${quoteWord(places.command)} run %i`,
      UMask: "0077",
      Nice: "10",
      IOSchedulingClass: "idle",
      NoNewPrivileges: "yes",
      CapabilityBoundingSet: "",
      ProtectSystem: "strict",
      ReadWritePaths: paths,
      ProtectHome: "read-only",
      PrivateTmp: "yes",
      PrivateDevices: "yes",
      ProtectClock: "yes",
      ProtectControlGroups: "yes",
      ProtectHostname: "yes",
      ProtectKernelLogs: "yes",
      ProtectKernelModules: "yes",
      ProtectKernelTunables: "yes",
      RestrictAddressFamilies: "AF_UNIX AF_INET AF_INET6",
      RestrictNamespaces: "yes",
      RestrictRealtime: "yes",
      RestrictSUIDSGID: "yes",
      LockPersonality: "yes",
      SystemCallArchitectures: "native",
    },
  });
}

/** What was missed while the host was down is made up for once (`Persistent`). */
function renderTimer({ places, of, timeZone }: UnitArgs, { name, schedule }: HostJob): string {
  return render(of, {
    Unit: { Description: `pgstead ${of}: job ${name} by its schedule ${schedule.replaceAll("%", "%%")}` },
    Timer: {
      OnCalendar: toOnCalendar(schedule, timeZone),
      Persistent: "true",
      AccuracySec: "1s",
      Unit: serviceOf(places, name),
    },
    Install: { WantedBy: "timers.target" },
  });
}

type Section = Readonly<Record<string, string | readonly string[]>>;

function render(of: string, sections: Readonly<Record<string, Section>>): string {
  const lines = Object.entries(sections).flatMap(([section, entries]) => [
    "",
    `[${section}]`,
    ...Object.entries(entries).flatMap(([key, value]) => [value].flat().map((one) => `${key}=${one}`)),
  ]);
  return `${markerLines(of)}${lines.join("\n")}\n`;
}

/** In a list of paths; a dash before it: where it is not there the job says so, rather than systemd that nothing starts. */
function quotePath(path: string): string {
  return `-${quoteWord(path)}`;
}

/** `%` stands for specifiers, `$` for variables. */
function quoteWord(word: string): string {
  const text = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[A-Za-z0-9_./@%$-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}
