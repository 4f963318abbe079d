import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resolveOpsContext } from "../../../../components/core/ops-context";
import { usualBackups } from "../../../../components/core/backup/plan";
import { projectRoot } from "../../../../components/io/places";
import { lookAtHealth } from "../../../../infra/ops/container/health-look";
import { createMetrics } from "../../../../infra/ops/container/metrics";
import { fakeClock } from "../../../support/fake-clock";

const copies = {
  copies: [{ name: "elsewhere", path: "/mnt/copy", shownAs: "/mnt/copy" }],
  recipients: [],
};

/** Every metric that there is, with type and help. */
async function everyMetric() {
  const clock = fakeClock("2026-01-01T00:00:00Z");
  const context = resolveOpsContext({
    version: "0.0.0",
    project: "pgstead",
    stack: "prod",
    prefix: "shop",
    declared: { server: { administrator: { name: "postgres" } }, databases: [] },
    certificate: { names: ["server"], validity: 90, renewBefore: 30 },
    logs: { days: 14, maxBytes: 1 },
    backup: { ...usualBackups, schedule: "0 2 * * *" },
    copies,
    drill: { assertions: [], copyMaxAge: 1, schedule: "0 5 * * 0" },
    drift: { schedule: "*/10 * * * *" },
    physical: { full: "0 1 * * 0", incremental: "0 1 * * 1" },
  });
  const probe = {
    reachable: false,
    readable: false,
    writable: false,
    inRecovery: null,
    seconds: 1,
    reason: "",
  };
  const health = lookAtHealth(clock, {
    probe: () => Promise.resolve(probe),
    check: () => Promise.reject(new Error("no")),
  });
  const server = { health, databases: () => Promise.resolve([]) };
  const { text } = await createMetrics([], context, { version: "0.0.0", clock, server }).render();
  const helps = [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name = "", help = ""]) => ({
    name,
    help,
  }));
  const types = new Map(
    [...text.matchAll(/^# TYPE (\S+) (.*)$/gm)].map(([, name = "", type = ""]) => [name, type]),
  );
  return helps.map((one) => ({ ...one, type: types.get(one.name) }));
}

/** Older than this rule; alerts and dashboards of users know them. */
const olderNames = ["pgstead_backup_count", "pgstead_backup_copy_count"];

test("names are as Prometheus' conventions have them: base units, _total for counters alone", async () => {
  const metrics = await everyMetric();
  expect(metrics.length).toBeGreaterThan(45);
  for (const { name, help, type } of metrics) {
    expect(name).toMatch(/^pgstead_[a-z0-9]+(?:_[a-z0-9]+)*$/);
    expect(name).not.toMatch(/_(?:ms|milliseconds|minutes|hours|days|kb|mb|percent|gauge|counter)(?:_|$)/);
    expect(help).toMatch(/^[A-Z].*[^.]$/);
    expect({ name, total: name.endsWith("_total") }).toEqual({ name, total: type === "counter" });
    if (!olderNames.includes(name)) expect(name).not.toMatch(/_(?:count|sum|bucket)$/);
  }
});

test("the README names every metric, and no other one", async () => {
  const readme = readFileSync(join(projectRoot(), "README.md"), "utf8");
  const listed = [...readme.matchAll(/^\| `(pgstead_[a-z0-9_]+)`/gm)].map(([, name]) => name);
  expect(listed.toSorted()).toEqual((await everyMetric()).map(({ name }) => name).toSorted());
});
