import { isAbsolutePath } from "../../components/core/backup/plan";
import { parseSchedule } from "../../components/core/ops/timetable";
import type { Problem } from "../../components/core/problem";
import { checkCopies } from "./check-copies";
import { at } from "./check-server";
import type { Fault } from "./names";
import { checkHostJobs } from "./resolve-host-jobs";
import type { WrittenConfig } from "./schema";
import { renderValue } from "./shape";

const day = 86_400_000;

/** What the types alone cannot tell about backups. */
export function checkBackup(config: WrittenConfig): Problem[] {
  const { directory, logical } = config.backup;
  return [
    ...at(["backup", "directory"], directoryFault(directory)),
    ...(logical === undefined ? [] : checkSchedule(logical.schedule, logical.keep.days)),
    ...checkCopies(config),
    ...checkHostJobs(config),
  ];
}

function directoryFault(directory: string | undefined): Fault | undefined {
  if (directory === undefined || isAbsolutePath(directory)) return undefined;
  return {
    message: `${renderValue(directory)} is not an absolute path`,
    hint: "start it with /, and name a directory of its own",
  };
}

function checkSchedule(schedule: string, days: number): Problem[] {
  try {
    // The years that are looked at are as good as any.
    const interval = parseSchedule(schedule, "UTC").interval(0);
    if (interval <= days * day) return [];
    return at(["backup", "logical", "keep", "days"], {
      message: `${days} is shorter than the time between two backups of ${renderValue(schedule)}, ${Math.ceil(interval / day)} days`,
      hint: `set it to ${Math.ceil(interval / day)} or more, or take backups more often`,
    });
  } catch (error) {
    return at(["backup", "logical", "schedule"], {
      message: `${renderValue(schedule)} is not a schedule: ${(error as Error).message}`,
      hint: 'write it such as "0 2 * * *": minute, hour, day of the month, month, day of the week',
    });
  }
}
