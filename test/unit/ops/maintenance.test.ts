import { expect, test } from "vitest";
import { colorsFor } from "../../../infra/ops/colors";
import type { MaintainedStep, MaintenanceData } from "../../../infra/ops/maintenance/maintenance-report";
import { renderMaintenance, renderPlan } from "../../../infra/ops/maintenance/render";

const step = (subject: string, statement: string, sizeBytes: number | null): MaintainedStep => ({
  ...{ subject, statement, sizeBytes, needsBytes: 0, runAs: null, lock: "L", lockTimeoutMs: 5_000 },
  ...{ outcome: "done", durationMs: 100, sizeAfterBytes: sizeBytes },
});
const steps = [
  step("app.orders", 'VACUUM (FREEZE) "app"."orders"', 0),
  step("the system catalogs of shop", "VACUUM (FREEZE)", null),
];
const data: MaintenanceData = {
  ...{ database: "shop", action: "vacuum", dryRun: false, confirmed: true, steps, skipped: [], remarks: [] },
};

test("a size is told where there is one, also of an empty table", () => {
  const colors = colorsFor({}, {});
  const output = renderMaintenance({ command: "vacuum", stack: "dev", findings: [], data }, colors);
  expect(output).toMatch(/"orders" +done +0 bytes +0 bytes +0\.1 s\n/);
  expect(output).toMatch(/VACUUM \(FREEZE\) +done +0\.1 s\n/);
  const planned = steps.map((one) => ({ ...one, table: 1, sql: one.statement }));
  const plan = renderPlan({ ...data, steps: planned }, colors);
  expect(plan).toMatch(/"orders" +0 bytes\n/);
  expect(plan).toMatch(/VACUUM \(FREEZE\)\n/);
});
