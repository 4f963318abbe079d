import { expect, test } from "vitest";
import type { Finding } from "../../../../components/core/finding";
import type { CommandContext } from "../../../../infra/ops/command";
import { askParts } from "../../../../infra/ops/page/ask-parts";
import { chartFindings } from "../../../../infra/ops/page/judge";
import type { ReportChart } from "../../../../infra/ops/page/model";
import type { ReportPart } from "../../../../infra/ops/page/parts";

const finding = (subject: string): Finding => ({ subject, message: "is high", hint: "" });

function found(change: Partial<ReportChart>, told: string): string[] {
  const chart: ReportChart = {
    ...{
      title: "Sessions",
      description: "",
      unit: "percent",
      kind: "lines",
      source: "prometheus",
      check: null,
    },
    thresholds: { warning: 20, critical: 30, below: false },
    lines: [line("in use")],
    ...change,
  };
  const texts = { uid: "pgstead-overview", title: "Overview", question: "" };
  const findings = chartFindings([{ ...texts, charts: [chart], tables: [], untold: [] }], [finding(told)]);
  return findings.map(({ message }) => message);
}

function line(name: string) {
  return { name, points: [{ at: "2026-11-22T14:00:00.000Z", value: 40 }] };
}

test("what a check of health and a chart judge alike is told once, and nothing else is lost", () => {
  expect(found({ check: "connections" }, "connections")).toEqual([]);
  expect(found({ check: "connections" }, "wraparound")).toHaveLength(1);
  expect(found({}, "connections")).toHaveLength(1);
  const lines = [line("connections"), line("wraparound")];
  expect(found({ check: "{{legend}}", lines }, "connections")).toEqual(["beyond its limit: wraparound 40%"]);
});

test("what two commands judge alike is told by the first of them", async () => {
  const part = (command: string, subject: string, checks: Record<string, string> = {}): ReportPart => ({
    ...{ command, section: "overview", needsServer: true, isExpected: true, checks },
    run: () => Promise.resolve({ findings: [finding(subject)], tables: [] }),
  });
  const context = {
    stack: "prod",
    progress: (_: string, work: unknown) => work,
  } as unknown as CommandContext;
  const ask = async (first: string): Promise<string[]> => {
    const parts = [part("health", first), part("connections", "server", { server: "connections" })];
    const { findings, asked } = await askParts(parts, context);
    expect(asked.map((one) => one.findings)).toEqual([1, 1]);
    return findings.map(({ subject }) => subject);
  };
  expect(await ask("connections")).toEqual(["connections"]);
  expect(await ask("wraparound")).toEqual(["wraparound", "server"]);
});
