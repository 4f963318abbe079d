import { judgeRecovery } from "../../../components/core/physical/judge";
import { goodBackups, type PhysicalBackup } from "../../../components/core/physical/repository";
import { recoverableWindow } from "../../../components/core/physical/window";
import { parseSchedule } from "../../../components/core/ops/timetable";
import type { Archiver } from "../../../components/io/catalog/archiver";
import type { PitrBackend } from "../../../components/io/physical/backend";
import type { Report } from "../report";

/** What the recovery of a stack is read from: the same for the command line and for the ops container. */
export interface RecoverySource {
  readonly stack: string;
  readonly backend: PitrBackend;
  readonly readArchiver: () => Promise<Archiver>;
  /** In cron's notation. */
  readonly schedules: { readonly full: string; readonly incremental: string };
  readonly timeZone: string;
  readonly now: number;
}

export interface RecoveryData {
  /** The moments that can be restored, in ISO 8601; null: none can. */
  readonly window: { readonly oldest: string; readonly newest: string } | null;
  /** When the newest file of the log arrived; null: none has, since the server's statistics began. */
  readonly archivedAt: string | null;
  /** The oldest first; a bad one has a fault. */
  readonly backups: readonly (Omit<PhysicalBackup, "startedAt" | "stoppedAt"> & {
    readonly startedAt: string;
    readonly stoppedAt: string;
  })[];
}

/** Looks at the repository and at what became of the server's log. Changes nothing. */
export async function readRecovery(source: RecoverySource): Promise<Report<RecoveryData>> {
  const { stack, backend, schedules, timeZone, now } = source;
  const [repository, { archivedAt, failure }] = await Promise.all([backend.read(), source.readArchiver()]);
  const window = recoverableWindow(goodBackups(repository), archivedAt);
  const interval = (schedule: string): number => parseSchedule(schedule, timeZone).interval(now);
  const intervals = { full: interval(schedules.full), incremental: interval(schedules.incremental) };
  const backups = repository.kind === "absent" ? [] : repository.backups;
  return {
    command: "recovery",
    stack,
    data: {
      window: window === undefined ? null : { oldest: iso(window.oldest), newest: iso(window.newest) },
      archivedAt: archivedAt === undefined ? null : iso(archivedAt),
      backups: backups.map((backup) => ({
        ...backup,
        startedAt: iso(backup.startedAt),
        stoppedAt: iso(backup.stoppedAt),
      })),
    },
    findings: judgeRecovery({
      repository,
      now,
      intervals,
      ...(failure === undefined ? {} : { archiveFailure: failure }),
    }),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
