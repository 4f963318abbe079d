import { beforeAll, expect, test } from "vitest";
import { renderAlerts } from "../../components/core/monitoring/prometheus";
import { connectDocker } from "../../components/io/docker/engine";
import { buildTestImage, testImages } from "../support/docker-images";
import { runOnce } from "../support/docker-server";

const docker = connectDocker({});

beforeAll(async () => {
  await buildTestImage(docker, "monitoring");
});

const day = 86_400;
const ops = 'instance="ops:9188", job="ops"';
const of = `${ops}, database="shop", copy="offsite"`;

/** As many samples, an hour each, as three days take. */
interface Seen {
  readonly exitCode?: string;
  /** When the newest good one was taken; absent: there is none. */
  readonly newest?: string;
  /** Absent: there was no drill. */
  readonly drilled?: { readonly success: string; readonly at: string };
  readonly maxAge?: number;
}

function series({ exitCode = "0x72", newest, drilled, maxAge }: Seen) {
  const one = (name: string, labels: string, values: string | undefined) =>
    values === undefined ? [] : [{ series: `${name}{${labels}}`, values }];
  return [
    ...one("pgstead_job_interval_seconds", `${ops}, job_name="backup"`, `${day}x72`),
    ...one("pgstead_backup_newest_timestamp_seconds", `${ops}, database="shop"`, "0+3600x72"),
    ...one("pgstead_backup_copy_count", of, "1x72"),
    ...one("pgstead_backup_copy_exit_code", of, exitCode),
    ...one("pgstead_backup_copy_newest_timestamp_seconds", of, newest),
    ...one("pgstead_backup_copy_drill_success", of, drilled?.success),
    ...one("pgstead_backup_copy_drill_timestamp_seconds", of, drilled?.at),
    ...one(
      "pgstead_backup_copy_drill_max_age_seconds",
      ops,
      maxAge === undefined ? undefined : `${maxAge}x72`,
    ),
  ];
}

const alerts = [
  "BackupCopyFailed",
  "BackupCopyStale",
  "BackupCopyMissing",
  "BackupCopyDrillFailed",
  "BackupCopyDrillStale",
  "BackupCopyNeverDrilled",
];

/** @returns the alerts that are there after three days; promtool names those that it did not expect */
async function raised(seen: Seen): Promise<string[]> {
  const cases = alerts.map((alertname) => ({ eval_time: "71h", alertname, exp_alerts: [] }));
  const tests = {
    rule_files: ["/tmp/alerts.yml"],
    evaluation_interval: "1h", // as often as there are samples: one is seen for five minutes
    tests: [{ interval: "1h", input_series: series(seen), alert_rule_test: cases }],
  };
  const script = [
    `cat >/tmp/alerts.yml <<'END'\n${renderAlerts()}END`,
    `cat >/tmp/test.yml <<'END'\n${JSON.stringify(tests)}\nEND`,
    "promtool check rules /tmp/alerts.yml && { promtool test rules /tmp/test.yml || true; }",
  ];
  const said = await runOnce(docker, testImages.monitoring, ["sh", "-euc", script.join("\n")]);
  expect(said).toMatch(/SUCCESS: \d+ rules found/);
  return [...said.matchAll(/alertname: ?(\w+)/g)].map(([, name = ""]) => name);
}

const fresh = "0+3600x72";
const drilled = { success: "1x72", at: fresh };

test("copies that come, and are restored now and then, raise nothing", async () => {
  expect(await raised({ newest: fresh, drilled, maxAge: 90 * day })).toEqual([]);
  expect(await raised({ newest: fresh })).toEqual([]);
});

test("a copy that failed, is old, or is not there is told", async () => {
  expect(await raised({ newest: fresh, exitCode: "0x60 1x12" })).toEqual(["BackupCopyFailed"]);
  expect(await raised({ newest: "0x72" })).toEqual(["BackupCopyStale"]);
  expect(await raised({})).toEqual(["BackupCopyMissing"]);
});

test("a copy whose drill failed, is old, or never was is told", async () => {
  expect(await raised({ newest: fresh, drilled: { success: "0x72", at: fresh } })).toEqual([
    "BackupCopyDrillFailed",
  ]);
  const old = { success: "1x72", at: "0x72" };
  expect(await raised({ newest: fresh, drilled: old, maxAge: 2 * day })).toEqual(["BackupCopyDrillStale"]);
  expect(await raised({ newest: fresh, maxAge: 2 * day })).toEqual(["BackupCopyNeverDrilled"]);
});
