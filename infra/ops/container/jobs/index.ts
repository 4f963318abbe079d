import { isOfContainer, type OpsContext } from "../../../../components/core/ops-context";
import type { Job } from "../job";
import { auditJob } from "./audit";
import { backupJob } from "./backup";
import { certificateJob } from "./certificate";
import { driftJob } from "./drift";
import { drillJob } from "./drill";
import { physicalJobs } from "./physical";
import { logsJob, type LogsSurroundings } from "./logs";
import { samplesJob } from "./samples";
import { statusJob } from "./status";

/** Every job that this stack has where this runs, in the order in which they are told. */
export function createJobs(context: OpsContext, surroundings: LogsSurroundings): readonly Job[] {
  return [
    ...(context.schedules.status === undefined ? [] : [statusJob(context)]),
    ...(isOfContainer(context)
      ? [certificateJob(context, surroundings), logsJob(context, surroundings)]
      : []),
    ...(context.schedules.audit === undefined ? [] : [auditJob(context)]),
    ...(context.drift === undefined ? [] : [driftJob(context, context.drift, surroundings)]),
    ...(context.backup === undefined ? [] : [backupJob(context)]),
    ...physicalJobs(context),
    ...(context.drill === undefined ? [] : [drillJob(context)]),
    ...(context.samples === undefined ? [] : [samplesJob(context)]),
  ];
}
