import * as pulumi from "@pulumi/pulumi";
import { authorityFile, secretFile } from "./core/copies/plan";
import { renderLogRotation } from "./core/host/jobs/log-rotation";
import { renderCrontab } from "./core/host/jobs/crontab";
import type { Scheduler, SchedulerWish } from "./core/host/jobs/job-host";
import { jobAccount, jobPlaces, type JobPlaces } from "./core/host/jobs/places";
import { startTimers, stopTimers } from "./core/host/jobs/timers-script";
import { renderUnits, type UnitArgs } from "./core/host/jobs/units";
import type { HostPlace } from "./core/host/place";
import {
  hostJobNames,
  hostJobsOf,
  hostTimeZone,
  renderHostContext,
  type HostContextArgs,
} from "./core/ops/host-context";
import type { Refusal } from "./core/statement";
import { createHostCommand } from "./host-command";
import { HostJobsResource } from "./providers/host-jobs-resource";
import { HostFiles, HostLogin, type HostFileArgs } from "./providers/host-resources";

export interface HostJobsArgs {
  readonly host: HostPlace;

  /** What runs the jobs. `auto`: systemd where it runs, else cron. A job never runs beside itself, not even in a change. */
  readonly scheduler: Exclude<SchedulerWish, "none">;

  /** Packages that the same run installs there before: `nodejs` may be among them. @default - none */
  readonly packages?: readonly string[];

  /** The server's cluster, as `pg_lsclusters` has it. @default - the one that listens at the port */
  readonly cluster?: string;

  /** Port of the server, as the host sees it. */
  readonly port: number;

  /**
   * Directory of the backups (`pgstead:backup.directory`), as the host sees it. Changing it leaves those where they are.
   *
   * @default - one of the stack's own below /var/lib/pgstead
   */
  readonly backups?: string;

  /** What the jobs know of the stack: nothing secret. */
  readonly context: Omit<HostContextArgs, "project" | "stack">;

  /** SHA-256 of the bundle of the operations code. */
  readonly bundle: string;

  /** Secret access keys of copies in object storage, by the copies' names. */
  readonly copySecrets?: pulumi.Output<Readonly<Record<string, string>>>;

  /** Certificates of the authorities of their services, as PEM, by the copies' names, where `ca` names one. */
  readonly copyAuthorities?: Readonly<Record<string, string>>;

  /** How commands log in there. @default - one of its own */
  readonly login?: HostLogin;

  /** What has to be in order first: packages, and all that the jobs look at. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * The jobs of a stack on the host of its server: the operations code as one file, what it knows, and timers of systemd or
 * a file of /etc/cron.d that start it. Jobs come in over the server's socket, as account postgres. `destroy` removes all of
 * it and leaves the backups.
 */
export class HostJobs extends pulumi.ComponentResource {
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: HostJobsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:HostJobs", name, {}, opts);
    const places = jobPlaces(pulumi.getProject(), pulumi.getStack(), args.backups);
    const jobs = createProgram(args, this);
    // Which files there are is the host's to say: it is asked in previews as well, so that this is known there.
    const timers = jobs.runsBy.apply((scheduler) => createFiles(args, { places, jobs, scheduler }, this));
    this.refusals = pulumi.all([jobs.refusals, timers]).apply(([own, files]) => [...own, ...files]);
    this.registerOutputs({});
  }
}

function createProgram(args: HostJobsArgs, parent: pulumi.Resource): HostJobsResource {
  const { host, cluster, scheduler, packages = [], port, backups, bundle, context, dependsOn = [] } = args;
  const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
  const jobs = hostJobsOf({ ...context, project, stack });
  return new HostJobsResource(
    "jobs",
    {
      ...{ host, project, stack, scheduler, packages, port, bundle, jobs },
      ...(cluster === undefined ? {} : { cluster }),
      ...(backups === undefined ? {} : { backups }),
    },
    { parent, dependsOn: [...dependsOn] },
  );
}

