import type { ContainerOpsContext } from "../../../components/core/ops-context";
import type { RemovalReason } from "../../../components/core/ops/log-files";
import type { Clock } from "./clock";
import { healthRoutes, readToken } from "./health-routes";
import { lookAtHealth, type HealthLook } from "./health-look";
import { startHttp } from "./http";
import type { Job } from "./job";
import { openJobState } from "./job-state";
import { createJobs } from "./jobs";
import { describeError, type Log } from "./log";
import { createMetrics, type Metrics } from "./metrics";
import { inTime, remember } from "./remembered";
import { startScheduler } from "./scheduler";
import { checkServer, probe, readDatabases } from "./server-look";
import type { ServerSources } from "./server-metrics";
import { parseSchedule } from "../../../components/core/ops/timetable";

export interface ServiceSurroundings {
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Jobs in place of the container's own, for tests. */
  readonly jobs?: (context: ContainerOpsContext, clock: Clock) => readonly Job[];
}

/** Scheduler, metrics and health together. */
export interface Service {
  readonly port: number;
  /** Begins no run any more and gives up those that do not end within the time. */
  stop(patienceMs: number): Promise<void>;
}

/** @throws Error where the port is taken */
export async function startService(
  context: ContainerOpsContext,
  surroundings: ServiceSurroundings,
): Promise<Service> {
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
  const looks = lookAtServer(context, clock);
  const metrics = createMetrics(measured, context, { version, clock, server: looks });
  hooks.metrics = metrics;

  const liveness = { whyNotLive: (): string | undefined => "the scheduler has not started yet" };
  // Before the jobs: a port that is taken ends it with nothing begun.
  const http = await startHttp(context.metricsPort, {
    "/metrics": async () => ({ status: 200, ...(await metrics.render()) }),
    ...healthRoutes({
      health: looks.health,
      token: await openToken(context.files.healthToken, log),
      whyNotLive: () => liveness.whyNotLive(),
    }),
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
      // Its session ends as it ought to.
      await looks.health.settled();
    },
  };
}

/** What is in databases changes by an `up`, or in a night. */
const databasesFreshMs = 60_000;

/** A look that takes longer is given up, and what is not there within the patience of a scrape is told at the next one. */
const databasesBoundMs = 60_000;
const databasesPatienceMs = 1_500;

/** Nothing is asked of the server before somebody asks here. */
function lookAtServer(
  context: ContainerOpsContext,
  clock: Clock,
): ServerSources & { readonly health: HealthLook } {
  const databases = remember(
    clock,
    () => databasesFreshMs,
    () => inTime(clock, databasesBoundMs, readDatabases(context)),
  );
  return {
    health: lookAtHealth(clock, { probe: () => probe(context), check: () => checkServer(context) }),
    databases: () => inTime(clock, databasesPatienceMs, databases.read()),
  };
}

async function openToken(file: string, log: Log): Promise<string | undefined> {
  try {
    return await readToken(file);
  } catch (error) {
    log.warning(`nobody may see the details of /health: ${describeError(error)}`, { path: file });
    return undefined;
  }
}
