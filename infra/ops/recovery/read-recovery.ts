import { judgeRecovery } from "../../../components/core/physical/judge";
import type { Finding } from "../../../components/core/finding";
import type { RepositoryNumber } from "../../../components/core/physical/configuration";
import {
  goodBackups,
  type PhysicalBackup,
  type PhysicalRepository,
} from "../../../components/core/physical/repository";
import { ProblemError } from "../../../components/core/problem";
import { recoverableWindow, type RecoverableWindow } from "../../../components/core/physical/window";
import { parseSchedule } from "../../../components/core/ops/timetable";
import type { Archiver } from "../../../components/io/catalog/archiver";
import type { PitrBackend } from "../../../components/io/physical/backend";
import type { Report } from "../report";

export interface RecoverySchedules {
  readonly full: string;
  readonly incremental: string;
}

/** What the recovery of a stack is read from: the same for the command line and for the ops container. */
export interface RecoverySource {
  readonly stack: string;
  readonly backend: PitrBackend;
  readonly readArchiver: () => Promise<Archiver>;
  /** In cron's notation. */
  readonly schedules: RecoverySchedules;
  /** The second repository; absent: there is none. */
  readonly second?: {
    readonly backend: PitrBackend;
    /** For people. */
    readonly where: string;
    readonly schedules: RecoverySchedules;
  };
  readonly timeZone: string;
  readonly now: number;
}

export interface RecoveryData {
  /** The moments that can be restored, in ISO 8601; null: none can. */
  readonly window: { readonly oldest: string; readonly newest: string } | null;
  /** When the newest file of the log arrived; null: none has, since the server's statistics began. */
  readonly archivedAt: string | null;
  /** By number: what can be restored from each. */
  readonly repositories: readonly RepositoryData[];
  /** Of all repositories, the oldest first; a bad one has a fault. */
  readonly backups: readonly (Omit<PhysicalBackup, "startedAt" | "stoppedAt"> & {
    readonly startedAt: string;
    readonly stoppedAt: string;
  })[];
}

export interface RepositoryData {
  readonly number: RepositoryNumber;
  /** Where it is, for people; null: on the volume of the server's host. */
  readonly where: string | null;
  readonly window: RecoveryData["window"];
  /** Why it cannot be read; null: it can. */
  readonly unread: string | null;
}

/** Looks at the repository and at what became of the server's log. Changes nothing. */
export async function readRecovery(source: RecoverySource): Promise<Report<RecoveryData>> {
  const { stack, second } = source;
  const [first, beyond, archiver] = await Promise.all([
    look(source.backend, second !== undefined),
    second === undefined ? undefined : look(second.backend, true),
    source.readArchiver(),
  ]);
  const { archivedAt, failure } = archiver;
  const looks = [
    { number: 1 as const, where: null, schedules: source.schedules, ...first },
    ...(second === undefined || beyond === undefined
      ? []
      : [{ number: 2 as const, where: second.where, schedules: second.schedules, ...beyond }]),
  ];
  const windows = looks.map(({ repository }) =>
    // What the archiver sent last is in all of them.
    repository === undefined ? undefined : recoverableWindow(goodBackups(repository), archivedAt),
  );
  return {
    command: "recovery",
    stack,
    data: {
      window: shown(widest(windows.flatMap((window) => window ?? []))),
      archivedAt: archivedAt === undefined ? null : iso(archivedAt),
      repositories: looks.map(({ number, where, unread }, index) => ({
        ...{ number, where, window: shown(windows[index]) },
        unread: unread?.problems[0]?.message ?? unread?.title ?? null,
      })),
      backups: looks.flatMap(({ repository }) =>
        repository === undefined || repository.kind === "absent" ? [] : repository.backups.map(datedBackup),
      ),
    },
    findings: looks.flatMap((one) => findingsOf(one, source, one.number === 1 ? failure : undefined)),
  };
}

interface Look {
  readonly repository?: PhysicalRepository;
  readonly unread?: ProblemError;
}

/** @param mayFail true: the other repository is told all the same */
async function look(backend: PitrBackend, mayFail: boolean): Promise<Look> {
  try {
    return { repository: await backend.read() };
  } catch (error) {
    if (!mayFail || !(error instanceof ProblemError)) throw error;
    return { unread: error };
  }
}

function findingsOf(
  {
    repository,
    unread,
    number,
    schedules,
  }: Look & { readonly number: RepositoryNumber; readonly schedules: RecoverySchedules },
  { timeZone, now }: RecoverySource,
  failure: string | undefined,
): Finding[] {
  if (repository === undefined) {
    return (unread?.problems ?? []).map(({ message, hint }) => ({
      subject: unread?.title ?? "",
      message,
      hint,
    }));
  }
  const interval = (schedule: string): number => parseSchedule(schedule, timeZone).interval(now);
  const found = judgeRecovery({
    ...{ repository, now, number },
    intervals: { full: interval(schedules.full), incremental: interval(schedules.incremental) },
    ...(failure === undefined ? {} : { archiveFailure: failure }),
  });
  return number === 1
    ? found
    : found.map((one) => ({ ...one, subject: `${one.subject} (second repository)` }));
}

function widest(windows: readonly RecoverableWindow[]): RecoverableWindow | undefined {
  if (windows.length === 0) return undefined;
  return {
    oldest: Math.min(...windows.map(({ oldest }) => oldest)),
    newest: Math.max(...windows.map(({ newest }) => newest)),
  };
}

function shown(window: RecoverableWindow | undefined): RecoveryData["window"] {
  return window === undefined ? null : { oldest: iso(window.oldest), newest: iso(window.newest) };
}

function datedBackup(backup: PhysicalBackup): RecoveryData["backups"][number] {
  return { ...backup, startedAt: iso(backup.startedAt), stoppedAt: iso(backup.stoppedAt) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
