import { Gauge, type Registry } from "prom-client";
import type { OpsContext } from "../../../components/core/ops-context";
import { repositoryNumbers, type RepositoryNumber } from "../../../components/core/physical/configuration";
import { goodBackups, type PhysicalBackup } from "../../../components/core/physical/repository";
import type { PitrBackend } from "../../../components/io/physical/backend";
import { backRest } from "../../../components/io/physical/pgbackrest";
import { runHere } from "../../../components/io/physical/run-here";
import { readWaitingLog, type WaitingLog } from "../../../components/io/physical/waiting-log";
import type { Clock } from "./clock";
import { inTime, remember } from "./remembered";

/** The repository is asked no more often than this: each time is a process. */
const askAgainMs = 60_000;

/** Of a scrape: a repository that takes longer, such as one far away, is told at the next one. */
const patienceMs = 1_500;

/**
 * What Prometheus is told of physical backups: the log that waits to be sent, read from the data volume, so that it is
 * known while the server does not answer as well; and the backups that there are. Nothing where none are declared.
 */
export function measurePhysical(
  { physical, files }: Pick<OpsContext, "physical" | "files">,
  clock: Clock,
  registers: Registry[],
): void {
  if (physical === undefined) return;
  measureLog(() => readWaitingLog(files.dataDirectory, clock.now()), registers);
  const numbers = repositoryNumbers.filter((number) => number === 1 || physical.second !== undefined);
  measureBackups(
    numbers.map((number) => {
      const backend = backRest(runHere, physical.configuration, number);
      return { number, read: readInTime(clock, backend) };
    }),
    registers,
  );
}

/** The good backups of a repository. @throws Error where it cannot be read, or not in time */
function readInTime(clock: Clock, backend: Pick<PitrBackend, "read">): () => Promise<Backups> {
  const known = remember(
    clock,
    () => askAgainMs,
    async () => goodBackups(await backend.read()),
  );
  return () => inTime(clock, patienceMs, known.read());
}

function measureLog(read: () => Promise<WaitingLog>, registers: Registry[]): void {
  const gauge = (name: string, help: string, pick: (log: WaitingLog) => number): void => {
    measure(name, help, async () => pick(await read()), registers);
  };
  gauge("wal_waiting_files", "Files of the log that wait to be sent to the repository", (log) => log.files);
  gauge("wal_waiting_seconds", "How long the oldest of them has waited; 0: none waits", (log) => log.seconds);
  gauge("wal_bytes", "Size of the log on the data volume", (log) => log.bytes);
}

type Backups = readonly PhysicalBackup[];

interface MeasuredRepository {
  readonly number: RepositoryNumber;
  readonly read: () => Promise<Backups>;
}

/** Of each repository by itself; one that cannot be read has no sample, but that it cannot. */
function measureBackups(repositories: readonly MeasuredRepository[], registers: Registry[]): void {
  const of = (
    name: string,
    help: string,
    pick: (read: () => Promise<Backups>) => Promise<number | undefined>,
  ): void => {
    new Gauge({
      name: `pgstead_${name}`,
      help,
      labelNames: ["repository"],
      registers,
      async collect() {
        this.reset();
        for (const { number, read } of repositories) {
          const value = await pick(read).catch(() => undefined);
          if (value !== undefined) this.set({ repository: String(number) }, value);
        }
      },
    });
  };
  const gauge = (name: string, help: string, pick: (backups: Backups) => number | undefined): void => {
    of(`physical_backup_${name}`, help, async (read) => pick(await read()));
  };
  of("physical_repository_readable", "Whether the repository can be read: 1, or 0", (read) =>
    read().then(
      () => 1,
      () => 0,
    ),
  );
  const seconds = (backup: PhysicalBackup | undefined): number | undefined =>
    backup === undefined ? undefined : backup.stoppedAt / 1_000;
  gauge("newest_timestamp_seconds", "When the newest good physical backup ended", (all) =>
    seconds(all.at(-1)),
  );
  gauge(
    "oldest_timestamp_seconds",
    "When the oldest good one ended: no moment before it can be restored",
    ([first]) => seconds(first),
  );
  gauge("stored_bytes", "What all good ones take in the repository, without the log", (all) =>
    all.reduce((sum, { stored }) => sum + stored, 0),
  );
}

/** A gauge whose value is read when it is asked for; what cannot be read has no sample. */
function measure(
  name: string,
  help: string,
  read: () => Promise<number | undefined>,
  registers: Registry[],
): void {
  new Gauge({
    name: `pgstead_${name}`,
    help,
    registers,
    async collect() {
      this.remove();
      const value = await read().catch(() => undefined);
      if (value !== undefined) this.set(value);
    },
  });
}
