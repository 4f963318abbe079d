import { resolve } from "node:path";
import type { LogicalBackups } from "../../../components/core/backup/plan";
import { greatestAge } from "../../../components/core/backup/freshness";
import { usualBackups } from "../../../components/core/backup/plan";
import { noCopies, type CopyPlan } from "../../../components/core/copies/plan";
import type { Finding } from "../../../components/core/finding";
import type { ConnectionTarget } from "../../../components/core/connection";
import type { OpsContext } from "../../../components/core/ops-context";
import { parseSchedule } from "../../../components/core/ops/timetable";
import { pgsteadVersion } from "../../../components/core/version";
import type { DeclaredCopy } from "../../../components/io/copies/destination";
import { readVolumeRoom } from "../../../components/io/log-directory";
import { defaultBackupDirectory } from "../../../components/io/places";
import { withSession } from "../../../components/io/session";
import type { DatabaseConfig } from "../../config";
import type { CommandContext } from "../command";
import { containerDrills, localDrills, type DrillSetup } from "../drill/setup";
import { administratorOf } from "../container/context";
import { containerRecovery } from "../recovery/container-source";
import type { RecoverySource } from "../recovery/read-recovery";
import { targetOf, type StackOutputs } from "../outputs";
import type { WriteLine } from "../progress";
import { readCopySecret, readSecretFile } from "./copy-secret";

/** Where a stack's backups are and what they are taken with: the same for the command line and for the ops container. */
export interface BackupPlace {
  readonly stack: string;
  /** Of pgstead. */
  readonly version: string;
  readonly repository: string;
  readonly plan: LogicalBackups;
  /** Directory that has the backup to restore, where that came from a copy; absent: the repository. */
  readonly fetched?: string;
  /** When they are taken, in cron's notation; undefined: nobody said. */
  readonly schedule: string | undefined;
  readonly timeZone: string;
  /** Declared ones. */
  readonly databases: readonly string[];
  /** Who takes the backups of a database. */
  readonly login: (database: string) => Promise<ConnectionTarget>;
  /** Where backups go as well. */
  readonly copies: readonly DeclaredCopy[];
  /** Public keys of age, which copies are encrypted to; none: they are as their originals. */
  readonly recipients: readonly string[];
  /** How long a run waits for another one that works on the repository; absent: it says who does, and ends. */
  readonly patienceMs?: number;
  /** What restore drills are done with. */
  readonly drills: DrillSetup;
  /** What is wrong with the runs of the jobs that take and drill backups; absent: nobody's timers do. */
  readonly judgeJobs?: (now: number) => Promise<readonly Finding[]>;
  /** What physical backups are read from; absent, or nothing given: none are declared where this runs. */
  readonly recovery?: (now: number) => RecoverySource | undefined;
  /** Who restores. */
  readonly administrator: () => Promise<ConnectionTarget>;
  /** Room on the volume of the server's data, in bytes; undefined: it cannot be told from here. */
  readonly readRoom: () => Promise<number | undefined>;
  readonly progress: CommandContext["progress"];
  readonly write: WriteLine;
}

/** The file of an authority is one of the project. */
export function withAuthority(plan: CopyPlan, root: string): CopyPlan {
  if ("path" in plan || plan.s3.ca === undefined) return plan;
  return { ...plan, s3: { ...plan.s3, ca: resolve(root, plan.s3.ca) } };
}

/** Pulumi takes a name with its organisation and project as well. */
export function stackName(stack: string): string {
  return stack.slice(stack.lastIndexOf("/") + 1);
}

/** The place of a stack whose server is no container. */
export function localPlace(context: CommandContext): BackupPlace {
  const { config, stack, project, root, outputs, progress, write } = context;
  const { directory, logical } = config.backup;
  const { copies, recipients } = config.backup.copies ?? noCopies;
  const repository = directory ?? defaultBackupDirectory(root, project, stack);
  return {
    stack,
    version: pgsteadVersion,
    repository,
    plan: logical ?? usualBackups,
    schedule: logical?.schedule,
    timeZone: "UTC",
    databases: config.databases.map(({ name }) => name),
    async login(database) {
      const found = await outputs();
      const declared = config.databases.find(({ name }) => name === database);
      return config.target === "existing" ? backupLogin(found, declared) : found.administrator;
    },
    copies: copies.map((plan) => ({
      plan: withAuthority(plan, root),
      secretAccessKey: () => readCopySecret(plan, context),
    })),
    recipients,
    drills: localDrills(config, repository),
    administrator: async () => (await outputs()).administrator,
    async readRoom() {
      if (config.target !== "embedded") return undefined;
      const [row] = await withSession((await outputs()).administrator, {}, (session) =>
        session.query<{ path: string }>("SELECT pg_catalog.current_setting('data_directory') AS path"),
      );
      return row === undefined ? undefined : (await readVolumeRoom(row.path)).volumeFree;
    },
    progress,
    write,
  };
}

/** A server of others has a role for that, where one is declared; our own is read by its administrator. */
function backupLogin(
  { administrator, logins }: StackOutputs,
  database: DatabaseConfig | undefined,
): ConnectionTarget {
  const role = database?.roles.find(({ profile, login }) => profile === "backup" && login);
  const found = logins.find((one) => one.database === database?.name && one.key === role?.key);
  return found === undefined ? administrator : targetOf(found, administrator).target;
}

/** The place of a stack's volume, from inside of its ops container: the administrator comes in over the socket. */
export function containerPlace(
  context: OpsContext,
  { progress, write, patienceMs = 0 }: Pick<BackupPlace, "progress" | "write" | "patienceMs">,
): BackupPlace {
  const { copies, recipients } = context.copies ?? noCopies;
  return {
    patienceMs,
    stack: context.stack,
    version: pgsteadVersion,
    repository: context.files.logicalBackups,
    plan: context.backup ?? usualBackups,
    schedule: context.backup === undefined ? undefined : context.schedules.backup,
    timeZone: context.timeZone,
    databases: context.service.databases.map(({ name }) => name),
    login: () => Promise.resolve(administratorOf(context)),
    copies: copies.map((plan) => ({ plan, secretAccessKey: () => readSecretFile(plan) })),
    recipients,
    drills: containerDrills(context),
    recovery: (now) => containerRecovery(context, now),
    administrator: () => Promise.resolve(administratorOf(context)),
    readRoom: async () => (await readVolumeRoom(context.files.dataDirectory)).volumeFree,
    progress,
    write,
  };
}

/** The next run by the schedule, and how old the newest backup may be. */
export function timesOf(
  { schedule, timeZone }: Pick<BackupPlace, "schedule" | "timeZone">,
  now: number,
): { readonly nextRun: number | null; readonly greatestAgeMs: number | undefined } {
  if (schedule === undefined) return { nextRun: null, greatestAgeMs: undefined };
  const timetable = parseSchedule(schedule, timeZone);
  return { nextRun: timetable.next(now), greatestAgeMs: greatestAge(timetable.interval(now)) };
}
