import { beforeAll, expect, test } from "vitest";
import { connectDocker } from "../../components/io/docker/engine";
import { judgeAlerts, type AlertCase, type AlertSeries } from "../support/alert-rules";
import { buildTestImage } from "../support/docker-images";

const docker = connectDocker({});

beforeAll(async () => {
  await buildTestImage(docker, "monitoring");
});

const instance = "ops:9188";

/** As Prometheus stores it: `job` is the scrape's own. */
function sample(metric: string, labels: Readonly<Record<string, string>>, values: string): AlertSeries {
  const all = Object.entries({ instance, job: "ops", ...labels }).map(
    ([name, value]) => `${name}="${value}"`,
  );
  return { series: `${metric}{${all.join(", ")}}`, values };
}

function of(job_name: string, metrics: Readonly<Record<string, string>>): AlertSeries[] {
  return Object.entries(metrics).map(([name, values]) => sample(`pgstead_job_${name}`, { job_name }, values));
}

function expects(
  eval_time: string,
  alertname: string,
  found: readonly (readonly [labels: Readonly<Record<string, string>>, summary: string])[],
  severity = "warning",
): AlertCase {
  const exp_alerts = found.map(([labels, summary]) => ({
    exp_labels: { severity, instance, job: "ops", ...labels },
    exp_annotations: { summary },
  }));
  return { eval_time, alertname, exp_alerts };
}

const hour = 60;
const failed = (job_name: string) => [{ job_name }, `job ${job_name} of the ops container failed`] as const;

test("a job that failed is told by its own name, until a run succeeds, over a restart of what counts", async () => {
  const series = [
    ...of("backup", {
      failures_total: `0x9 1x${2 * hour} 0x${4 * hour}`,
      last_attempt_timestamp_seconds: `60x9 600x${6 * hour}`,
      last_success_timestamp_seconds: `120x${5 * hour} 19000x${hour}`,
    }),
    // It has never succeeded.
    ...of("physical-full", {
      failures_total: "0x400",
      last_attempt_timestamp_seconds: "_x20 1200x400",
    }),
    ...of("status", {
      failures_total: "0x400",
      last_attempt_timestamp_seconds: "0+60x400",
      last_success_timestamp_seconds: "1+60x400",
    }),
  ];
  const cases = [
    expects("9m", "JobFailed", []),
    expects("15m", "JobFailed", [failed("backup")]),
    expects("4h", "JobFailed", [failed("backup"), failed("physical-full")]),
    expects("5h30m", "JobFailed", [failed("physical-full")]),
  ];
  expect(await judgeAlerts(docker, series, cases)).toContain("SUCCESS");
});

test("a job that has not succeeded for two of its intervals is told by its own name", async () => {
  const series = of("backup", {
    interval_seconds: "3600x400",
    last_success_timestamp_seconds: "0x400",
  });
  const told = [
    { job_name: "backup" },
    "job backup of the ops container has not succeeded for two of its intervals",
  ] as const;
  const cases = [expects("2h", "JobStale", []), expects("2h15m", "JobStale", [told])];
  expect(await judgeAlerts(docker, series, cases)).toContain("SUCCESS");
});

test("a drill that failed, and one that is not done, are told with what is drilled", async () => {
  const drill = { kind: "logical", database: "shop" };
  const week = 7 * 24 * hour;
  const series = [
    sample("pgstead_backup_drill_success", drill, `1x9 0x${2 * week}`),
    sample("pgstead_backup_drill_timestamp_seconds", drill, `0x${2 * week}`),
    sample("pgstead_job_interval_seconds", { job_name: "drill" }, `604800x${2 * week}`),
  ];
  const broken =
    "the last restore drill of logical backups shop failed: what it restored is not what was backed up, or cannot be restored";
  const stale = "no logical backup shop has been restored in a drill for longer than its schedule has it";
  const cases = [
    expects("9m", "BackupDrillFailed", []),
    expects("10m", "BackupDrillFailed", [[drill, broken]], "critical"),
    expects("7d", "BackupDrillStale", []),
    expects("7d13h", "BackupDrillStale", [[drill, stale]]),
  ];
  expect(await judgeAlerts(docker, series, cases)).toContain("SUCCESS");
});
