import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { resolveOpsContext } from "../../components/core/ops-context";
import { usualBackups } from "../../components/core/backup/plan";
import { createMetrics } from "../../infra/ops/container/metrics";
import { systemClock } from "../../infra/ops/container/clock";
import type { BackupPlace } from "../../infra/ops/backup/place";
import { readBackupStatus } from "../../infra/ops/backup/look";
import { runDrills } from "../../infra/ops/drill/run";
import { makeDrillBench, type DrillBench } from "../support/drills";

let bench: DrillBench;
beforeAll(async () => {
  bench = await makeDrillBench();
});
afterAll(() => bench.remove());

function place(): BackupPlace {
  const { repository, home, login, tools: path } = bench;
  return {
    ...{
      stack: "dev",
      version: "0.0.0",
      repository,
      plan: usualBackups,
      schedule: "0 2 * * *",
      timeZone: "UTC",
    },
    databases: ["shop"],
    login: () => Promise.resolve(login),
    administrator: () => Promise.resolve(login),
    readRoom: () => Promise.resolve(undefined),
    copies: [],
    recipients: [],
    drills: {
      ...{ schedule: "0 4 * * 0", assertions: [], home, search: { embeddedFirst: true, path } },
      copies: { maxAge: 90 * 86_400, fetched: join(home, "..", "fetched"), home: `${home}-copies` },
    },
    progress: (_label, work) => work,
    write: () => undefined,
  };
}

const drill = () => runDrills(place(), undefined, new AbortController().signal);
const stale = async () =>
  (await readBackupStatus(place(), Date.now())).findings.map(({ message }) => message);

async function scrape(): Promise<string> {
  const context = resolveOpsContext({
    ...{ version: "0.0.0", project: "pgstead", stack: "dev", prefix: "x" },
    declared: {
      server: { administrator: { name: "postgres" } },
      databases: [{ name: "shop", keepPrivileges: true, extensions: [], schemas: [], roles: [] }],
    },
    certificate: { names: ["x"], validity: 90, renewBefore: 30 },
    logs: { days: 14, maxBytes: 1024 },
  });
  const files = { ...context.files, logicalBackups: bench.repository };
  const metrics = createMetrics([], { ...context, files }, { version: "0.0.0", clock: systemClock });
  return (await metrics.render()).text;
}

test("the run that finds a bad backup is the one whose metrics and status show it", async () => {
  expect(await scrape()).not.toMatch(/^pgstead_backup_drill_success\{/m);
  const { name } = await bench.take();
  expect(await stale()).toEqual(["there was none yet"]);
  expect((await drill()).findings).toEqual([]);
  expect(await scrape()).toContain('pgstead_backup_drill_success{kind="logical",database="shop"} 1');
  expect(await scrape()).toMatch(/^pgstead_backup_drill_recoverable_age_seconds\{.*\} \d/m);
  expect(await stale()).toEqual([]);

  await writeFile(join(bench.repository, name, "globals.sql"), "--\n");
  const { findings, data } = await drill();
  expect(findings.map(({ message }) => message)).toEqual([
    expect.stringMatching(new RegExp(`^${name}: globals.sql has 3 bytes and was written with`)),
  ]);
  expect(data.drills[0]?.restoreSeconds).toBeNull();
  expect(await scrape()).toContain('pgstead_backup_drill_success{kind="logical",database="shop"} 0');
  expect(await stale()).toContainEqual(
    expect.stringContaining(`the last one, of ${name}, failed: globals.sql`),
  );
});

test("a drill that cannot be done is a finding, and what is known of the last one stays", async () => {
  const { name } = await bench.take();
  expect((await drill()).findings).toEqual([]);
  // A file stands where its directory would be.
  const home = join(bench.repository, "state.json", "drills");
  const unable = { ...place(), drills: { ...place().drills, home } };
  const { findings } = await runDrills(unable, undefined, new AbortController().signal);
  expect(findings).toMatchObject([{ message: expect.stringContaining("could not be done") as string }]);
  expect((await bench.newest()).name).toBe(name);
  expect(await scrape()).toContain('pgstead_backup_drill_success{kind="logical",database="shop"} 1');
});
