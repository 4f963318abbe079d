import { problemError } from "../../../components/core/problem";
import type { CommandContext, OpsCommand } from "../command";
import { askHost } from "../jobs/ask-host";
import { jobsHelp, renderJobs, type JobsData } from "../jobs/render";
import type { Report } from "../report";
import { askContainer } from "./backup";

/** What became of the jobs that the ops container, or the server's host, runs. */
export const jobsCommand: OpsCommand<object, JobsData> = {
  name: "jobs",
  summary: "show the jobs of the ops container or the server's host, and what became of them; 1: one failed",
  declare: (command) => {
    command.addHelpText("after", `${jobsHelp}\n\nExample:\n  npm run ops -- jobs --stack prod`);
  },
  run: look,
  render: ({ data }, _args, colors) => ({ output: renderJobs(data, colors) }),
};

function look(context: CommandContext): Promise<Report<JobsData>> {
  const { docker, hostJobs } = context.config;
  if (docker !== undefined) return askContainer(context, ["jobs"]);
  if (hostJobs !== undefined) return askHost(context, hostJobs, ["jobs"]);
  const hint =
    "on target existing: `pgstead:server.onHost: { jobs: auto }`; or run `npm run ops -- backup` where you run jobs";
  throw problemError(`stack ${context.stack}`, "has nothing that runs jobs by itself", hint);
}
