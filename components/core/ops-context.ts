import { copiesInside, whereIsBucket, type CopiesPlan } from "./copies/plan";
import type { LogicalBackups, ScheduledBackups } from "./backup/plan";
import type { RoleCredential } from "./credentials/age";
import type { DesiredCertificate } from "./certificate/plan";
import { pickDrill, type DrillPlan, type ScheduledDrill } from "./drill/plan";
import { defaultThresholds, type Thresholds } from "./monitoring/thresholds";
import { containerPlaces, type RepositoryBucket } from "./physical/configuration";
import {
  containerFiles,
  driftFiles,
  opsFilesPath,
  type ContainerFiles,
  type OpsDrift,
  type OpsFiles,
} from "./ops/files";
import { resolveOpsService, type OpsService, type ServiceDeclaration } from "./ops-service";

/** Jobs of the ops container, and of a host, in the order in which they are told. */
export const opsJobs = [
  "status",
  "certificate",
  "logs",
  "audit",
  "drift",
  "backup",
  "physical-full",
  "physical-incremental",
  "physical-verify",
  "physical-full-2",
  "physical-incremental-2",
  "physical-verify-2",
  "drill",
  "samples",
] as const;

export type OpsJob = (typeof opsJobs)[number];

/** Jobs that a stack has only where it declares what they do. */
export type DeclaredJob = Extract<OpsJob, "drift" | "backup" | "drill" | "samples" | `physical-${string}`>;

/** When each job runs, in cron's notation: five fields, or six with seconds first; one without is not there. */
export type OpsSchedules = Readonly<Partial<Record<OpsJob, string | undefined>>>;

/** Raised when a field changes its meaning or goes; new fields may come without. */
export const opsContextFormat = 1;

/** Where the container answers `/metrics` and `/health`. */
export const opsPort = 9188;

/**
 * All that the jobs and commands in the ops container know of the stack: a file that `up` writes.
 *
 * It holds no secret. What is secret is in files of its own, which it names.
 */
export interface OpsContext {
  readonly format: typeof opsContextFormat;
  /** The version of pgstead that wrote it. */
  readonly version: string;
  /** Pulumi's name of the project. */
  readonly project: string;
  /** Pulumi's name of the stack, such as `prod`. */
  readonly stack: string;
  /** What the names of the stack's containers and volumes begin with. */
  readonly prefix: string;
  readonly service: OpsService;
  readonly server: OpsServer;
  readonly files: OpsFiles;
  readonly schedules: OpsSchedules;
  /** Time zone of the schedules, by its name in the tz database. */
  readonly timeZone: string;
  /** Of the server; `host` of the server is one of its names. Absent: on a host, where others look after it. */
  readonly certificate?: DesiredCertificate | undefined;
  /** Absent: on a host, whose logrotate looks after them. */
  readonly logs?: OpsLogs | undefined;
  /** Absent: no logical backups are taken. */
  readonly backup?: LogicalBackups | undefined;
  /** Where backups go as well; secrets are in files that it names. Absent: nowhere. */
  readonly copies?: CopiesPlan | undefined;
  /** Absent: no physical backups are taken. */
  readonly physical?: OpsPhysical | undefined;
  /** Absent: no restore drills are done. */
  readonly drill?: DrillPlan | undefined;
  /** When the passwords of roles were made; absent: the `up` that wrote it did not tell. */
  readonly credentials?: readonly KnownCredential[] | undefined;
  /** Absent: no samples are kept. */
  readonly samples?: true | undefined;
  /** Absent: what is declared is not known here, and not compared. */
  readonly drift?: OpsDrift | undefined;
  /** From where on a check of the server's health is a warning, or critical. */
  readonly thresholds: Thresholds;
  /** Port of `/metrics` and `/health`, on every address of the container. Absent: on a host. */
  readonly metricsPort?: number | undefined;
}

/** That of a container, which looks after the server's certificate and log files as well. */
export interface ContainerOpsContext extends OpsContext {
  readonly files: OpsFiles & ContainerFiles;
  readonly certificate: DesiredCertificate;
  readonly logs: OpsLogs;
  readonly metricsPort: number;
}

/** Whether a context is that of a container; else it is that of a host, whose timers run the jobs. */
export function isOfContainer(context: OpsContext): context is ContainerOpsContext {
  return context.metricsPort !== undefined;
}

/** The ways to the server. */
export interface OpsServer {
  /** Directory of its socket: the administrator logs in there by the account that the container runs as (`peer`). */
  readonly socketDirectory: string;
  /** Its name in the stack's network: clients come this way, with TLS. */
  readonly host: string;
  /** Of both. */
  readonly port: number;
  readonly maintenanceDatabase: string;
  /** Who the account comes in as over the socket; absent: the administrator. */
  readonly login?: string | undefined;
}

/** When the password of a role, or of the administrator, was made. */
export interface KnownCredential {
  /** Of two logins that take turns, the first. */
  readonly role: string;
  /** An ISO string in UTC. */
  readonly changedAt: string;
}

/** Physical backups, as far as the jobs need to know. */
export interface OpsPhysical {
  /** Directory of pgBackRest's configuration; the passphrase in it is secret. */
  readonly configuration: string;
  /** Where the second repository is, for people; absent: there is none. */
  readonly second?: string | undefined;
}

/** Limits of the log files, whichever comes first. */
export interface OpsLogs {
  readonly maxDays: number;
  /** Of all log files together. */
  readonly maxBytes: number;
  /** Share of the volume that stays free. */
  readonly minFreePercent: number;
}

/** In cron's notation. */
interface TwoSchedules {
  readonly full: string;
  readonly incremental: string;
}

