import { parseSchedule } from "../../components/core/ops/timetable";
import type { Fault } from "./names";
import { renderValue } from "./shape";

/**
 * What is wrong with a schedule; undefined: nothing.
 *
 * @param example one that is right
 */
export function scheduleFault(schedule: string, example: string): Fault | undefined {
  try {
    parseSchedule(schedule, "UTC");
    return undefined;
  } catch (error) {
    return {
      message: `${renderValue(schedule)} is no schedule: ${(error as Error).message}`,
      hint: `write minute, hour, day, month and day of the week, such as "${example}"`,
    };
  }
}
