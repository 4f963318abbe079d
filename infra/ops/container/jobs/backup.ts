import type { OpsContext } from "../../../../components/core/ops-context";
import { problemError } from "../../../../components/core/problem";
import { renderSize } from "../../../../components/core/size";
import { containerPlace } from "../../backup/place";
import { describeSent } from "../../backup/render-sent";
import { takeBackups } from "../../backup/take";
import type { Job } from "../job";
import { untold } from "../../../../components/io/progress";

/**
 * Takes a backup of every database and removes what is too old. Whatever fails is a failure of the job, as an alert
 * watches those; a run that was missed is made up for once, as every job's.
 */
export function backupJob(context: OpsContext): Job {
  return {
    name: "backup",
    summary: "take a backup of every database, verify it, and remove what is too old",
    // Longer than the dump of any database that a logical backup is right for.
    timeoutMs: 6 * 3_600_000,
    runsAtStart: false,
    async run({ log, signal }) {
      const place = containerPlace(context, {
        // One of the others on the same volume, such as a physical backup, may take hours.
        patienceMs: 4 * 3_600_000,
        // Nobody waits at a terminal: how long a run takes is a metric.
        progress: untold,
        write: (line) => {
          log.info(line);
        },
      });
      const { data, findings } = await takeBackups(place, undefined, signal);
      for (const name of data.leftovers) log.warning(`removed ${name}, which a run that was killed had left`);
      for (const { name, database, bytes, rows, seconds, warnings } of data.taken) {
        log.info(`took ${name}, ${renderSize(bytes)}, and verified it`, { database, bytes, rows, seconds });
        for (const warning of warnings) log.warning(warning, { database });
      }
      for (const { name, reason } of data.removed) log.info(`removed ${name}: ${reason}`);
      for (const line of data.copies.flatMap(describeSent)) log.info(line);
      for (const { subject, message, hint } of findings) log.error(`${subject}: ${message}`, { hint });
      if (findings.length > 0) throw notTaken(context.stack, findings.length);
    },
  };
}

function notTaken(stack: string, count: number): Error {
  return problemError(
    `the backups of stack ${stack}`,
    `${count === 1 ? "1 finding" : `${count} findings`}: not all were taken, or sent to their copies`,
    "the lines before this one say why; no backup before them was touched",
  );
}
