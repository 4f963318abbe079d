import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withRepository } from "../../components/io/backup/lock";
import { systemClock } from "../../infra/ops/container/clock";
import type { Job } from "../../infra/ops/container/job";
import { alone } from "../../infra/ops/container/jobs/physical";
import { createLog } from "../../infra/ops/container/log";
import { startJob } from "../../infra/ops/container/running-job";

let repository = "";
let lines: string[] = [];
beforeEach(async () => {
  lines = [];
  repository = await mkdtemp(join(tmpdir(), "pgstead-jobs-"));
});
afterEach(() => rm(repository, { recursive: true }));

const log = createLog((line) => lines.push(line), systemClock);
const job = (run: Job["run"], timeoutMs = 60_000): Job => ({
  name: "physical-full",
  summary: "",
  timeoutMs,
  runsAtStart: false,
  run,
});

test("jobs on one volume never overlap: whoever comes later waits, and says for whom", async () => {
  let atWork = 0;
  let most = 0;
  let held: () => void = () => undefined;
  const isHeld = new Promise<void>((resolve) => (held = resolve));
  const other = alone(
    job(async () => {
      atWork += 1;
      most = Math.max(most, atWork);
      await isHeld;
      atWork -= 1;
    }),
    repository,
  );
  const first = startJob(other, log, systemClock);
  const second = startJob(other, log, systemClock);
  const third = withRepository(repository, "a backup by hand", new AbortController().signal, () =>
    Promise.resolve(),
  );
  await expect(third).rejects.toThrow("another run works on it: job physical-full, process");
  await expect
    .poll(() => lines.join(""), { timeout: 20_000 })
    .toContain("waiting for the repository of backups: another run works on it: job physical-full");
  held();
  expect(await first.outcome).toMatchObject({ kind: "success" });
  expect(await second.outcome).toMatchObject({ kind: "success" });
  expect(most).toBe(1);
});

test("a job that hangs is ended, counts as failed, and lets the next one in", async () => {
  const hanging = job(
    ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason as Error);
        });
      }),
    1_000,
  );
  const run = startJob(alone(hanging, repository), log, systemClock);
  expect(await run.outcome).toMatchObject({
    kind: "failure",
    error: expect.objectContaining({
      message: expect.stringContaining("did not end within 1 s") as string,
    }) as Error,
  });
  await run.settled;
  const next = startJob(
    alone(
      job(() => Promise.resolve()),
      repository,
    ),
    log,
    systemClock,
  );
  expect(await next.outcome).toMatchObject({ kind: "success" });
});
