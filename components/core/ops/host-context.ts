import {
  opsContextFormat,
  pickBackup,
  type OpsContext,
  type OpsContextArgs,
  type OpsJob,
} from "../ops-context";
import { resolveOpsService } from "../ops-service";
import { authorityFile, secretFile, type CopiesPlan } from "../copies/plan";
import { pickDrill } from "../drill/plan";
import { jobAccount, type JobPlaces } from "../host/jobs/places";
import type { HostJob } from "../host/jobs/units";
import { defaultThresholds } from "../monitoring/thresholds";

/** What a stack on a host declares for its jobs. */
export type HostContextArgs = Pick<
  OpsContextArgs,
  "version" | "project" | "stack" | "declared" | "backup" | "copies" | "drill" | "samples" | "thresholds"
>;

/** Where the server of the jobs is, as the host was read. */
export interface HostServer {
  readonly port: number;
  readonly dataDirectory: string;
  readonly socketDirectory: string;
}

/** Schedules are in it: no hour is there twice, and none is missing. */
export const hostTimeZone = "UTC";

/** At night, before people come; soon after a month begins; what happened ten minutes ago can be told from what happens. */
const usual = { status: "0 1 * * *", audit: "20 0 * * *", samples: "*/10 * * * *" } as const;

/** All that a host may have. */
export const hostJobNames: readonly OpsJob[] = ["status", "audit", "backup", "drill", "samples"];

/**
 * The jobs of a host: what is declared, and the nightly look at whether the server is as declared. Its certificate, its log
 * files and physical backups are not among them, and nor is drift, whose only reader would be metrics.
 */
export function hostJobsOf({ declared, backup, drill, samples }: HostContextArgs): readonly HostJob[] {
  const isAudited = declared.databases.some(({ audit }) => audit !== undefined);
  return [
    { name: "status", schedule: usual.status },
    ...(isAudited ? [{ name: "audit", schedule: usual.audit }] : []),
    ...(backup === undefined ? [] : [{ name: "backup", schedule: backup.schedule }]),
    ...(drill === undefined ? [] : [{ name: "drill", schedule: drill.schedule }]),
    ...(samples === true ? [{ name: "samples", schedule: usual.samples }] : []),
  ];
}

/** The context that the jobs of a host have, as a file. The same arguments give the same text. */
export function renderHostContext(args: HostContextArgs, server: HostServer, places: JobPlaces): string {
  return `${JSON.stringify(resolveHostContext(args, server, places), null, 2)}\n`;
}

export function resolveHostContext(
  args: HostContextArgs,
  { port, dataDirectory, socketDirectory }: HostServer,
  places: JobPlaces,
): OpsContext {
  const { version, project, stack, declared, backup, copies, drill, samples, thresholds } = args;
  const schedules = Object.fromEntries(hostJobsOf(args).map(({ name, schedule }) => [name, schedule]));
  return {
    format: opsContextFormat,
    ...{ version, project, stack },
    prefix: places.name,
    service: resolveOpsService(declared),
    server: { socketDirectory, host: "localhost", port, maintenanceDatabase: "postgres", login: jobAccount },
    files: { dataDirectory, logicalBackups: places.backups, work: places.work, jobs: places.jobs },
    schedules,
    timeZone: hostTimeZone,
    ...(backup === undefined ? {} : { backup: pickBackup(backup) }),
    ...(copies === undefined ? {} : { copies: copiesOnHost(copies, places) }),
    ...(drill === undefined ? {} : { drill: pickDrill(drill) }),
    ...(samples === true ? { samples } : {}),
    thresholds: { ...defaultThresholds, ...thresholds },
  };
}

/** A directory is the host's own; secrets and authorities are files beside the context. */
export function copiesOnHost({ copies, recipients }: CopiesPlan, { settings }: JobPlaces): CopiesPlan {
  return {
    recipients,
    copies: copies.map((plan) => {
      if ("path" in plan) return { name: plan.name, path: plan.path, shownAs: plan.path };
      const ca = plan.s3.ca === undefined ? {} : { ca: `${settings}/${authorityFile(plan.name)}` };
      const secretAccessKeyFile = `${settings}/${secretFile(plan.name)}`;
      return { name: plan.name, s3: { ...plan.s3, ...ca, secretAccessKeyFile } };
    }),
  };
}
