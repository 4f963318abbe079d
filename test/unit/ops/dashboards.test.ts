import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderDashboardFiles } from "../../../components/core/monitoring/grafana/provisioning";
import { defaultThresholds } from "../../../components/core/monitoring/thresholds";
import { colorsFor } from "../../../infra/ops/colors";
import type { CommandContext } from "../../../infra/ops/command";
import { dashboardsCommand } from "../../../infra/ops/commands/dashboards";
import { renderJson } from "../../../infra/ops/report";
import { schemaFaults } from "../../support/report-schemas";

let directory = "";
const thresholds = { ...defaultThresholds, connectionsWarning: 41 };
const context = { stack: "dev", config: { thresholds } } as unknown as CommandContext;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pgstead-dashboards-"));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

test("the dashboards are listed, and nothing is written unless asked for", async () => {
  const report = await dashboardsCommand.run(context, {});
  expect(report.data.directory).toBeNull();
  expect(report.data.dashboards.map(({ state }) => state)).toEqual([null, null, null, null, null]);
  expect(schemaFaults(renderJson(report))).toEqual([]);
  const { output } = dashboardsCommand.render(report, {}, colorsFor({}, {}));
  expect(output).toContain("Does vacuum keep up, and which tables are in its way?");
});

test("files are written into a new directory with the stack's own limits, and replaced where they differ", async () => {
  const out = join(directory, "new", "one");
  const report = await dashboardsCommand.run(context, { out });
  expect(schemaFaults(renderJson(report))).toEqual([]);
  const { data } = report;
  expect(data.directory).toBe(out);
  expect(new Set(data.dashboards.map(({ state }) => state))).toEqual(new Set(["written"]));
  const file = join(out, "pgstead-overview.json");
  expect(await readFile(file, "utf8")).toBe(renderDashboardFiles(thresholds)["pgstead-overview.json"]);
  expect(await readFile(file, "utf8")).toContain('"value": 41');
  await writeFile(file, "{}");
  const again = await dashboardsCommand.run(context, { out });
  expect(again.data.dashboards.map(({ state }) => state)).toEqual([
    "written",
    "unchanged",
    "unchanged",
    "unchanged",
    "unchanged",
  ]);
});

test("a directory that cannot be one is told", async () => {
  const out = join(directory, "a-file");
  await writeFile(out, "");
  await expect(dashboardsCommand.run(context, { out })).rejects.toThrow(/a-file cannot be written: .*EEXIST/);
});
