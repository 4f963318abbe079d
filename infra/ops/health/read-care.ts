import { check, counted, type HealthCheck } from "../../../components/core/operations/health-check";
import { checkFindings } from "../../../components/core/operations/health-findings";
import { readBackupStatus, type StatusData } from "../backup/look";
import { localPlace } from "../backup/place";
import { askContainer } from "../commands/backup";
import type { CommandContext } from "../command";
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
 * Of containers the backups are looked at from inside of one, which starts a program there: about half a second, and
 * longer where the machine is busy or the engine far. Health is told soon, whatever that takes.
 */
const containerPatienceMs = 2_000;

/** Looks at backups and passwords as `backup status` and `rotate --list` do. Never fails. */
export async function readStackCare(context: CommandContext, watcher: Watcher): Promise<StackCare> {
  const [backups, passwords] = [await lookAtBackups(context), judgePasswords(context, watcher)];
  return {
    checks: [...("status" in backups ? [backups] : []), passwords],
    remarks: "status" in backups ? [] : [backups.remark],
  };
}

async function lookAtBackups(context: CommandContext): Promise<HealthCheck | { readonly remark: string }> {
  const { docker, backup } = context.config;
  if (backup.logical === undefined && backup.copies === undefined && docker?.physical === undefined) {
    return check("backups", { status: "ok", value: null, message: "none are declared" });
  }
  try {
    return judgeBackups(
      docker === undefined
        ? await readBackupStatus(localPlace(context), Date.now())
        : await askContainer<StatusData>(context, ["backup", "status"], { timeoutMs: containerPatienceMs }),
    );
  } catch (error) {
    const { title, problems } = describeFailure(error, context.stack);
    const reason = `${title}: ${problems.map(({ message }) => message).join("; ")}`;
    if (docker !== undefined) {
      return {
        remark: `backups could not be looked at soon (${reason}); \`backup status\` waits for longer`,
      };
    }
    const hint = problems[0]?.hint ?? "`backup status` says more";
    return check("backups", { status: "warning", value: null, message: `cannot be told: ${reason}`, hint });
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
