import { describe, expect, test } from "vitest";
import type { OpsJob } from "../../../../components/core/ops-context";
import type { Job, JobRun } from "../../../../infra/ops/container/job";
import type { JobState, JobTimes } from "../../../../infra/ops/container/job-state";
import { createLog } from "../../../../infra/ops/container/log";
import { startScheduler, type Scheduler } from "../../../../infra/ops/container/scheduler";
import { parseSchedule } from "../../../../components/core/ops/timetable";
import { fakeClock, type FakeClock } from "../../../support/fake-clock";

interface Line {
  readonly time: string;
  readonly level: string;
  readonly job?: string;
  readonly message: string;
}

interface Bench {
  readonly clock: FakeClock;
  readonly scheduler: Scheduler;
  readonly lines: readonly Line[];
  /** What the observer heard: `logs success`, `logs skipped`. */
  readonly heard: readonly string[];
  readonly remembered: ReadonlyMap<OpsJob, JobTimes>;
}

const start = "2030-01-01T12:00:05.000Z";
const seconds = 1_000;
const minute = 60_000;

/** A scheduler of jobs at a clock that the test moves. */
function bench(
  jobs: readonly { job: Job; schedule: string }[],
  known: Partial<Record<OpsJob, JobTimes>> = {},
): Bench {
  const clock = fakeClock(start);
  const lines: Line[] = [];
  const heard: string[] = [];
  const remembered = new Map(Object.entries(known) as [OpsJob, JobTimes][]);
  const state: JobState = {
    of: (job) => remembered.get(job) ?? {},
    record: (job, times) => remembered.set(job, times),
    saved: () => Promise.resolve(),
  };
  const scheduler = startScheduler(
    jobs.map(({ job, schedule }) => ({ job, timetable: parseSchedule(schedule, "UTC") })),
    {
      clock,
      log: createLog((line) => lines.push(JSON.parse(line) as Line), clock),
      state,
      observer: {
        ended: (job, _startedAt, { kind }) => heard.push(`${job} ${kind}`),
        skipped: (job) => heard.push(`${job} skipped`),
      },
    },
  );
  return { clock, scheduler, lines, heard, remembered };
}

/** A job whose runs end when the test says so. */
function controlledJob(other: Partial<Job> = {}) {
  const runs: { end: () => void; fail: (error: Error) => void; run: JobRun }[] = [];
  const job: Job = {
    name: "logs",
    summary: "",
    timeoutMs: minute,
    runsAtStart: false,
    run: (run) =>
      new Promise((end, fail) => {
        runs.push({ end, fail, run });
      }),
    ...other,
  };
  return { job, runs };
}

const everyTen = "*/10 * * * * *";

describe("a scheduler", () => {
  test("runs a job at each moment of its schedule, and not before", async () => {
    const times: string[] = [];
    const { job } = controlledJob({
      run() {
        times.push(new Date(clock.now()).toISOString());
        return Promise.resolve();
      },
    });
    const { clock, heard, remembered } = bench([{ job, schedule: everyTen }]);
    await clock.advance(4 * seconds);
    expect(times).toEqual([]);
    await clock.advance(21 * seconds);
    expect(times.map((time) => time.slice(11, 19))).toEqual(["12:00:10", "12:00:20", "12:00:30"]);
    expect(heard).toEqual(["logs success", "logs success", "logs success"]);
    const last = Date.parse("2030-01-01T12:00:30.000Z");
    expect(remembered.get("logs")).toEqual({ lastAttempt: last, lastSuccess: last });
  });

  test("never runs a job beside itself: the run is skipped, counted and told", async () => {
    const { job, runs } = controlledJob();
    const { clock, heard, lines } = bench([{ job, schedule: everyTen }]);
    await clock.advance(25 * seconds);
    expect(runs).toHaveLength(1);
    expect(heard).toEqual(["logs skipped", "logs skipped"]);
    expect(lines.at(-1)).toMatchObject({
      time: "2030-01-01T12:00:30.000Z",
      level: "warning",
      job: "logs",
      message: "a run is skipped: that of 2030-01-01T12:00:10.000Z has not ended",
    });
    runs[0]!.end();
    await clock.advance(10 * seconds);
    expect(runs).toHaveLength(2);
  });

  test("runs different jobs beside each other", async () => {
    const [one, other] = [controlledJob(), controlledJob({ name: "status" })];
    const { clock } = bench([
      { job: one.job, schedule: everyTen },
      { job: other.job, schedule: everyTen },
    ]);
    await clock.advance(5 * seconds);
    expect([one.runs.length, other.runs.length]).toEqual([1, 1]);
  });

  test("tells a failure with its reason, keeps the last success, and goes on", async () => {
    const { job, runs } = controlledJob();
    const known = { logs: { lastAttempt: Date.parse(start), lastSuccess: 42 } };
    const { clock, heard, lines, remembered } = bench([{ job, schedule: everyTen }], known);
    await clock.advance(5 * seconds);
    runs[0]!.fail(new Error("the disk is gone"));
    await clock.advance(10 * seconds);
    expect(heard).toEqual(["logs failure"]);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: "error", job: "logs", message: "failed: the disk is gone" }),
    );
    expect(remembered.get("logs")).toMatchObject({ lastSuccess: 42 });
    expect(runs).toHaveLength(2);
  });

  test("takes what a job throws before it first waits for a failure as well", async () => {
    const { job } = controlledJob({
      run: () => {
        throw new Error("at once");
      },
    });
    const { clock, heard } = bench([{ job, schedule: everyTen }]);
    await clock.advance(15 * seconds);
    expect(heard).toEqual(["logs failure", "logs failure"]);
  });

  test("works its moments out anew where the clock is set back", async () => {
    const { job, runs } = controlledJob();
    const { clock } = bench([{ job, schedule: everyTen }]);
    clock.set(Date.parse("2029-01-01T00:00:00.000Z"));
    await clock.advance(11 * seconds);
    expect(runs).toHaveLength(1);
  });

  test("runs once after a sleep of the machine, however many moments went by", async () => {
    const { job, runs } = controlledJob();
    const { clock, heard } = bench([{ job, schedule: everyTen }]);
    clock.set(Date.parse("2030-01-02T12:00:00.000Z"));
    await clock.advance(2 * seconds);
    expect(runs).toHaveLength(1);
    expect(heard).toEqual([]);
  });
});

