import { stat } from "node:fs/promises";
import type { OpsCommand } from "../../command";
import { jobsHelp, renderJobs, type JobsData } from "../../jobs/render";
import { lookAtJobs } from "../job-looks";
import type { ContainerContext } from "../surroundings";

/** What became of the jobs: of the scheduler of a container, or of the timers of a host. */
export const containerJobsCommand: OpsCommand<object, JobsData, ContainerContext> = {
  name: "jobs",
  summary: "show the jobs, when they ran, and what became of them; 1: one failed, or did not run",
  declare: (command) => {
    command.addHelpText("after", jobsHelp);
  },
  async run(surroundings) {
    const { read, clock, log, contextFile } = surroundings;
    const context = await read();
    const { mtimeMs: since } = await stat(contextFile);
    const { jobs, findings } = await lookAtJobs(context, { now: clock.now(), since, log });
    return { command: "jobs", stack: context.stack, data: { jobs }, findings };
  },
  render: ({ data }, _args, colors) => ({ output: renderJobs(data, colors) }),
};
