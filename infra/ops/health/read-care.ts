import { check, counted, type HealthCheck } from "../../../components/core/operations/health-check";
import { checkFindings } from "../../../components/core/operations/health-findings";
import { ProblemError } from "../../../components/core/problem";
import { readBackupStatus, type StatusData } from "../backup/look";
import { localPlace } from "../backup/place";
import { askContainer } from "../commands/backup";
import { askHost } from "../jobs/ask-host";
import type { JobsData } from "../jobs/render";
import type { CommandContext } from "../command";
import { systemClock } from "../container/clock";
import { inTime, remember, type Remembered } from "../container/remembered";
import { describeFailure } from "../failure";
import type { Report } from "../report";
import { dueFindings } from "../rotate/list";
import type { Watcher } from "../watcher";

/** What health has of what surrounds a server: its backups and its passwords. */
export interface StackCare {
  readonly checks: readonly HealthCheck[];
  /** What was not looked at, and where it is told. */
  readonly remarks: readonly string[];
}

/**
 * Of containers the backups are looked at from inside of one, which starts a program there: it takes longer where the
 * machine is busy, the engine far, or a repository in object storage. Health is told soon, whatever that takes.
 */
const patienceMs = 2_000;

/** An SSH login, and a program that is started there; a host that does not answer is a finding. */
const hostPatienceMs = 20_000;

/** Looks at backups and passwords as `backup status` and `rotate --list` do. Never fails. */
export async function readStackCare(context: CommandContext, watcher: Watcher): Promise<StackCare> {
  const [backups, jobs] = await Promise.all([lookAtBackups(context), lookAtHostJobs(context)]);
  const passwords = judgePasswords(context, watcher);
  return {
    checks: [...("status" in backups ? [backups] : []), ...jobs, passwords],
    remarks: "status" in backups ? [] : [backups.remark],
  };
}

/** With `--watch` they are looked at once a minute: a program that is started for every look would be a load. */
const freshMs = 60_000;

const known = new WeakMap<CommandContext, Remembered<Report<StatusData>>>();

function backupsOf(context: CommandContext): Remembered<Report<StatusData>> {
  const there = known.get(context);
  if (there !== undefined) return there;
  const { docker, hostJobs } = context.config;
  const look = (): Promise<Report<StatusData>> => {
    if (docker !== undefined) return askContainer(context, ["backup", "status"], { timeoutMs: patienceMs });
    return hostJobs === undefined
      ? readBackupStatus(localPlace(context), Date.now())
      : askHost(context, hostJobs, ["backup", "status"], AbortSignal.timeout(hostPatienceMs));
  };
  const made = remember(systemClock, () => freshMs, look);
  known.set(context, made);
  return made;
}

async function lookAtBackups(context: CommandContext): Promise<HealthCheck | { readonly remark: string }> {
  const { docker, backup } = context.config;
  if (backup.logical === undefined && backup.copies === undefined && docker?.physical === undefined) {
    return check("backups", { status: "ok", value: null, message: "none are declared" });
  }
  try {
    const looking = backupsOf(context).read();
    return judgeBackups(await (docker === undefined ? looking : inTime(systemClock, patienceMs, looking)));
  } catch (error) {
    const { title, problems } = describeFailure(error, context.stack);
    const said = problems.map(({ message }) => message).join("; ");
    const reason = error instanceof ProblemError ? `${title}: ${said}` : said;
    if (docker !== undefined) {
      return { remark: `backups were not looked at (${reason}); \`backup status\` has no bound of 2 s` };
    }
    const hint = problems[0]?.hint ?? "`backup status` says more";
    return check("backups", { status: "warning", value: null, message: `cannot be told: ${reason}`, hint });
  }
}

/** What became of the jobs that the server's host runs: nobody watches them otherwise. */
async function lookAtHostJobs(context: CommandContext): Promise<HealthCheck[]> {
  const { hostJobs } = context.config;
  if (hostJobs === undefined) return [];
  try {
    const asked = askHost<JobsData>(context, hostJobs, ["jobs"], AbortSignal.timeout(hostPatienceMs));
    const { data, findings } = await asked;
    return [checkFindings("jobs", findings, `${counted(data.jobs.length, "job")} of the host: none failed`)];
  } catch (error) {
    const { title, problems } = describeFailure(error, context.stack);
    const [first] = problems;
    const message = `cannot be told: ${title}: ${first?.message ?? ""}`;
    const hint = first?.hint ?? "`jobs` says more";
    return [check("jobs", { status: "warning", value: null, message, hint })];
  }
}

function judgeBackups({ data: { databases }, findings }: Report<StatusData>): HealthCheck {
  const well = databases.map(({ database, newestAt }) => `${database} ${newestAt ?? "has none"}`).join(", ");
  return checkFindings("backups", findings, `as they are declared; the newest good one: ${well}`);
}

function judgePasswords(context: CommandContext, { credentials }: Watcher): HealthCheck {
  if (credentials === undefined) {
    const message = "their age is not known: the last `up` was of an older version";
    return check("passwords", { status: "ok", value: null, message });
  }
  const due = dueFindings(context, { credentials }, Date.now());
  const known = credentials.filter(({ changedAt }) => changedAt !== undefined).length;
  const unknown = credentials.length - known;
  const rest = unknown === 0 ? "" : `; of ${counted(unknown, "other")} the age is not known`;
  return checkFindings("passwords", due, `none of ${counted(known, "password")} is due${rest}`);
}