describe("a run that takes too long", () => {
  test("fails at its time-out, and is told to end", async () => {
    const { job, runs } = controlledJob();
    const { clock, heard, lines, scheduler } = bench([{ job, schedule: "0 * * * *" }]);
    await clock.advance(61 * minute);
    expect(heard).toEqual(["logs failure"]);
    expect(lines.at(-1)?.message).toContain("failed: job logs: did not end within 1 min");
    expect(runs[0]!.run.signal.aborted).toBe(true);
    expect(scheduler.whyNotLive()).toContain("job logs did not end at its time-out");
    runs[0]!.end();
    await clock.advance(seconds);
    expect(scheduler.whyNotLive()).toBeUndefined();
    expect(heard).toEqual(["logs failure"]);
  });

  test("keeps its place while it hangs: no other one begins", async () => {
    const { job, runs } = controlledJob({ timeoutMs: 1.5 * minute });
    const { clock, heard } = bench([{ job, schedule: "* * * * *" }]);
    await clock.advance(3 * minute);
    expect(runs).toHaveLength(1);
    expect(heard).toEqual(["logs skipped", "logs failure", "logs skipped"]);
  });
});

describe("at its start", () => {
  test("a job that was never run waits for its moment, unless it runs at start", () => {
    const [waits, begins] = [controlledJob(), controlledJob({ name: "certificate", runsAtStart: true })];
    bench([
      { job: waits.job, schedule: "0 1 * * *" },
      { job: begins.job, schedule: "0 1 * * *" },
    ]);
    expect([waits.runs.length, begins.runs.length]).toEqual([0, 1]);
  });

  test("runs that were missed are told, and made up for once", () => {
    const { job, runs } = controlledJob({ name: "status" });
    const known = { status: { lastAttempt: Date.parse("2029-12-29T01:00:00.000Z") } };
    const { lines } = bench([{ job, schedule: "0 1 * * *" }], known);
    expect(runs).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "warning",
      job: "status",
      missed: 3,
      message:
        "3 runs were missed while the container was down, the last attempt began at 2029-12-29T01:00:00.000Z; it runs now",
    });
  });

  test("nothing is told where none was missed", () => {
    const { job, runs } = controlledJob({ name: "status" });
    const known = { status: { lastAttempt: Date.parse("2030-01-01T01:00:00.000Z") } };
    const { lines } = bench([{ job, schedule: "0 1 * * *" }], known);
    expect(runs).toHaveLength(0);
    expect(lines).toEqual([]);
  });
});

describe("a scheduler that is stopped", () => {
  test("begins nothing, and waits for what ends within the time", async () => {
    const { job, runs } = controlledJob();
    const { clock, scheduler, heard } = bench([{ job, schedule: everyTen }]);
    await clock.advance(5 * seconds);
    const stopped = scheduler.stop(8 * seconds);
    expect(scheduler.whyNotLive()).toBe("the scheduler is stopped");
    expect(runs[0]!.run.isStopping()).toBe(true);
    expect(runs[0]!.run.signal.aborted).toBe(false);
    runs[0]!.end();
    await stopped;
    await clock.advance(minute);
    expect(heard).toEqual(["logs success"]);
    expect(runs).toHaveLength(1);
  });

  test("gives up what does not, without taking it for a failure", async () => {
    const { job, runs } = controlledJob();
    const { clock, scheduler, heard, lines, remembered } = bench([{ job, schedule: everyTen }]);
    await clock.advance(5 * seconds);
    const stopped = scheduler.stop(8 * seconds);
    await clock.advance(8 * seconds);
    expect(runs[0]!.run.signal.aborted).toBe(true);
    // It does not even clean up: it is not waited for without end.
    await clock.advance(5 * seconds);
    await stopped;
    expect(runs[0]!.run.signal.aborted).toBe(true);
    expect(heard).toEqual([]);
    expect(remembered.has("logs")).toBe(false);
    expect(lines.at(-1)?.message).toContain("is given up");
  });
});
