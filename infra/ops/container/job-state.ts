import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { opsJobs, type OpsJob } from "../../../components/core/ops-context";
import { replaceFile } from "../../../components/io/replace-file";
import { describeError, redact, type Log } from "./log";

/** When a job last ran, in milliseconds. */
export interface JobTimes {
  /** When its last run that came to an end was begun. */
  readonly lastAttempt?: number;
  /** When its last run that succeeded ended. */
  readonly lastSuccess?: number;
  /** Why the last run failed; absent: it did not, or nobody wrote it down. */
  readonly reason?: string;
  /** When a run was begun of which no end is known; only where timers of a host run the jobs. */
  readonly began?: number;
}

/** What is remembered of the jobs over a restart of the container. */
export interface JobState {
  of(job: OpsJob): JobTimes;
  /** Remembers; the file follows. */
  record(job: OpsJob, times: JobTimes): void;
  /** Comes when all that was recorded is in the file, or could not be written. */
  saved(): Promise<void>;
}

const moment = z.iso.datetime().optional();
const job = z.object({
  lastAttempt: moment,
  lastSuccess: moment,
  began: moment,
  reason: z.string().optional(),
});
const stateSchema = z.object({
  format: z.literal(1),
  jobs: z.partialRecord(z.enum(opsJobs), job),
});

/**
 * Opens the state of the jobs. A file that is lost, or that cannot be read, costs no more than the knowledge of missed
 * runs: it is told, and begun anew.
 */
export async function openJobState(path: string, log: Log): Promise<JobState> {
  const known = await readTimes(path, log);
  let writing = Promise.resolve();
  let isTold = false;
  const write = async (): Promise<void> => {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o750 });
      await replaceFile(path, renderState(known), 0o640);
      isTold = false;
    } catch (error) {
      // Every ten seconds the same line would help nobody.
      if (!isTold) log.warning(`the state of the jobs cannot be kept: ${describeError(error)}`, { path });
      isTold = true;
    }
  };
  return {
    of: (job) => known.get(job) ?? {},
    record(job, times) {
      known.set(job, times);
      writing = writing.then(write);
    },
    saved: () => writing,
  };
}

async function readTimes(path: string, log: Log): Promise<Map<OpsJob, JobTimes>> {
  try {
    const { jobs } = stateSchema.parse(JSON.parse(await readFile(path, "utf8")));
    return new Map(
      opsJobs.flatMap((job) => {
        const known = jobs[job];
        if (known === undefined) return [];
        const { lastAttempt, lastSuccess, began, reason } = known;
        const moments = {
          ...at("lastAttempt", lastAttempt),
          ...at("lastSuccess", lastSuccess),
          ...at("began", began),
        };
        return [[job, { ...moments, ...(reason === undefined ? {} : { reason }) }] as const];
      }),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      const message = "the state of the jobs is not readable and begun anew: missed runs are not known";
      log.warning(message, { path, reason: describeError(error) });
    }
    return new Map();
  }
}

function at<Name extends string>(
  name: Name,
  text: string | undefined,
): Readonly<Partial<Record<Name, number>>> {
  return (text === undefined ? {} : { [name]: Date.parse(text) }) as Readonly<Partial<Record<Name, number>>>;
}

function renderState(known: ReadonlyMap<OpsJob, JobTimes>): string {
  const jobs = Object.fromEntries(
    [...known].map(([job, { lastAttempt, lastSuccess, began, reason }]) => [
      job,
      {
        ...text("lastAttempt", lastAttempt),
        ...text("lastSuccess", lastSuccess),
        ...text("began", began),
        ...(reason === undefined ? {} : { reason: redact(reason) }),
      },
    ]),
  );
  return `${JSON.stringify({ format: 1, jobs }, null, 2)}\n`;
}

function text(name: string, moment: number | undefined): Record<string, string> {
  return moment === undefined ? {} : { [name]: new Date(moment).toISOString() };
}
