import { quoteShell } from "../../shell";
import { markerLines } from "../marker";
import { toCronFields } from "./cron-line";
import type { UnitArgs } from "./units";

/**
 * A file of /etc/cron.d. What a job says goes to a file of its own; what keeps it from starting at all comes at standard
 * error, which cron mails to the account, where the host has mail.
 *
 * Debian's cron runs by the host's time zone alone (it has no `CRON_TZ`): who renders this has seen to it that the host's
 * is that of the schedules.
 */
export function renderCrontab({
  places,
  of,
  account,
  jobs,
}: Pick<UnitArgs, "places" | "of" | "account" | "jobs">): string {
  return `${markerLines(of)}${[
    `# Jobs of pgstead ${of}; what the runs of each said is in ${places.jobs}/<job>/log.`,
    "SHELL=/bin/sh",
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ...jobs.map(({ name, schedule }) => {
      const line = `${quoteShell(places.command)} run ${name} >/dev/null`;
      // To cron a percent sign is the end of the command.
      return `${toCronFields(schedule)} ${account} ${line.replaceAll("%", "\\%")}`;
    }),
  ].join("\n")}\n`;
}
