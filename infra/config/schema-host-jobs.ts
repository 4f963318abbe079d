import { schedulerWishes } from "../../components/core/host/jobs/job-host";
import { choice } from "./schema-words";

/** Keys of `pgstead:server.onHost` that say what runs jobs there. */
export const hostJobs = {
  jobs: choice(schedulerWishes, {
    description:
      "What runs the stack's jobs on the host (backups, drills, samples, the trail's partitions, the nightly look): `systemd`, its timers; `cron`, /etc/cron.d, which takes a host in UTC; `auto`, systemd where it runs, else cron. They need Node.js 18 or newer there (`packages: [nodejs]`). With `none` something of yours runs `npm run ops`, and nothing is put on the host for it.",
    example: "auto",
  }).default("none"),
};
