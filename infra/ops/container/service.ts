import type { OpsContext } from "../../../components/core/ops-context";
import type { RemovalReason } from "../../../components/core/ops/log-files";
import type { Clock } from "./clock";
import { startHttp } from "./http";
import type { Job } from "./job";
import { openJobState } from "./job-state";
import { createJobs } from "./jobs";
import type { Log } from "./log";
import { createMetrics, type Metrics } from "./metrics";
import { startScheduler } from "./scheduler";
import { parseSchedule } from "../../../components/core/ops/timetable";

export interface ServiceSurroundings {
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Jobs in place of the container's own, for tests. */
  readonly jobs?: (context: OpsContext, clock: Clock) => readonly Job[];
}

/** Scheduler, metrics and health together. */
export interface Service {
  readonly port: number;
  /** Begins no run any more and gives up those that do not end within the time. */
  stop(patienceMs: number): Promise<void>;
}

/** @throws Error where the port is taken */
export async function startService(context: OpsContext, surroundings: ServiceSurroundings): Promise<Service> {
  const { version, clock, log } = surroundings;
  const state = await openJobState(context.files.jobState, log);
  const hooks: { metrics?: Metrics } = {};
  const removedLog = (reason: RemovalReason): void => hooks.metrics?.removedLog(reason);
  const jobs = surroundings.jobs?.(context, clock) ?? createJobs(context, { clock, removedLog });
  const scheduled = jobs.flatMap((job) => {
    const schedule = context.schedules[job.name];
    // Made by what declares it, as is its schedule.
    if (schedule === undefined) throw new Error(`job ${job.name} has no schedule`);
    return [{ job, timetable: parseSchedule(schedule, context.timeZone) }];
  });
  const measured = scheduled.map(({ job: { name }, timetable }) => ({
    name,
    intervalMs: timetable.interval(clock.now()),
    nextRun: () => timetable.next(clock.now()),
    times: state.of(name),
  }));
  const metrics = createMetrics(measured, context, { version, clock });
  hooks.metrics = metrics;

  const liveness = { whyNotLive: (): string | undefined => "the scheduler has not started yet" };
  // Before the jobs: a port that is taken ends it with nothing begun.
  const http = await startHttp({
    port: context.metricsPort,
    metrics,
    whyNotLive: () => liveness.whyNotLive(),
  });
  const scheduler = startScheduler(scheduled, { clock, log, state, observer: metrics });
  liveness.whyNotLive = () => scheduler.whyNotLive();
  const schedules = scheduled.map(({ job: { name } }) => `${name}: ${context.schedules[name] ?? ""}`);
  log.info(`the scheduler runs, in time zone ${context.timeZone}`, { version, port: http.port, schedules });
  return {
    port: http.port,
    async stop(patienceMs) {
      await scheduler.stop(patienceMs);
      await http.close();
    },
  };
}
