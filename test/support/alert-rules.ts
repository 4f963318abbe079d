import { gzipSync } from "node:zlib";
import type Docker from "dockerode";
import { renderAlerts } from "../../components/core/monitoring/prometheus";
import { defaultThresholds } from "../../components/core/monitoring/thresholds";
import type { AlertProof, AlertProofs, Moment } from "./alert-proofs/proof";
import { testImages } from "./docker-images";
import { runOnce } from "./docker-server";

/** Where the runbooks are, in these tests. */
export const runbooks = "https://example.com/runbooks/";

/** The rules of a stack that changes nothing. */
export const defaultRules = renderAlerts({ thresholds: defaultThresholds, alerts: {}, runbooks });

interface RuleFile {
  readonly groups: readonly RuleGroup[];
}

interface RuleGroup {
  readonly name: string;
  readonly rules: readonly { readonly alert: string }[];
}

/** Times between two looks: minutes for most, hours for what is judged by days. */
const steps = ["1m", "1h"] as const;

/**
 * Has promtool check our rules, and judge each alert by its samples: summary, labels and runbook are compared whole. One
 * run of one container for all of them.
 *
 * @returns what it says: what is not as expected, and SUCCESS for the rules and for each of its `files` of tests
 */
export async function judgeAlerts(
  docker: Docker,
  proofs: AlertProofs,
): Promise<{ readonly said: string; readonly files: number }> {
  const { groups } = JSON.parse(defaultRules) as RuleFile;
  // A file for each group: all rules of a file are judged at every step of every test.
  const tests = groups.flatMap((group) =>
    steps.flatMap((step) => {
      const text = renderTests(group, proofs, step);
      return text === undefined ? [] : [{ name: `/tmp/${group.name}-${step}.yml`, text }];
    }),
  );
  const script = [
    writeFile("/tmp/alerts.yml", defaultRules),
    ...groups.map((group) => writeFile(rulesOf(group), JSON.stringify({ groups: [group] }))),
    ...tests.map(({ name, text }) => writeFile(name, text)),
    "promtool check rules /tmp/alerts.yml",
    // What it says is judged by whoever asks: the script itself would be the first thing of an error.
    `promtool test rules ${tests.map(({ name }) => name).join(" ")} || true`,
  ];
  const said = await runOnce(docker, testImages.monitoring, ["sh", "-euc", script.join("\n")]);
  return { said, files: tests.length };
}

/** A line of a script that writes a file. Packed: a script is an argument, and one of those has 128 kB at the most. */
export function writeFile(path: string, text: string): string {
  return `echo ${gzipSync(text).toString("base64")} | base64 -d | gunzip >${path}`;
}

function rulesOf({ name }: RuleGroup): string {
  return `/tmp/rules-${name}.yml`;
}

function renderTests(
  group: RuleGroup,
  proofs: AlertProofs,
  step: (typeof steps)[number],
): string | undefined {
  const mine = group.rules.flatMap(({ alert }) => {
    const proof = proofs[alert];
    return proof === undefined || (proof.step ?? "1m") !== step ? [] : [{ alert, proof }];
  });
  if (mine.length === 0) return undefined;
  const tests = mine.flatMap(({ alert, proof }) =>
    momentsOf(proof).map((moment) => ({
      name: `${alert} after ${moment.at}`,
      interval: step,
      input_series: Object.entries(moment.given).map(([series, values]) => ({ series, values })),
      alert_rule_test: [renderMoment(alert, proof.severity, moment)],
    })),
  );
  return JSON.stringify({ rule_files: [rulesOf(group)], evaluation_interval: step, tests });
}

function momentsOf({ fires, quiet, also = [] }: AlertProof): readonly Moment[] {
  return [fires, quiet, ...also];
}

function renderMoment(alertname: string, severity: string, { at, told = {} }: Moment) {
  return {
    eval_time: at,
    alertname,
    exp_alerts: Object.entries(told).map(([labels, summary]) => ({
      exp_labels: { severity, ...readLabels(labels) },
      exp_annotations: { summary, runbook_url: `${runbooks}${alertname}.md` },
    })),
  };
}

function readLabels(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}
