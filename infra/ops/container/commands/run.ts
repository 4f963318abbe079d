import { opsJobs } from "../../../../components/core/ops-context";
import type { Finding } from "../../../../components/core/finding";
import { nearest } from "../../../../components/core/nearest";
import { problemError } from "../../../../components/core/problem";
import type { OpsCommand } from "../../command";
import { createJobs } from "../jobs";
import { describeError } from "../log";
import { cleanUpMs, settledWithin, startJob } from "../running-job";
import type { ContainerContext } from "../surroundings";

interface RunArgs {
  readonly operands: readonly string[];
}

interface RunData {
  readonly job: string;
  readonly outcome: "success" | "failure" | "cut";
}

/**
 * Runs a job once, beside the scheduler: the metrics and the state are the scheduler's and do not hear of it.
 *
 * Jobs write files whole, so that a run of the scheduler at the same time does no harm.
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
    const running = startJob(job, log.of(name), clock);
    void asked().then(() => {
      running.cut();
    });
    const outcome = await running.outcome;
    await settledWithin([running], cleanUpMs, clock);
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
  if (outcome.kind === "cut") return { subject, message: "was given up", hint: "run it again" };
  const hint = "the lines above say what it was at";
  return { subject, message: `failed: ${describeError(outcome.error)}`, hint };
}
