import { opsJobs } from "../../../../components/core/ops-context";
import type { Finding } from "../../../../components/core/finding";
import { nearest } from "../../../../components/core/nearest";
import { problemError } from "../../../../components/core/problem";
import type { OpsCommand } from "../../command";
import type { Outcome } from "../job";
import { runAlone } from "../job-alone";
import { createJobs } from "../jobs";
import { describeError, type Log } from "../log";
import { cleanUpMs, settledWithin, startJob } from "../running-job";
import type { ContainerContext } from "../surroundings";

interface RunArgs {
  readonly operands: readonly string[];
}

interface RunData {
  readonly job: string;
  readonly outcome: "success" | "failure" | "cut" | "skipped";
}

/**
 * Runs a job once. In a container, that is beside the scheduler: the metrics and the state are the scheduler's and do not
 * hear of it; jobs write files whole, so that a run of the scheduler at the same time does no harm. On a host this is what
 * its timers start: a job never runs beside itself, and what became of it is kept.
 */
export const runCommand: OpsCommand<RunArgs, RunData, ContainerContext> = {
  name: "run",
  summary: "run a job once, now; the exit code says how it ended",
  declare: (command) => {
    command
      .argument("<job>", `one of ${opsJobs.join(", ")}`)
      .addHelpText("after", "\nExample:\n  node /usr/lib/pgstead/ops.cjs run certificate");
  },
  async run(context, { operands: [name = ""] }) {
    const { clock, log } = context;
    const asked = context.listen();
    const opsContext = await context.read();
    const jobs = createJobs(opsContext, { clock, removedLog: () => undefined });
    const job = jobs.find((candidate) => candidate.name === name);
    if (job === undefined)
      throw unknownJob(
        name,
        jobs.map((known) => known.name),
      );
    const run = async (into: Log): Promise<Outcome> => {
      const running = startJob(job, into.of(name), clock);
      void asked().then(() => {
        running.cut();
      });
      const outcome = await running.outcome;
      await settledWithin([running], cleanUpMs, clock);
      return outcome;
    };
    const { jobs: directory } = opsContext.files;
    const outcome =
      directory === undefined
        ? await run(log)
        : await runAlone({ directory, job: job.name, clock, log }, run);
    const findings = outcome.kind === "success" ? [] : [finding(name, outcome)];
    return { command: "run", stack: opsContext.stack, data: { job: name, outcome: outcome.kind }, findings };
  },
  render: () => ({
    // Its lines are for a program: what is told to a person goes beside them.
    output: "",
    machine: true,
  }),
};

function unknownJob(name: string, there: readonly string[]): Error {
  const meant = nearest(name, there);
  const hint = meant === undefined ? `the jobs of this stack: ${there.join(", ")}` : `did you mean ${meant}?`;
  return problemError(`job ${JSON.stringify(name)}`, "there is no such job in this stack", hint);
}

function finding(name: string, outcome: { readonly kind: string; readonly error?: unknown }): Finding {
  const subject = `job ${name}`;
  if (outcome.kind === "skipped") {
    const hint = "wait for its end: a job never runs beside itself";
    return { subject, message: `did not run: ${describeError(outcome.error)}`, hint };
  }
  if (outcome.kind === "cut") return { subject, message: "was given up", hint: "run it again" };
  const hint = "the lines above say what it was at";
  return { subject, message: `failed: ${describeError(outcome.error)}`, hint };
}
