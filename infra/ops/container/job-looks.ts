import { join } from "node:path";
import type { Finding } from "../../../components/core/finding";
import { hasFailed, judgeJob, type JobLook } from "../../../components/core/ops/job-findings";
import { parseSchedule } from "../../../components/core/ops/timetable";
import { isOfContainer, opsJobs, type OpsContext, type OpsJob } from "../../../components/core/ops-context";
import { isAtWork } from "../../../components/io/backup/lock";
import { stateFileOf } from "./job-alone";
import { openJobState, type JobTimes } from "./job-state";
import type { Log } from "./log";

/** A job, and what became of its last runs. */
export interface ListedJob {
  readonly job: OpsJob;
  /** In cron's notation. */
  readonly schedule: string;
  readonly nextRunAt: string;
  readonly outcome: "success" | "failure" | "running" | "never";
  readonly lastRunAt: string | null;
  readonly lastSuccessAt: string | null;
  /** Why the last run failed. */
  readonly reason: string | null;
}

/** What is known of the jobs of a context, and what is wrong with them. Reads files alone. */
export async function lookAtJobs(
  context: OpsContext,
  { now, since, log }: { readonly now: number; readonly since: number; readonly log: Log },
): Promise<{ readonly jobs: readonly ListedJob[]; readonly findings: readonly Finding[] }> {
  const timesOf = await readTimes(context, log);
  const looked = await Promise.all(
    opsJobs.flatMap((job) => {
      const schedule = context.schedules[job];
      return schedule === undefined ? [] : [lookAt(context, job, schedule)];
    }),
  );
  return { jobs: looked.map(({ listed }) => listed), findings: looked.flatMap(({ findings }) => findings) };

  async function lookAt(
    { files, timeZone }: OpsContext,
    job: OpsJob,
    schedule: string,
  ): Promise<{ readonly listed: ListedJob; readonly findings: readonly Finding[] }> {
    const isRunning = files.jobs !== undefined && (await isAtWork(join(files.jobs, job)));
    const look: JobLook = { job, ...(await timesOf(job)), isRunning };
    const timetable = parseSchedule(schedule, timeZone);
    const next = new Date(timetable.next(now)).toISOString();
    return {
      listed: describe(look, { job, schedule, nextRunAt: next }),
      findings: judgeJob(look, { now, since, intervalMs: timetable.interval(now) }),
    };
  }
}

/** A host keeps a file for each, as each runs by itself; the scheduler of a container has one for all. */
async function readTimes(context: OpsContext, log: Log): Promise<(job: OpsJob) => Promise<JobTimes>> {
  const { jobs } = context.files;
  if (jobs !== undefined) return async (job) => (await openJobState(stateFileOf(jobs, job), log)).of(job);
  if (!isOfContainer(context)) return () => Promise.resolve({});
  const state = await openJobState(context.files.jobState, log);
  return (job) => Promise.resolve(state.of(job));
}

function describe(look: JobLook, known: Pick<ListedJob, "job" | "schedule" | "nextRunAt">): ListedJob {
  const { isRunning, lastAttempt, lastSuccess, reason, began } = look;
  const last = Math.max(lastAttempt ?? 0, began ?? 0);
  const failed = hasFailed(look) || (began !== undefined && began > (lastAttempt ?? 0));
  return {
    ...known,
    outcome: isRunning ? "running" : last === 0 ? "never" : failed ? "failure" : "success",
    lastRunAt: last === 0 ? null : new Date(last).toISOString(),
    lastSuccessAt: lastSuccess === undefined ? null : new Date(lastSuccess).toISOString(),
    reason: reason ?? null,
  };
}
