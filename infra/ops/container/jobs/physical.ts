import type { OpsContext, OpsJob } from "../../../../components/core/ops-context";
import { type PhysicalBackup } from "../../../../components/core/physical/repository";
import { problemError, ProblemError } from "../../../../components/core/problem";
import { renderSize } from "../../../../components/core/size";
import type { PitrBackend } from "../../../../components/io/physical/backend";
import { backRest } from "../../../../components/io/physical/pgbackrest";
import { whenFree } from "../../../../components/io/backup/wait-for-repository";
import { runHere } from "../../../../components/io/physical/run-here";
import type { Waiting } from "../../../../components/io/waiting";
import type { Job, JobRun } from "../job";

/** Physical backups and the look at every file of their repository; none where none are declared. */
export function physicalJobs({ physical, files }: OpsContext): Job[] {
  if (physical === undefined) return [];
  const { configuration, second } = physical;
  const jobs = [
    ...jobsOn(backRest(runHere, configuration)),
    ...(second === undefined ? [] : jobsOn(backRest(runHere, configuration, 2), "-2")),
  ];
  return jobs.map((job) => alone(job, files.logicalBackups));
}

/**
 * Logical and physical backups, looks at them and removals are on one volume, read the same disk, and never overlap: each
 * waits for the one that is under way, by the lock that those of logical backups have.
 */
export function alone(job: Job, repository: string): Job {
  return {
    ...job,
    run: (given) =>
      whenFree(
        repository,
        `job ${job.name}`,
        waitingOf(given),
        (signal) => job.run({ ...given, signal }),
        job.timeoutMs,
      ),
  };
}

/**
 * The same on a backend of the caller's.
 *
 * @param ending of the jobs' names: the number of a second repository
 */
export function jobsOn(backend: PitrBackend, ending: "" | "-2" = ""): Job[] {
  return [
    backupJob(`physical-full${ending}`, "full", backend),
    backupJob(`physical-incremental${ending}`, "incremental", backend),
    verifyJob(`physical-verify${ending}`, backend),
  ];
}

const intoWhich = (name: OpsJob): string => (name.endsWith("-2") ? " into the second repository" : "");

const hour = 3_600_000;

function backupJob(name: OpsJob, kind: "full" | "incremental", backend: PitrBackend): Job {
  const what = kind === "full" ? "everything" : "what changed since the last one";
  return {
    name,
    summary: `take a physical backup of ${what}${intoWhich(name)}, and delete those that are older than are kept`,
    timeoutMs: 23 * hour,
    runsAtStart: false,
    async run({ log, signal }) {
      const before = new Set((await listed(backend)).map(({ label }) => label));
      const warnings = await backend.back(kind, waitingOf({ log, signal }));
      for (const warning of warnings) log.warning(warning);
      const made = (await listed(backend)).filter(({ label }) => !before.has(label)).at(-1);
      if (made === undefined) throw notThere(kind);
      // Nothing good goes for a bad one.
      if (made.fault !== undefined) throw notGood(made);
      const { label, size, stored } = made;
      const sizes = `${renderSize(size)} of the server, ${renderSize(stored)} in the repository`;
      log.info(`took ${label}: ${sizes}`, { label, bytes: size, stored });
      await expire(backend, { log, signal });
    },
  };
}

/** Deletes what is older than is kept, and says which. */
async function expire(backend: PitrBackend, run: Pick<JobRun, "log" | "signal">): Promise<void> {
  const before = await listed(backend);
  await backend.expire(waitingOf(run));
  const left = new Set((await listed(backend)).map(({ label }) => label));
  const deleted = before.map(({ label }) => label).filter((label) => !left.has(label));
  if (deleted.length > 0) run.log.info(`deleted ${deleted.join(", ")}: older than is kept`, { deleted });
}

function verifyJob(name: OpsJob, backend: PitrBackend): Job {
  const which = name.endsWith("-2") ? "the second repository" : "the repository";
  return {
    name,
    summary: `compare every file of ${which} with the checksum that it was written with`,
    timeoutMs: 23 * hour,
    runsAtStart: false,
    async run({ log, signal }) {
      const backups = await listed(backend);
      const problems = await backend.verify(waitingOf({ log, signal }));
      const faults = backups.flatMap(({ label, fault }) =>
        fault === undefined
          ? []
          : [{ path: `backup ${label}`, message: fault, hint: "it is not counted on; take a full backup" }],
      );
      if (problems.length + faults.length > 0) {
        throw new ProblemError(`${which} of physical backups`, [...problems, ...faults]);
      }
      log.info(`every file of ${which} is as it was written`, { backups: backups.length });
    },
  };
}

/** Good and bad ones. */
async function listed(backend: PitrBackend): Promise<readonly PhysicalBackup[]> {
  const repository = await backend.read();
  return repository.kind === "absent" ? [] : repository.backups;
}

function waitingOf({ log, signal }: Pick<JobRun, "log" | "signal">): Waiting {
  return {
    say: (text) => {
      log.info(text);
      return Promise.resolve();
    },
    signal,
  };
}

function notThere(kind: string): Error {
  return problemError(
    `the ${kind} backup`,
    "ended well, and is not in the repository",
    "is the repository full, or did somebody delete it? Please report this otherwise",
  );
}

function notGood({ label, fault = "" }: PhysicalBackup): Error {
  return problemError(
    `backup ${label}`,
    `is there, and not to be counted on: ${fault}`,
    "look whether the disk is sound (pg_amcheck says which tables are broken); an older backup may be good",
  );
}
