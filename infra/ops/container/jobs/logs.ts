import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerOpsContext } from "../../../../components/core/ops-context";
import {
  planLogs,
  type LogPlan,
  type LogRemoval,
  type RemovalReason,
} from "../../../../components/core/ops/log-files";
import { renderSize } from "../../../../components/core/size";
import { compressLog, readLogVolume } from "../../../../components/io/log-directory";
import { withSession } from "../../../../components/io/session";
import type { Clock } from "../clock";
import { administratorOf } from "../context";
import type { Job, JobRun } from "../job";

export interface LogsSurroundings {
  readonly clock: Clock;
  readonly removedLog: (reason: RemovalReason) => void;
}

/** Decisions are older than they should be after this time: a flood may be under way. */
const lookAgainMs = 250;

/** Keeps the server's log files within their limits, and compresses those that PostgreSQL has finished with. */
export function logsJob(context: ContainerOpsContext, surroundings: LogsSurroundings): Job {
  const { files, logs } = context;
  const { clock } = surroundings;
  const notices = onlyChanges();
  return {
    name: "logs",
    summary: "compress log files that are finished, and remove the oldest beyond the limits",
    timeoutMs: 300_000,
    runsAtStart: true,
    async run(run) {
      let hasRotated = false;
      const tried = new Set<string>();
      for (;;) {
        const now = clock.now();
        const plan = planLogs(await readLogVolume(files.logDirectory, files.dataDirectory, now), logs);
        notices(plan.notice, (notice) => {
          run.log.warning(notice, { directory: files.logDirectory });
        });
        // First what frees room: a compressed file needs some itself.
        await removeFiles(context, plan, run, surroundings);
        if (plan.rotate !== undefined && !hasRotated) {
          hasRotated = true;
          await rotate(context, plan.rotate, run);
          continue; // the file that has ended may have to go at once
        }
        const untried = plan.compress.filter((file) => !tried.has(file));
        const isDone = await compressFiles(context, untried, tried, run, clock);
        if (isDone) return;
      }
    },
  };
}

async function removeFiles(
  { files, logs }: ContainerOpsContext,
  { discard, remove }: LogPlan,
  { log, signal }: JobRun,
  { removedLog }: LogsSurroundings,
): Promise<void> {
  const limits: Readonly<Record<RemovalReason, string>> = {
    age: `older than ${logs.maxDays} days`,
    size: `over ${renderSize(logs.maxBytes)} together`,
    space: `less than ${logs.minFreePercent}% of the volume free`,
  };
  for (const name of discard) await rm(join(files.logDirectory, name), { force: true });
  for (const { name, size, reason } of remove) {
    signal.throwIfAborted();
    await rm(join(files.logDirectory, name), { force: true });
    removedLog(reason);
    log.info(describeRemoval({ name, size, reason }, limits), { file: name, bytes: size, reason });
  }
}

function describeRemoval({ name, size, reason }: LogRemoval, limits: Record<RemovalReason, string>): string {
  return `removed ${name}, ${renderSize(size)}, as the oldest: ${limits[reason]}`;
}

/** @returns whether all is done; false: it is time to look at the directory again */
async function compressFiles(
  { files }: ContainerOpsContext,
  names: readonly string[],
  tried: Set<string>,
  { log, signal, isStopping }: JobRun,
  clock: Clock,
): Promise<boolean> {
  const since = clock.now();
  for (const name of names) {
    if (isStopping()) return true;
    if (clock.now() - since > lookAgainMs) return false;
    tried.add(name);
    const saved = await compressLog(join(files.logDirectory, name), signal);
    if (saved === undefined) log.info(`${name} is still written to: it stays as it is`, { file: name });
    else {
      const sizes = `${renderSize(saved.before)} to ${renderSize(saved.after)}`;
      log.info(`compressed ${name}, ${sizes}`, { file: name, bytes: saved.before, compressed: saved.after });
    }
  }
  return true;
}

async function rotate(context: ContainerOpsContext, reason: string, { log }: JobRun): Promise<void> {
  log.warning(`asks PostgreSQL to begin another log file: ${reason}`);
  const database = context.server.maintenanceDatabase;
  const options = { database, statementTimeoutMs: 10_000, applicationName: "pgstead ops" };
  await withSession(administratorOf(context), options, (session) =>
    session.query("SELECT pg_catalog.pg_rotate_logfile()"),
  );
}

/** Tells a notice when it comes up, and not again while it lasts; figures in it may change. */
function onlyChanges(): (notice: string | undefined, tell: (notice: string) => void) => void {
  let isTold = false;
  return (notice, tell) => {
    if (notice !== undefined && !isTold) tell(notice);
    isTold = notice !== undefined;
  };
}
