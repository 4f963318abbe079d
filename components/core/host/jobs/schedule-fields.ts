import { CronPattern } from "croner";

/** A schedule in cron's notation, read: what its fields let through, in their order. */
export interface ScheduleFields {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: readonly number[];
  /** Undefined: the field says any (`*`). */
  readonly days: ScheduleDays | undefined;
  /** Undefined: the field says any. */
  readonly weekdays: readonly ScheduleWeekday[] | undefined;
  /** True (`+` before the days of the week): both have to fit; else, as in every cron, one of the two is enough. */
  readonly isBoth: boolean;
}

export interface ScheduleDays {
  readonly numbers: readonly number[];
  /** `L`: the last day of the month. */
  readonly isLast: boolean;
}

export interface ScheduleWeekday {
  /** 0 is Sunday. */
  readonly day: number;
  /** Which of the month, 1 to 5 or the last; undefined: each. */
  readonly nth: readonly (number | "last")[] | undefined;
}

/** In an array of croner's, what stands for each of a month, in bits: the first five, and the last. */
const everyWeek = 63;
const lastWeek = 32;

/**
 * Reads a schedule as the scheduler of the ops container does: the fields are croner's.
 *
 * @throws Error with croner's words for what is no schedule
 */
export function readScheduleFields(pattern: string): ScheduleFields {
  const read = new CronPattern(pattern, undefined, { mode: "5-or-6-parts" });
  if (read.lastWeekday || read.nearestWeekdays.some((given) => given > 0)) {
    throw new Error("the weekday that is nearest to a date (W) is known to no timer of a host");
  }
  return {
    seconds: given(read.second),
    minutes: given(read.minute),
    hours: given(read.hour),
    months: given(read.month, 1),
    days: read.starDOM ? undefined : { numbers: given(read.day, 1), isLast: read.lastDayOfMonth },
    weekdays: read.starDOW ? undefined : weekdaysOf(read.dayOfWeek),
    isBoth: read.useAndLogic,
  };
}

function given(field: readonly number[], first = 0): number[] {
  return field.flatMap((is, index) => (is > 0 ? [index + first] : []));
}

function weekdaysOf(field: readonly number[]): ScheduleWeekday[] {
  // An eighth entry is Sunday once more.
  return field.slice(0, 7).flatMap((bits, day): ScheduleWeekday[] => {
    if (bits === 0) return [];
    if (bits === everyWeek) return [{ day, nth: undefined }];
    const nth = [1, 2, 3, 4, 5].filter((which) => (bits & (1 << (which - 1))) !== 0);
    return [{ day, nth: [...nth, ...((bits & lastWeek) === 0 ? [] : ["last" as const])] }];
  });
}
