import type { SchedulerWish } from "../../components/core/host/jobs/job-host";
import { toCronFields } from "../../components/core/host/jobs/cron-line";
import { toOnCalendar } from "../../components/core/host/jobs/on-calendar";
import type { Problem } from "../../components/core/problem";
import { resolveOnHost } from "./check-host";
import { at } from "./check-server";
import { resolveSsh } from "./check-ssh";
import type { HostJobsConfig } from "./host-config";
import type { WrittenConfig } from "./schema";

/** Without it none are declared. */
export function resolveHostJobs({ target, server }: WrittenConfig): { readonly hostJobs?: HostJobsConfig } {
  const { ssh, onHost } = server;
  if (target !== "existing" || ssh === undefined || onHost === undefined || onHost.jobs === "none") return {};
  const { become, cluster } = resolveOnHost(onHost, ssh.user ?? "");
  return {
    hostJobs: {
      host: { ssh: resolveSsh(ssh), become },
      ...(cluster === undefined ? {} : { cluster }),
      scheduler: onHost.jobs,
      packages: onHost.packages,
    },
  };
}

/** What cannot be run as it is declared; a schedule that is none has been told of already. */
export function checkHostJobs({ target, server, backup }: WrittenConfig): Problem[] {
  const { onHost } = server;
  if (target !== "existing" || onHost === undefined || onHost.jobs === "none") return [];
  const schedules = [
    { path: ["backup", "logical", "schedule"], schedule: backup.logical?.schedule },
    { path: ["backup", "drill", "schedule"], schedule: backup.drill?.schedule },
  ];
  return [
    ...(server.managed === true
      ? at(["server", "onHost", "jobs"], {
          message: "stands beside managed: a managed service has no host where jobs could run",
          hint: "set jobs to none; run `npm run ops -- backup` where you run other jobs",
        })
      : []),
    ...schedules.flatMap(({ path, schedule }) =>
      schedule === undefined ? [] : checkTimer(path, schedule, onHost.jobs),
    ),
  ];
}

/** Whether what may run the jobs can say a schedule: with `auto` that is systemd, and the host is asked for cron. */
function checkTimer(path: readonly string[], schedule: string, scheduler: SchedulerWish): Problem[] {
  try {
    if (scheduler === "cron") toCronFields(schedule);
    else toOnCalendar(schedule, "UTC");
    return [];
  } catch (error) {
    const { message } = error as Error;
    if (message.startsWith("CronPattern")) return [];
    return at(path, {
      message: `${JSON.stringify(schedule)} is not for the timers of a host: ${message}`,
      hint: "write it with numbers, lists and steps, such as `0 2 * * 1-5`",
    });
  }
}
