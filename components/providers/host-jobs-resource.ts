import * as pulumi from "@pulumi/pulumi";
import type { HostPlace } from "../core/host/place";
import type { Scheduler, SchedulerWish } from "../core/host/jobs/job-host";
import type { HostJob } from "../core/host/jobs/units";
import type { Refusal } from "../core/statement";

export interface HostJobsResourceArgs {
  readonly host: HostPlace;
  readonly project: string;
  readonly stack: string;
  /** Directory of the backups, as the host sees it; absent: one of the stack's own. */
  readonly backups?: string;
  readonly scheduler: Exclude<SchedulerWish, "none">;
  /** As `pg_lsclusters` has it; absent: the one that listens at the port. */
  readonly cluster?: string;
  /** Of the server, as the host sees it. */
  readonly port: number;
  readonly jobs: readonly HostJob[];
  /** Packages that the same run installs before this. */
  readonly packages: readonly string[];
  /** SHA-256 of the bundle of the operations code. */
  readonly bundle: string;
}

/** The operations code on the host of a server, and what there is to run it (resource of the provider `pgstead`). */
export class HostJobsResource extends pulumi.CustomResource {
  declare readonly runsBy: pulumi.Output<Scheduler>;
  /** Of the cluster that listens at the port. */
  declare readonly dataDirectory: pulumi.Output<string>;
  declare readonly socketDirectory: pulumi.Output<string>;
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: HostJobsResourceArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      runsBy: undefined,
      dataDirectory: undefined,
      socketDirectory: undefined,
      refusals: undefined,
    };
    super("pgstead:index:HostJobs", name, { ...outputs, ...args }, opts);
  }
}
