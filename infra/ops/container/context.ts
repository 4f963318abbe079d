import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { backupFormats } from "../../../components/core/backup/plan";
import { checksumWays } from "../../../components/core/copies/plan";
import type { ConnectionTarget } from "../../../components/core/connection";
import {
  defaultThresholds,
  type ThresholdName,
  type Thresholds,
} from "../../../components/core/monitoring/thresholds";
import {
  isOfContainer,
  opsContextFormat,
  opsJobs,
  type ContainerOpsContext,
  type OpsContext,
} from "../../../components/core/ops-context";
import { containerFetchPath } from "../../../components/core/ops/files";
import { problemError, ProblemError, type Problem } from "../../../components/core/problem";
import { parseSchedule } from "../../../components/core/ops/timetable";

const name = z.string().min(1);
const names = z.array(name);
const path = z.string().regex(/^\//, "is not an absolute path");
const days = z.int().min(1);
const port = z.int().min(0).max(65_535);

const ownSchedules = { status: name, certificate: name, logs: name, audit: name };

const schedules = z.object({
  status: name.optional(),
  audit: name.optional(),
  drift: name.optional(),
  backup: name.optional(),
  "physical-full": name.optional(),
  "physical-incremental": name.optional(),
  "physical-verify": name.optional(),
  "physical-full-2": name.optional(),
  "physical-incremental-2": name.optional(),
  "physical-verify-2": name.optional(),
  drill: name.optional(),
  samples: name.optional(),
});

const audit = z.object({
  owner: name,
  schemas: names,
  tables: z.array(z.object({ schema: name, name, audited: z.boolean(), exclude: names })),
  retention: z.object({ months: z.int().min(0), days: z.int().min(0) }).optional(),
  ddl: z.boolean(),
});

const database = z.object({
  name,
  keepPrivileges: z.boolean(),
  extensions: z.array(z.object({ name })),
  schemas: names,
  roles: z.array(z.object({ name, login: z.boolean() })),
  audit: audit.optional(),
});

const backup = z.object({
  keep: z.object({ days, weekly: z.int().min(0), monthly: z.int().min(0) }),
  schemaOnly: z.boolean(),
  format: z.enum(backupFormats),
});

const bucket = z.object({
  bucket: name,
  prefix: z.string(),
  endpoint: name.optional(),
  region: name,
  pathStyle: z.boolean(),
  ca: path.optional(),
  accessKeyId: name,
  checksums: z.enum(checksumWays),
  secretAccessKeyFile: path,
});

const copies = z.object({
  copies: z.array(z.union([z.object({ name, path, shownAs: name }), z.object({ name, s3: bucket })])),
  recipients: names,
});

const thresholds = z
  .partialRecord(z.enum(Object.keys(defaultThresholds) as ThresholdName[]), z.number().min(0))
  .transform((written): Thresholds => ({ ...defaultThresholds, ...written }));

const files = z.object({
  dataDirectory: path,
  logicalBackups: path,
  // A context that was written before it was said.
  work: path.default(dirname(containerFetchPath)),
  jobs: path.optional(),
});

const filesOfContainer = {
  serverCertificate: path,
  serverKey: path,
  authorityCertificate: path,
  authorityKey: path,
  healthToken: path,
  logDirectory: path,
  repository: path,
  jobState: path,
};

const contextSchema = z.object({
  format: z.literal(opsContextFormat),
  version: name,
  project: name,
  stack: name,
  prefix: name,
  service: z.object({ administrator: name, databases: z.array(database) }),
  server: z.object({
    socketDirectory: path,
    host: name,
    port,
    maintenanceDatabase: name,
    login: name.optional(),
  }),
  files,
  schedules,
  timeZone: name,
  backup: backup.optional(),
  copies: copies.optional(),
  physical: z.object({ configuration: path, second: name.optional() }).optional(),
  drill: z
    .object({ assertions: z.array(z.object({ database: name, sql: name })), copyMaxAge: z.int().min(1) })
    .optional(),
  credentials: z.array(z.object({ role: name, changedAt: z.iso.datetime() })).optional(),
  samples: z.literal(true).optional(),
  drift: z.object({ declaration: path, found: path }).optional(),
  thresholds,
}) satisfies z.ZodType<OpsContext>;

/** With what a host's has not. */
const containerSchema = contextSchema.extend({
  files: files.extend(filesOfContainer),
  schedules: schedules.extend(ownSchedules),
  certificate: z.object({ names: names.min(1), validity: days, renewBefore: days }),
  logs: z.object({ maxDays: days, maxBytes: z.int().min(1), minFreePercent: z.number().min(0).max(90) }),
  metricsPort: port,
}) satisfies z.ZodType<ContainerOpsContext>;

/**
 * Reads what `up` has written for this container.
 *
 * @param version of this program, for the error where the file is of another one
 * @throws ProblemError for a file that is not there, is of another version of pgstead, or is wrong: all problems at once
 */
export async function readOpsContext(file: string, version: string): Promise<OpsContext> {
  const written = parseJson(file, await readText(file));
  const { format, version: writer } = headSchema.parse(written);
  if (format !== opsContextFormat) throw otherVersion(file, format, writer, version);
  const read = (isOfHost(written) ? contextSchema : containerSchema).safeParse(written);
  const problems = read.success ? scheduleProblems(read.data) : read.error.issues.map(describeIssue);
  if (read.success && problems.length === 0) return read.data;
  throw new ProblemError(`${file} is not usable`, problems);
}

/** How the administrator logs in from inside of the container, or the account of the jobs on a host. */
export function administratorOf({ server, service }: OpsContext): ConnectionTarget {
  const { socketDirectory, port, login = service.administrator } = server;
  return { host: socketDirectory, port, user: login, password: "" };
}

/** Where the jobs of a host keep what became of them is said in its context alone. */
function isOfHost(written: object): boolean {
  const { files: given } = written as { readonly files?: unknown };
  return typeof given === "object" && given !== null && Object.hasOwn(given, "jobs");
}

/** For what a container alone does. @throws ProblemError on a host */
export function ofContainer(context: OpsContext, what: string): ContainerOpsContext {
  if (isOfContainer(context)) return context;
  const hint = "timers of the host run the jobs: `jobs` says what became of them";
  throw problemError(what, "is for the ops container of a stack on target docker", hint);
}

const again = "it is written by `up`: run it again with the version of pgstead that made this container";

/** Of any version: what tells that it is another one. */
const headSchema = z.object({
  format: z.unknown().optional(),
  version: z.string().optional().catch(undefined),
});

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw problemError(file, `cannot be read: ${(error as Error).message}`, again, { cause: error });
  }
}

function parseJson(file: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // What is cut off has no better reason than that.
  }
  throw problemError(file, "is no JSON object", again);
}

function otherVersion(file: string, format: unknown, writer: string | undefined, own: string): ProblemError {
  const by = writer === undefined ? "" : ` by pgstead ${writer}`;
  const form = typeof format === "number" ? `in format ${format}` : "in no known format";
  const message = `is written${by} ${form}; this container is of pgstead ${own} and reads format ${opsContextFormat}`;
  return problemError(file, message, again);
}

function describeIssue({ path: place, message }: z.core.$ZodIssue): Problem {
  const text = place.map(String).join(".");
  return { path: text, message: message.replace(/^\w/, (letter) => letter.toLowerCase()), hint: again };
}

function scheduleProblems({ schedules, timeZone }: OpsContext): Problem[] {
  return opsJobs.flatMap((job) => {
    const schedule = schedules[job];
    if (schedule === undefined) return [];
    try {
      parseSchedule(schedule, timeZone);
      return [];
    } catch (error) {
      const message = `${JSON.stringify(schedule)} in time zone ${timeZone}: ${(error as Error).message}`;
      return [{ path: `schedules.${job}`, message, hint: "write it such as `0 1 * * *`, in UTC" }];
    }
  });
}
