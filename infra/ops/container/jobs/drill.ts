import type { OpsContext } from "../../../../components/core/ops-context";
import { problemError } from "../../../../components/core/problem";
import { containerPlace } from "../../backup/place";
import { runDrills, type DrillData } from "../../drill/run";
import type { Report } from "../../report";
import type { Job, JobRun } from "../job";

const hour = 3_600_000;

/** How long it waits for a backup that is under way. */
const patienceMs = 6 * hour;

/**
 * Restores the newest backup of each kind to a server that is thrown away. A backup that fails its drill is a failure of
 * the job, and so is a drill that cannot be done.
 */
export function drillJob(context: OpsContext): Job {
  return {
    name: "drill",
    summary:
      "restore the newest backup of each kind to a server that is thrown away, and compare it with the original",
    // Longer than the restore of any server that lies on one volume with its backups.
    timeoutMs: 12 * hour,
    runsAtStart: false,
    async run(run) {
      const { log } = run;
      const { data, findings } = await onceFree(context, run);
      for (const { kind, backup, database, faults, notes, restoreSeconds, recoverableAt } of data.drills) {
        for (const note of notes) log.warning(note, { backup });
        if (faults.length > 0) continue;
        log.info(`${kind} backup ${backup} was restored and is whole`, {
          ...(database === undefined ? {} : { database }),
          ...(restoreSeconds === null ? {} : { restoreSeconds }),
          ...(recoverableAt === null ? {} : { recoverableAt }),
        });
      }
      for (const { subject, message, hint } of findings) log.error(`${subject}: ${message}`, { hint });
      if (findings.length > 0) throw notPassed(context.stack, findings.length);
    },
  };
}

/** What is under way on the repository comes to its end first. */
function onceFree(
  context: OpsContext,
  { log, signal }: Pick<JobRun, "log" | "signal">,
): Promise<Report<DrillData>> {
  const place = containerPlace(context, {
    patienceMs,
    progress: (label, work) => {
      log.info(label);
      return work;
    },
    write: (line) => {
      log.info(line);
    },
  });
  return runDrills(place, undefined, signal);
}

function notPassed(stack: string, count: number): Error {
  return problemError(
    `the drills of stack ${stack}`,
    count === 1 ? "1 finding: not all passed" : `${count} findings: not all passed`,
    "the lines before this one say why; take another backup, and do a drill of it",
  );
}