interface Planned {
  readonly places: JobPlaces;
  readonly jobs: HostJobsResource;
  readonly scheduler: Scheduler;
}

function createFiles(
  args: HostJobsArgs,
  planned: Planned,
  parent: pulumi.Resource,
): pulumi.Output<Refusal[]> {
  const { host } = args;
  const { places, jobs, scheduler } = planned;
  const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
  const context = { ...args.context, project, stack };
  const wanted = hostJobsOf(context);
  const units: UnitArgs = {
    places,
    of: `${project}/${stack}`,
    account: jobAccount,
    timeZone: hostTimeZone,
    jobs: wanted,
    writable: [
      places.backups,
      ...(context.copies?.copies ?? []).flatMap((copy) => ("path" in copy ? [copy.path] : [])),
    ],
  };
  const server = pulumi.all([jobs.dataDirectory, jobs.socketDirectory]);
  const text = server.apply(([dataDirectory, socketDirectory]) =>
    renderHostContext(context, { port: args.port, dataDirectory, socketDirectory }, places),
  );
  const started = scheduler === "systemd" ? renderUnits(units) : { [places.crontab]: renderCrontab(units) };
  const files = new HostFiles(
    "jobs",
    {
      host,
      directories: {
        "/etc/pgstead": { mode: "0755", owner: "root" },
        [places.settings]: { mode: "0755", owner: "root" },
      },
      files: {
        [places.context]: { content: text, mode: "0644", owner: "root" },
        ...readable({ ...started, [places.logRotation]: renderLogRotation(units) }),
        ...copyFiles(args, places),
      },
    },
    { parent, dependsOn: [jobs] },
  );
  if (scheduler === "cron") return files.refusals;
  const login = createTimers(args, { ...planned, files, wanted: wanted.map(({ name }) => name) }, parent);
  return pulumi.all([files.refusals, login.refusals]).apply((all) => all.flat());
}

function readable(files: Readonly<Record<string, string>>): Record<string, HostFileArgs> {
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [path, { content, mode: "0644", owner: "root" }]),
  );
}

/** What copies in object storage are reached with: a file for each key, for the account of the jobs alone. */
function copyFiles(
  { context, copySecrets, copyAuthorities = {} }: HostJobsArgs,
  { settings }: JobPlaces,
): Record<string, HostFileArgs> {
  const buckets = (context.copies?.copies ?? []).filter((copy) => "s3" in copy);
  const secrets = copySecrets ?? pulumi.secret({} as Readonly<Record<string, string>>);
  return {
    ...Object.fromEntries(
      buckets.map(({ name }) => {
        const content = secrets.apply((found) => found[name] ?? "");
        return [
          `${settings}/${secretFile(name)}`,
          { content, mode: "0400", owner: jobAccount, secret: true },
        ];
      }),
    ),
    ...readableAuthorities(copyAuthorities, settings),
  };
}

function readableAuthorities(
  authorities: Readonly<Record<string, string>>,
  settings: string,
): Record<string, HostFileArgs> {
  const files = Object.entries(authorities).map(([name, content]) => [
    `${settings}/${authorityFile(name)}`,
    content,
  ]);
  return readable(Object.fromEntries(files) as Readonly<Record<string, string>>);
}

/** Has systemd know the units: again whenever one of them was written. Cron looks at its directory by itself. */
function createTimers(
  { host, login: given }: HostJobsArgs,
  {
    places,
    jobs,
    files,
    wanted,
  }: Planned & { readonly files: HostFiles; readonly wanted: readonly string[] },
  parent: pulumi.Resource,
): HostLogin {
  const login = given ?? new HostLogin("jobs", { host }, { parent, dependsOn: [jobs] });
  createHostCommand(
    "jobs",
    {
      host,
      login,
      create: files.revision.apply((revision) =>
        startTimers(places, { wanted, all: hostJobNames, revision }),
      ),
      delete: stopTimers(places, hostJobNames),
    },
    { parent, dependsOn: [files] },
  );
  return login;
}
