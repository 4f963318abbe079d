import type { LogicalBackups } from "../../../components/core/backup/plan";
import { greatestAge } from "../../../components/core/backup/freshness";
import { usualBackups } from "../../../components/core/backup/plan";
import { parseConnectionUri, type ConnectionTarget } from "../../../components/core/connection";
import type { OpsContext } from "../../../components/core/ops-context";
import { parseSchedule } from "../../../components/core/ops/timetable";
import { pgsteadVersion } from "../../../components/core/version";
import { readVolumeRoom } from "../../../components/io/log-directory";
import { defaultBackupDirectory } from "../../../components/io/places";
import { withSession } from "../../../components/io/session";
import type { DatabaseConfig } from "../../config";
import type { CommandContext } from "../command";
import { administratorOf } from "../container/context";
import type { StackOutputs } from "../outputs";
import type { WriteLine } from "../progress";

/** Where a stack's backups are and what they are taken with: the same for the command line and for the ops container. */
export interface BackupPlace {
  readonly stack: string;
  /** Of pgstead. */
  readonly version: string;
  readonly repository: string;
  readonly plan: LogicalBackups;
  /** When they are taken, in cron's notation; undefined: nobody said. */
  readonly schedule: string | undefined;
  readonly timeZone: string;
  /** Declared ones. */
  readonly databases: readonly string[];
  /** Who takes the backups of a database. */
  readonly login: (database: string) => Promise<ConnectionTarget>;
  /** Who restores. */
  readonly administrator: () => Promise<ConnectionTarget>;
  /** Room on the volume of the server's data, in bytes; undefined: it cannot be told from here. */
  readonly readRoom: () => Promise<number | undefined>;
  readonly progress: CommandContext["progress"];
  readonly write: WriteLine;
}

/** The place of a stack whose server is no container. */
export function localPlace({
  config,
  stack,
  project,
  root,
  outputs,
  progress,
  write,
}: CommandContext): BackupPlace {
  const { directory, logical } = config.backup;
  return {
    stack,
    version: pgsteadVersion,
    repository: directory ?? defaultBackupDirectory(root, project, stack),
    plan: logical ?? usualBackups,
    schedule: logical?.schedule,
    timeZone: "UTC",
    databases: config.databases.map(({ name }) => name),
    async login(database) {
      const found = await outputs();
      const declared = config.databases.find(({ name }) => name === database);
      return config.target === "existing" ? backupLogin(found, declared) : found.administrator;
    },
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
  if (found === undefined) return administrator;
  const { database: _, ...target } = parseConnectionUri(found.uri);
  const tls = administrator.tls === undefined ? {} : { tls: administrator.tls }; // with its authority as text
  return { ...target, ...tls };
}

/** The place of a stack's volume, from inside of its ops container: the administrator comes in over the socket. */
export function containerPlace(
  context: OpsContext,
  { progress, write }: Pick<BackupPlace, "progress" | "write">,
): BackupPlace {
  return {
    stack: context.stack,
    version: pgsteadVersion,
    repository: context.files.logicalBackups,
    plan: context.backup ?? usualBackups,
    schedule: context.backup === undefined ? undefined : context.schedules.backup,
    timeZone: context.timeZone,
    databases: context.service.databases.map(({ name }) => name),
    login: () => Promise.resolve(administratorOf(context)),
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
