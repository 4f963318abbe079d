import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Counter, Gauge, Registry } from "prom-client";
import type { ContainerOpsContext, OpsJob } from "../../../components/core/ops-context";
import { logBytes, removalReasons, type RemovalReason } from "../../../components/core/ops/log-files";
import { listLogFiles, readVolumeRoom } from "../../../components/io/log-directory";
import { measureBackups } from "./backup-metrics";
import type { Clock } from "./clock";
import { measureCredentials } from "./credential-metrics";
import { measureDrift } from "./drift-metrics";
import { measureDrills } from "./drill-metrics";
import type { JobTimes } from "./job-state";
import { measurePhysical } from "./physical-metrics";
import { remember } from "./remembered";
import type { JobObserver } from "./scheduler";
import { measureServer, type ServerSources } from "./server-metrics";

/** What Prometheus is told. A value that is not known has no sample, rather than an old or an invented one. */
export interface Metrics extends JobObserver {
  /** The text of `/metrics`, with its type. */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
  removedLog(reason: RemovalReason): void;
}

export interface MeasuredJob {
  readonly name: OpsJob;
  /** The greatest time between two runs, in milliseconds. */
  readonly intervalMs: number;
  /** The next run after now, in milliseconds. */
  readonly nextRun: () => number;
  /** Of the time before this process. */
  readonly times: JobTimes;
}

export interface MetricsSurroundings {
  readonly version: string;
  readonly clock: Clock;
  /** What is asked of the server; undefined: nothing is. */
  readonly server?: ServerSources;
}

/** Makes a registry of its own; what is on disk is read when it is asked for. */
export function createMetrics(
  jobs: readonly MeasuredJob[],
  context: Pick<
    ContainerOpsContext,
    "files" | "backup" | "copies" | "drill" | "drift" | "service" | "physical" | "credentials"
  >,
  { version, clock, server }: MetricsSurroundings,
): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const job = createJobMetrics(jobs, registers);
  const removed = new Counter({
    name: "pgstead_logs_removed_total",
    help: "Log files that were removed, by the limit that they went for",
    labelNames: ["reason"],
    registers,
  });
  for (const reason of removalReasons) removed.inc({ reason }, 0);
  new Gauge({
    name: "pgstead_build_info",
    help: "Version of pgstead and of Node.js in the ops container; always 1",
    labelNames: ["version", "node"],
    registers,
  }).set({ version, node: process.versions.node }, 1);
  const { files, backup, drill, service } = context;
  measureFiles(files, registers);
  const databases = service.databases.map(({ name }) => name);
  const copies = context.copies?.copies.map((plan) => ({ plan })) ?? [];
  if (backup !== undefined)
    measureBackups(files.logicalBackups, { databases, copies, maxAge: drill?.copyMaxAge }, registers);
  measureDrills(files.logicalBackups, databases, registers);
  measurePhysical(context, clock, registers);
  measureCredentials(context, clock, registers);
  if (context.drift !== undefined) measureDrift(context.drift.found, registers);
  if (server !== undefined) measureServer(server, registers);
  // All who ask at once get one answer: each look at the disk is made once for them.
  const rendered = remember(
    clock,
    () => 0,
    () => registry.metrics(),
  );
  return {
    ...job,
    async render() {
      return { contentType: registry.contentType, text: await rendered.read() };
    },
    removedLog(reason) {
      removed.inc({ reason });
    },
  };
}