/** What the program writes into the context. */
export interface OpsContextArgs {
  readonly version: string;
  readonly project: string;
  readonly stack: string;
  readonly prefix: string;
  /** The stack's configuration, or what of it is named here. */
  readonly declared: ServiceDeclaration;
  /** The part that is left out has its default. */
  readonly schedules?: Partial<OpsSchedules>;
  /** When physical backups are taken; absent: none are. */
  readonly physical?: TwoSchedules & {
    /** The second repository. */
    readonly second?: TwoSchedules & { readonly s3: RepositoryBucket };
  };
  /** Default: `UTC`, in which no hour is there twice. */
  readonly timeZone?: string;
  readonly certificate: DesiredCertificate;
  readonly logs: {
    readonly days: number;
    readonly maxBytes: number;
    /** Default: 10, as a flood of log lines between two looks has to find room. */
    readonly minFreePercent?: number;
  };
  /** Absent: none are scheduled. */
  readonly backup?: ScheduledBackups;
  /** As they are declared; the part that is left out is none. */
  readonly copies?: CopiesPlan;
  /** Absent: none are scheduled. */
  readonly drill?: ScheduledDrill;
  /** Those of which nobody knows when they were made are left out. */
  readonly credentials?: readonly RoleCredential[];
  /** Whether samples of statements and sizes are taken; default false. */
  readonly samples?: boolean;
  /** When the server is compared with what is declared, in cron's notation; absent: it is not. */
  readonly drift?: { readonly schedule: string };
  /** The part that is left out has its default. */
  readonly thresholds?: Partial<Thresholds>;
}

/** The file's text. The same arguments give the same text, so that it changes only when something did. */
export function renderOpsContext(args: OpsContextArgs): string {
  return `${JSON.stringify(resolveOpsContext(args), null, 2)}\n`;
}

/** Fills in the container's own places, which its image has, and the defaults. */
export function resolveOpsContext(args: OpsContextArgs): ContainerOpsContext {
  const { version, project, stack, prefix, declared, certificate, logs, physical } = args;
  return {
    format: opsContextFormat,
    version,
    project,
    stack,
    prefix,
    service: resolveOpsService(declared),
    server: {
      socketDirectory: "/var/run/postgresql",
      host: "server",
      port: 5432,
      maintenanceDatabase: "postgres",
    },
    files: containerFiles,
    schedules: {
      ...defaultSchedules,
      ...scheduleOf(args),
      ...physicalSchedules(physical),
      ...args.schedules,
    },
    timeZone: args.timeZone ?? "UTC",
    certificate: {
      names: certificate.names,
      validity: certificate.validity,
      renewBefore: certificate.renewBefore,
    },
    logs: { maxDays: logs.days, maxBytes: logs.maxBytes, minFreePercent: logs.minFreePercent ?? 10 },
    ...(args.backup === undefined ? {} : { backup: pickBackup(args.backup) }),
    ...(args.copies === undefined ? {} : { copies: copiesInside(args.copies, opsFilesPath) }),
    ...(physical === undefined ? {} : { physical: pickPhysical(physical) }),
    ...(args.drill === undefined ? {} : { drill: pickDrill(args.drill) }),
    ...(args.credentials === undefined ? {} : { credentials: args.credentials.flatMap(pickCredential) }),
    ...(args.samples === true ? { samples: true } : {}),
    ...(args.drift === undefined ? {} : { drift: driftFiles }),
    thresholds: { ...defaultThresholds, ...args.thresholds },
    metricsPort: opsPort,
  };
}

function pickCredential({ role, changedAt }: RoleCredential): KnownCredential[] {
  return changedAt === undefined ? [] : [{ role, changedAt }];
}

function scheduleOf({ backup, drill, drift, samples }: OpsContextArgs): Partial<Record<DeclaredJob, string>> {
  return {
    ...(backup === undefined ? {} : { backup: backup.schedule }),
    ...(drill === undefined ? {} : { drill: drill.schedule }),
    ...(drift === undefined ? {} : { drift: drift.schedule }),
    // What happened ten minutes ago can be told from what is happening; a sample costs tens of milliseconds.
    ...(samples === true ? { samples: "*/10 * * * *" } : {}),
  };
}

/** The backups without when they are taken. */
export function pickBackup({ keep, schemaOnly, format }: LogicalBackups): LogicalBackups {
  const { days, weekly, monthly } = keep;
  return { keep: { days, weekly, monthly }, schemaOnly, format };
}

function physicalSchedules(physical: OpsContextArgs["physical"]): Partial<Record<DeclaredJob, string>> {
  if (physical === undefined) return {};
  return {
    "physical-full": physical.full,
    "physical-incremental": physical.incremental,
    // In the middle of the week, when a full backup is seldom under way.
    "physical-verify": "30 4 * * 3",
    ...(physical.second === undefined
      ? {}
      : {
          "physical-full-2": physical.second.full,
          "physical-incremental-2": physical.second.incremental,
          "physical-verify-2": "30 5 * * 4",
        }),
  };
}

function pickPhysical({ second }: NonNullable<OpsContextArgs["physical"]>): OpsPhysical {
  const { configuration } = containerPlaces;
  return { configuration, ...(second === undefined ? {} : { second: whereIsBucket(second.s3) }) };
}

const defaultSchedules: OpsSchedules = {
  // At night, before people come.
  status: "0 1 * * *",
  certificate: "30 3 * * *",
  // A flood writes a hundred megabytes in a second: what stays free of the volume has to last for the interval.
  logs: "*/10 * * * * *",
  // Soon after a month begins.
  audit: "20 0 * * *",
};
