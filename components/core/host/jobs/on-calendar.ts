import { readScheduleFields, type ScheduleFields, type ScheduleWeekday } from "./schedule-fields";

const names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;

/**
 * A schedule in cron's notation as values of `OnCalendar=` of a systemd timer (systemd.time(7)): together they elapse
 * whenever the schedule comes. Day of the month and day of the week are "or" in cron, and "and" in one value of systemd:
 * where both are given there is a value for each.
 *
 * @param timeZone name in the tz database, which each value ends with
 * @throws Error what is no schedule, or one that systemd cannot say
 */
export function toOnCalendar(pattern: string, timeZone: string): readonly string[] {
  const fields = readScheduleFields(pattern);
  const time = [list(fields.hours, 24), list(fields.minutes, 60), list(fields.seconds, 60)].join(":");
  return datesOf(fields).map((date) => `${date} ${time} ${timeZone}`);
}

function datesOf(fields: ScheduleFields): string[] {
  const { days, weekdays, isBoth } = fields;
  const month = list(fields.months, 12);
  if (weekdays === undefined) return days === undefined ? [`*-${month}-*`] : ofDays(month, days);
  if (days === undefined) return ofWeekdays(month, weekdays);
  return isBoth
    ? ofDays(month, days).map((date) => `${every(weekdays)} ${date}`)
    : [...ofDays(month, days), ...ofWeekdays(month, weekdays)];
}

/** `~01` is the last day of a month. */
function ofDays(month: string, { numbers, isLast }: NonNullable<ScheduleFields["days"]>): string[] {
  return [
    ...(numbers.length === 0 ? [] : [`*-${month}-${list(numbers, 31)}`]),
    ...(isLast ? [`*-${month}~01`] : []),
  ];
}

/** The second Monday is a Monday from the 8th to the 14th; the last one is among the last seven days. */
function ofWeekdays(month: string, weekdays: readonly ScheduleWeekday[]): string[] {
  const all = weekdays.flatMap(({ day, nth }) => (nth === undefined ? [day] : []));
  const some = weekdays.flatMap(({ day, nth = [] }) =>
    nth.map((which) => {
      const from = which === "last" ? 0 : 7 * (which - 1) + 1;
      const dates = which === "last" ? `~07/1` : `-${pad(from)}..${pad(Math.min(from + 6, 31))}`;
      return `${names[day] ?? ""} *-${month}${dates}`;
    }),
  );
  return [...(all.length === 0 ? [] : [`${renderWeekdays(all)} *-${month}-*`]), ...some];
}

function every(weekdays: readonly ScheduleWeekday[]): string {
  if (weekdays.some(({ nth }) => nth !== undefined)) {
    throw new Error("a day of the month and the nth weekday of it, both of them (+), are known to no timer");
  }
  return renderWeekdays(weekdays.map(({ day }) => day));
}

function renderWeekdays(days: readonly number[]): string {
  return days.map((day) => names[day] ?? "").join(",");
}

/** What lets all through is `*`. */
function list(numbers: readonly number[], all: number): string {
  return numbers.length === all ? "*" : numbers.map(pad).join(",");
}

function pad(number: number): string {
  return String(number).padStart(2, "0");
}
