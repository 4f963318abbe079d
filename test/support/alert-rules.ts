import type Docker from "dockerode";
import { renderAlerts } from "../../components/core/monitoring/prometheus";
import { testImages } from "./docker-images";
import { runOnce } from "./docker-server";

/** Samples of a minute each, as promtool takes them. */
export interface AlertSeries {
  readonly series: string;
  readonly values: string;
}

/** What is to be there at a moment; no alerts: none is. */
export interface AlertCase {
  readonly eval_time: string;
  readonly alertname: string;
  readonly exp_alerts: readonly {
    readonly exp_labels: Readonly<Record<string, string>>;
    readonly exp_annotations: Readonly<Record<string, string>>;
  }[];
}

/** Has promtool check our rules, and judge them by samples. @returns what it says, with SUCCESS where all is as expected */
export async function judgeAlerts(
  docker: Docker,
  input_series: readonly AlertSeries[],
  alert_rule_test: readonly AlertCase[],
): Promise<string> {
  const tests = {
    rule_files: ["/tmp/alerts.yml"],
    tests: [{ interval: "1m", input_series, alert_rule_test }],
  };
  const script = [
    `cat >/tmp/alerts.yml <<'END'\n${renderAlerts()}END`,
    `cat >/tmp/test.yml <<'END'\n${JSON.stringify(tests)}\nEND`,
    "promtool check rules /tmp/alerts.yml && promtool test rules /tmp/test.yml",
  ];
  return runOnce(docker, testImages.monitoring, ["sh", "-euc", script.join("\n")]);
}
