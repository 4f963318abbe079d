import { beforeAll, expect, test } from "vitest";
import { connectDocker } from "../../components/io/docker/engine";
import { judgeAlerts } from "../support/alert-rules";
import { buildTestImage } from "../support/docker-images";

const docker = connectDocker({});

beforeAll(async () => {
  await buildTestImage(docker, "monitoring");
});

/** Samples of a minute each, as promtool takes them. */
function series(waiting: string, seconds: string, free: string) {
  const of = 'instance="ops:9188"';
  return [
    { series: `pgstead_wal_waiting_files{${of}}`, values: waiting },
    { series: `pgstead_wal_waiting_seconds{${of}}`, values: seconds },
    { series: `pgstead_volume_free_bytes{${of}, volume="data"}`, values: free },
    { series: `pgstead_volume_size_bytes{${of}, volume="data"}`, values: "100x20" },
  ];
}

/** What promtool says of alerts that are to be there after 10 minutes. */
async function judge(
  input_series: ReturnType<typeof series>,
  expected: Readonly<Record<string, string>>,
): Promise<string> {
  const cases = ["LogNotArchived", "LogFillsVolume"].map((alertname) => ({
    eval_time: "10m",
    alertname,
    exp_alerts:
      expected[alertname] === undefined
        ? []
        : [
            {
              exp_labels: { severity: "critical", instance: "ops:9188" },
              exp_annotations: { summary: expected[alertname] },
            },
          ],
  }));
  return judgeAlerts(docker, input_series, cases);
}

test("a log that is sent as it comes raises nothing, whatever is free", async () => {
  expect(await judge(series("0 1 0 1 0x16", "0 30 0 30 0x16", "5x20"), {})).toContain("SUCCESS");
});

test("a log that waits longer than five minutes is told", async () => {
  const told =
    "the log has not been sent to the repository for 9m 0s: it stays on the data volume until that is full";
  expect(await judge(series("9x20", "0+60x8 540x12", "90x20"), { LogNotArchived: told })).toContain(
    "SUCCESS",
  );
});

test("a log that waits on a volume that fills is told before that is full", async () => {
  const told =
    "9 files of the log wait to be sent, and less than 20% of the data volume is free: the server stops when it is full";
  expect(await judge(series("9x20", "60x20", "19x20"), { LogFillsVolume: told })).toContain("SUCCESS");
});
