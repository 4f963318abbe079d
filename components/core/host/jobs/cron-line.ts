import { readScheduleFields } from "./schedule-fields";

/**
 * A schedule as the five fields of Debian's cron, in numbers: not every cron knows names in lists, seconds and nicknames,
 * and a field that begins with a star, with a step behind it, makes Vixie's cron take "and" for "or" between days and
 * weekdays.
 *
 * @throws Error what is no schedule, or one that cron cannot say
 */
export function toCronFields(pattern: string): string {
  const { seconds, minutes, hours, days, months, weekdays, isBoth } = readScheduleFields(pattern);
  if (seconds.length !== 1 || seconds[0] !== 0) throw cannot("cron knows no seconds");
  if (days?.isLast === true) throw cannot("cron knows no last day of the month (L)");
  if (weekdays?.some(({ nth }) => nth !== undefined) === true)
    throw cannot("cron knows no nth weekday (#, L)");
  if (isBoth && days !== undefined) throw cannot("cron cannot ask for a day and a weekday at once (+)");
  return [
    list(minutes, 60),
    list(hours, 24),
    days === undefined ? "*" : days.numbers.join(","),
    list(months, 12),
    weekdays === undefined ? "*" : weekdays.map(({ day }) => day).join(","),
  ].join(" ");
}

function list(numbers: readonly number[], all: number): string {
  return numbers.length === all ? "*" : numbers.join(",");
}

function cannot(why: string): Error {
  return new Error(`${why}: take systemd's timers, or another schedule`);
}
