import type { OpsContext } from "../../../../components/core/ops-context";
import { auditsOf } from "../../../../components/core/ops-service";
import { problemError } from "../../../../components/core/problem";
import { maintainAudit } from "../../../../components/io/audit/maintain";
import { administratorOf } from "../context";
import type { Job } from "../job";

/**
 * Makes the partitions of a year, drops those that are older than they are kept, and looks whether every trail is as
 * declared: a trigger that somebody turned off is a failure of the job, as an alert watches those.
 */
export function auditJob(context: OpsContext): Job {
  return {
    name: "audit",
    summary: "make and drop partitions of the trails, and look whether every audited table has its triggers",
    timeoutMs: 300_000,
    // The container may have been down when a month began.
    runsAtStart: true,
    async run({ log, signal }) {
      let count = 0;
      for (const declaration of auditsOf(context.service)) {
        const { made, dropped, differences, ahead } = await maintainAudit(
          administratorOf(context),
          declaration,
          {
            waiting: {
              say: (text) => {
                log.info(text);
                return Promise.resolve();
              },
              signal,
            },
            maintenanceDatabase: context.server.maintenanceDatabase,
          },
        );
        const { database } = declaration;
        for (const { sql, reason } of [...made, ...dropped]) log.info(`${sql}: ${reason}`, { database });
        for (const { sql, summary, reason } of differences) {
          log.warning(`not as declared: ${reason}: ${summary ?? sql}`, { database });
        }
        log.info("looked at the trail", { database, monthsAhead: ahead });
        count += differences.length;
      }
      if (count > 0) throw notAsDeclared(context.stack, count);
    },
  };
}

function notAsDeclared(stack: string, count: number): Error {
  return problemError(
    `the trail of stack ${stack}`,
    `${count} ${count === 1 ? "difference" : "differences"} from what is declared`,
    "the lines before this one say what; `npm run pulumi -- up` mends it, and the trail's DDL entries may say who did it",
  );
}
