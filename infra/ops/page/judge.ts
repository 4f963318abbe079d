import type { Finding } from "../../../components/core/finding";
import { summarize } from "./draw";
import type { ReportChart, ReportSection } from "./model";
import { renderValue } from "./units";

export type Judgement = "critical" | "good" | "warning";

/** What is to be thought of a value, by the chart's thresholds. */
export function judgeValue(
  value: number | undefined,
  { thresholds }: Pick<ReportChart, "thresholds">,
): Judgement {
  if (thresholds === null || value === undefined) return "good";
  const { warning, critical, below } = thresholds;
  const isBeyond = (limit: number | null): boolean =>
    limit !== null && (below ? value < limit : value >= limit);
  if (isBeyond(critical)) return "critical";
  return isBeyond(warning) ? "warning" : "good";
}

/**
 * What charts of Prometheus show beyond the thresholds, which are those of the alerts.
 *
 * @param told what the commands found: a figure that they judge as well is told once
 */
export function chartFindings(sections: readonly ReportSection[], told: readonly Finding[]): Finding[] {
  const subjects = new Set(told.map(({ subject }) => subject));
  return sections.flatMap(({ title, charts }) =>
    charts.flatMap((chart) => (chart.source === "prometheus" ? findingsOf(title, chart, subjects) : [])),
  );
}

function findingsOf(section: string, chart: ReportChart, told: ReadonlySet<string>): Finding[] {
  const beyond = chart.lines.flatMap((line) => {
    if (told.has(chart.check === "{{legend}}" ? line.name : (chart.check ?? ""))) return [];
    const { last } = summarize(line);
    const judgement = judgeValue(last, chart);
    return last === undefined || judgement === "good" ? [] : [{ judgement, name: line.name, last }];
  });
  if (beyond.length === 0) return [];
  const severity = beyond.some(({ judgement }) => judgement === "critical") ? "critical" : "warning";
  const shown = beyond.slice(0, 3).map(({ name, last }) => `${name} ${renderValue(last, chart.unit)}`);
  const more = beyond.length > shown.length ? ` and ${beyond.length - shown.length} more` : "";
  return [
    {
      subject: `${section}, ${chart.title}`,
      message: `beyond its limit: ${shown.join(", ")}${more}`,
      hint: chart.description,
      severity,
    },
  ];
}