/** Not `job`: that is the label of whoever scrapes, and Prometheus would call ours `exported_job`. */
function createJobMetrics(jobs: readonly MeasuredJob[], registers: Registry[]): JobObserver {
  const gauge = (name: string, help: string): Gauge<"job_name"> =>
    new Gauge({ name: `pgstead_job_${name}`, help, labelNames: ["job_name"], registers });
  const counter = (name: string, help: string): Counter<"job_name"> =>
    new Counter({ name: `pgstead_job_${name}`, help, labelNames: ["job_name"], registers });

  const success = gauge("last_success_timestamp_seconds", "When the job's last run that succeeded ended");
  const attempt = gauge("last_attempt_timestamp_seconds", "When the job's last run was begun");
  const duration = gauge("duration_seconds", "How long the job's last run took");
  const interval = gauge("interval_seconds", "The greatest time between two runs of the job by its schedule");
  const exitCode = gauge("exit_code", "How the job's last run ended: 0 well, 1 in a failure");
  new Gauge({
    name: "pgstead_job_next_run_timestamp_seconds",
    help: "When the job's next run is by its schedule",
    labelNames: ["job_name"],
    registers,
    collect() {
      for (const { name, nextRun } of jobs) this.set({ job_name: name }, nextRun() / 1_000);
    },
  });
  const failures = counter("failures_total", "Runs of the job that failed");
  const skips = counter(
    "skipped_total",
    "Runs of the job that were skipped, as the one before had not ended",
  );

  for (const { name, intervalMs, times } of jobs) {
    interval.set({ job_name: name }, intervalMs / 1_000);
    // A counter that begins with its first failure hides that failure from `increase`.
    failures.inc({ job_name: name }, 0);
    skips.inc({ job_name: name }, 0);
    if (times.lastSuccess !== undefined) success.set({ job_name: name }, times.lastSuccess / 1_000);
    if (times.lastAttempt !== undefined) attempt.set({ job_name: name }, times.lastAttempt / 1_000);
  }
  return {
    ended(name, startedAt, { kind, endedAt }) {
      attempt.set({ job_name: name }, startedAt / 1_000);
      exitCode.set({ job_name: name }, kind === "success" ? 0 : 1);
      duration.set({ job_name: name }, (endedAt - startedAt) / 1_000);
      if (kind === "success") success.set({ job_name: name }, endedAt / 1_000);
      else failures.inc({ job_name: name });
    },
    skipped(name) {
      skips.inc({ job_name: name });
    },
  };
}

function measureFiles(files: ContainerOpsContext["files"], registers: Registry[]): void {
  const certificates = { server: files.serverCertificate, authority: files.authorityCertificate };
  new Gauge({
    name: "pgstead_certificate_expiry_timestamp_seconds",
    help: "When a certificate ends, as its file has it: the server's, and that of the authority",
    labelNames: ["certificate"],
    registers,
    async collect() {
      this.reset();
      for (const [certificate, file] of Object.entries(certificates)) {
        const notAfter = await readNotAfter(file).catch(() => undefined); // not there: no sample
        if (notAfter !== undefined) this.set({ certificate }, notAfter);
      }
    },
  });
  new Gauge({
    name: "pgstead_logs_bytes",
    help: "Size of all log files of the server, compressed ones included",
    registers,
    async collect() {
      await measure(this, async () => {
        this.set(logBytes(await listLogFiles(files.logDirectory)));
      });
    },
  });
  const volumes = { data: files.dataDirectory, logs: files.logDirectory, repository: files.repository };
  const room = (name: string, help: string, pick: "volumeSize" | "volumeFree"): void => {
    new Gauge({
      name: `pgstead_volume_${name}`,
      help,
      labelNames: ["volume"],
      registers,
      async collect() {
        this.reset();
        for (const [volume, path] of Object.entries(volumes)) {
          const found = await readVolumeRoom(path).catch(() => undefined); // not mounted: no sample
          if (found !== undefined) this.set({ volume }, found[pick]);
        }
      },
    });
  };
  room("size_bytes", "Size of the file system that a volume is on", "volumeSize");
  room("free_bytes", "What is free of it for an unprivileged account", "volumeFree");
}

/** Leaves the sample out where the value cannot be read: the other metrics are still told. */
async function measure(gauge: Gauge, read: () => Promise<void>): Promise<void> {
  gauge.remove();
  await read().catch(() => undefined);
}

async function readNotAfter(path: string): Promise<number> {
  const { validTo } = new X509Certificate(await readFile(path));
  return Date.parse(validTo) / 1_000;
}
