import { Gauge, type Registry } from "prom-client";
import { readRepository, type Repository } from "../../../components/io/backup/repository";
import { summarizeCopies, type CopySummary, type DeclaredCopies } from "../backup/look-copies";
import { summarize, type DatabaseBackups } from "../backup/look";

/** A figure of the backups of a database. */
interface BackupFigure {
  readonly name: string;
  readonly help: string;
  readonly pick: (backups: DatabaseBackups) => number | null;
}

const moment = (text: string | null): number | null => (text === null ? null : Date.parse(text) / 1_000);

const figures: readonly BackupFigure[] = [
  {
    name: "newest_timestamp_seconds",
    help: "When the newest good backup of a database was taken",
    pick: ({ newestAt }) => moment(newestAt),
  },
  {
    name: "newest_bytes",
    help: "Size of the newest good backup of a database",
    pick: ({ newestBytes }) => newestBytes,
  },
  {
    name: "last_verified_timestamp_seconds",
    help: "When every byte of the newest good backup of a database was last read",
    pick: ({ lastVerifiedAt }) => moment(lastVerifiedAt),
  },
  {
    name: "last_success_timestamp_seconds",
    help: "When the last run that took a backup of a database ended",
    pick: ({ lastSuccessAt }) => moment(lastSuccessAt),
  },
  {
    name: "last_attempt_timestamp_seconds",
    help: "When the last run that was to take a backup of a database was begun",
    pick: ({ lastRunAt }) => moment(lastRunAt),
  },
  {
    name: "exit_code",
    help: "How the last run of a database ended: 0 well, 1 in a failure",
    pick: ({ exitCode }) => exitCode,
  },
  {
    name: "duration_seconds",
    help: "How long the last run of a database took",
    pick: ({ seconds }) => seconds,
  },
  { name: "count", help: "Backups of a database that are kept", pick: ({ count }) => count },
  { name: "bytes", help: "Size of all backups of a database", pick: ({ bytes }) => bytes },
];

/** A figure of a copy's backups of a database. */
interface CopyFigure {
  readonly name: string;
  readonly help: string;
  readonly pick: (copy: CopySummary) => number | null;
}

const copyFigures: readonly CopyFigure[] = [
  {
    name: "newest_timestamp_seconds",
    help: "When the newest backup of a database that is good at a copy was taken",
    pick: ({ newestAt }) => moment(newestAt),
  },
  {
    name: "last_success_timestamp_seconds",
    help: "When the last run ended that sent a copy all that it lacked",
    pick: ({ lastSuccessAt }) => moment(lastSuccessAt),
  },
  {
    name: "exit_code",
    help: "How the last run of a copy ended: 0 well, 1 in a failure",
    pick: ({ exitCode }) => exitCode,
  },
  { name: "count", help: "Backups of a database at a copy", pick: ({ count }) => count },
  { name: "bytes", help: "Size of a database's backups at a copy, as stored", pick: ({ bytes }) => bytes },
  {
    name: "drill_success",
    help: "Whether the last restore drill of a database's backups at a copy passed: 1, or 0",
    pick: ({ lastDrillPassed }) => (lastDrillPassed === null ? null : Number(lastDrillPassed)),
  },
  {
    name: "drill_timestamp_seconds",
    help: "When the last restore drill of a database's backups at a copy ended",
    pick: ({ lastDrilledAt }) => moment(lastDrilledAt),
  },
  {
    name: "drill_restore_seconds",
    help: "How long it took until the restored server could be used, the way from the copy included (RTO)",
    pick: ({ drillRestoreSeconds }) => drillRestoreSeconds,
  },
  {
    name: "drill_recoverable_age_seconds",
    help: "Age of the newest moment that it gave back, when it was begun (RPO)",
    pick: ({ drillRecoverableAgeSeconds }) => drillRecoverableAgeSeconds,
  },
];

/** What copies are measured by. */
interface MeasuredCopies extends DeclaredCopies {
  /** Seconds that the last drill of one may be ago; undefined: no drills are declared. */
  readonly maxAge: number | undefined;
}

/** Figures of the repository itself, so that what somebody runs by hand shows as well. */
export function measureBackups(repository: string, declared: MeasuredCopies, registers: Registry[]): void {
  const { databases } = declared;
  // One look at the disk for all figures of a scrape.
  let read: Promise<Repository | undefined> | undefined;
  const look = (): Promise<Repository | undefined> => {
    read ??= readRepository(repository)
      .catch(() => undefined) // cannot be read: no sample, rather than an old one
      .finally(() => {
        setImmediate(() => (read = undefined));
      });
    return read;
  };
  for (const { name, help, pick } of figures) {
    new Gauge({
      name: `pgstead_backup_${name}`,
      help,
      labelNames: ["database"],
      registers,
      async collect() {
        this.reset();
        const found = await look();
        if (found === undefined) return;
        for (const database of databases) {
          const value = pick(summarize(found, database));
          if (value !== null) this.set({ database }, value);
        }
      },
    });
  }
  if (declared.copies.length > 0) measureCopies(declared, look, registers);
}

function measureCopies(
  declared: MeasuredCopies,
  look: () => Promise<Repository | undefined>,
  registers: Registry[],
): void {
  const { maxAge } = declared;
  if (maxAge !== undefined) {
    const help = "How long ago the last restore drill of each copy may be";
    new Gauge({ name: "pgstead_backup_copy_drill_max_age_seconds", help, registers }).set(maxAge);
  }
  for (const { name, help, pick } of copyFigures) {
    new Gauge({
      name: `pgstead_backup_copy_${name}`,
      help,
      labelNames: ["database", "copy"],
      registers,
      async collect() {
        this.reset();
        const found = await look();
        if (found === undefined) return;
        for (const summary of summarizeCopies(found.state, declared)) {
          const value = pick(summary);
          if (value !== null) this.set({ database: summary.database, copy: summary.copy }, value);
        }
      },
    });
  }
}
