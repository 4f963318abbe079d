import type { Finding } from "../finding";
import { renderDuration } from "../duration";
import type { RepositoryNumber } from "./configuration";
import { goodBackups, type PhysicalBackup, type PhysicalRepository } from "./repository";

/** What physical backups are judged by; moments and times in milliseconds. */
export interface RecoveryFacts {
  readonly repository: PhysicalRepository;
  /** Why the log does not arrive at present; undefined: it does. */
  readonly archiveFailure?: string;
  readonly now: number;
  /** Number of the repository; default 1. */
  readonly number?: RepositoryNumber;
  /** The greatest times between two full backups, and between two of what changed, by their schedules. */
  readonly intervals: { readonly full: number; readonly incremental: number };
}

/** So much longer than its interval a backup may take until it counts as missed. */
const patienceMs = 4 * 3_600_000;

const takeOne =
  "look at the log of the ops container, then `docker exec <name>-ops node /usr/lib/pgstead/ops.cjs run";

/** What keeps a moment from being restored, now or soon. */
export function judgeRecovery({
  repository,
  archiveFailure,
  now,
  intervals,
  number = 1,
}: RecoveryFacts): Finding[] {
  const ending = number === 1 ? "" : `-${number}`;
  if (repository.kind === "absent") {
    const message = "there is no repository: nothing can be restored";
    const hint = "run `npm run pulumi -- up`: it makes one";
    return [{ subject: "physical backups", message, hint, severity: "critical" }];
  }
  const good = goodBackups(repository);
  const fulls = good.filter(({ kind }) => kind === "full");
  return [
    ...repository.backups.flatMap(faulty),
    ...stale("full backup", fulls.at(-1), now, intervals.full, `${takeOne} physical-full${ending}\``),
    // A full one is as good.
    ...stale(
      "backup",
      good.at(-1),
      now,
      Math.min(intervals.full, intervals.incremental),
      `${takeOne} physical-incremental${ending}\``,
    ),
    ...(archiveFailure === undefined
      ? []
      : [
          {
            subject: "the log",
            message: `does not arrive in the repository: ${archiveFailure}`,
            hint: "see the server's log for what archive_command says; the log stays on the data volume until it does",
          },
        ]),
  ];
}

function faulty({ label, fault }: PhysicalBackup): Finding[] {
  if (fault === undefined) return [];
  return [{ subject: `backup ${label}`, message: fault, hint: "it is not counted on: is the disk sound?" }];
}

function stale(
  what: string,
  newest: PhysicalBackup | undefined,
  now: number,
  interval: number,
  hint: string,
): Finding[] {
  if (newest === undefined)
    return [{ subject: `newest ${what}`, message: "there is none that is good", hint, severity: "critical" }];
  const age = now - newest.stoppedAt;
  if (age <= interval + patienceMs) return [];
  const message = `is ${renderDuration(age / 1_000)} old, and one is due every ${renderDuration(interval / 1_000)}`;
  return [{ subject: `newest ${what}`, message, hint, severity: "critical" }];
}
