import { Cron } from "croner";
import { countedRuns, greatestInterval } from "./schedule";

/** When a job runs. */
export interface Timetable {
  /** The first run after a moment, in milliseconds. */
  next(after: number): number;
  /** How many runs there were after a moment and until another one, which counts; `countedRuns` at most. */
  count(after: number, until: number): number;
  /** The greatest time between two runs, in milliseconds. */
  interval(from: number): number;
}

/** So many runs ahead show each day of the week and the end of a month. */
const lookAhead = 50;

/**
 * Reads a schedule in cron's notation. The moments are croner's; waiting for them is the scheduler's own, as it has to
 * notice a clock that is set.
 *
 * @throws Error with croner's words for what is no schedule, and for one that never comes
 */
export function parseSchedule(pattern: string, timeZone: string): Timetable {
  // It would take the seven fields of a year, and a date, as well: neither comes again.
  const fields = pattern.trim().split(/\s+/).length;
  if (![5, 6].includes(fields) && !pattern.startsWith("@")) {
    throw new Error("a schedule has five fields, or six with seconds first");
  }
  const cron = new Cron(pattern, { timezone: timeZone, paused: true, mode: "5-or-6-parts" });
  const next = (after: number): number => {
    const run = cron.nextRun(new Date(after));
    if (run === null) throw new Error(`${JSON.stringify(pattern)} never comes`);
    return run.getTime();
  };
  next(0);
  return {
    next,
    count(after, until) {
      return cron.nextRuns(countedRuns, new Date(after)).filter((run) => run.getTime() <= until).length;
    },
    interval: (from) =>
      greatestInterval(cron.nextRuns(lookAhead, new Date(from)).map((run) => run.getTime())),
  };
}
