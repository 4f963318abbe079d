import type { HostJobsArgs } from "../components/host-jobs";
import type { StackConfig } from "./config";

/** Without what the program alone knows. */
export interface HostJobsPlan extends Pick<
  HostJobsArgs,
  "host" | "cluster" | "scheduler" | "packages" | "port" | "backups"
> {
  readonly context: Omit<HostJobsArgs["context"], "version">;
}

/** What the configuration means for the jobs on the server's host; without it, it runs none. */
export function planHostJobs(config: StackConfig): { readonly jobs?: HostJobsPlan } {
  const { hostJobs, server, databases, backup, samples, thresholds } = config;
  if (hostJobs === undefined) return {};
  const { directory, logical, copies, drill } = backup;
  const context = {
    declared: { server, databases },
    ...(logical === undefined ? {} : { backup: logical }),
    ...(copies === undefined ? {} : { copies }),
    ...(drill === undefined ? {} : { drill }),
    samples,
    thresholds,
  };
  const backups = directory === undefined ? {} : { backups: directory };
  return { jobs: { ...hostJobs, port: server.port, ...backups, context } };
}
