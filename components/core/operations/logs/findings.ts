import type { Finding } from "../../finding";
import type { EventName } from "./kind";
import type { LogSummary } from "./summary";

/** From how many on something that happens is told. */
export interface LogLimits {
  /** Deadlocks in ten minutes. */
  readonly deadlocks: number;
}

/** Refused logins of one user from one address within the range: a forgotten password is fewer. */
const manyLogins = 10;

/** Once is bad luck of a load; three times is a setting. */
const manyCheckpoints = 3;

interface Rule {
  readonly severity: "warning" | "critical";
  readonly message: string;
  readonly hint: string;
}

const rules: Readonly<Partial<Record<EventName, Rule>>> = {
  corruption: {
    severity: "critical",
    message: "data on disk is damaged",
    hint: "stop what writes, keep the disk as it is, and see `npm run ops -- recovery` and `npm run ops -- backup list`; `pg_amcheck` tells what is damaged",
  },
  crash: {
    severity: "critical",
    message: "processes of the server ended by a signal, with all sessions",
    hint: "see the kernel's log for `Out of memory`, and the entry before in the log: its statement is there",
  },
  outOfSpace: {
    severity: "critical",
    message: "a disk was full",
    hint: "`npm run ops -- disk` tells what takes the room",
  },
  outOfMemory: {
    severity: "warning",
    message: "memory was not given",
    hint: "lower work_mem or the number of sessions, or give the server more memory (pgstead:server.memory)",
  },
  archiveFailed: {
    severity: "warning",
    message: "the write-ahead log was not archived",
    hint: "`npm run ops -- recovery` tells what can be restored now, and why the archiver fails",
  },
  connectionRefused: {
    severity: "warning",
    message: "sessions were refused for want of connections",
    hint: "`npm run ops -- connections` tells who has them; pgstead:server.maxConnections is the limit",
  },
  systemError: {
    severity: "warning",
    message: "errors of the system, or inside of PostgreSQL",
    hint: "look at the messages of classes 58 and XX above",
  },
};

/** What of a log somebody has to look at. Errors of those who send statements are theirs: they are counted, and no finding. */
export function logFindings(summary: LogSummary, limits: LogLimits): Finding[] {
  const { events, deadlocksInTenMinutes, failedLogins } = summary;
  const happened = Object.entries(rules).flatMap(([name, rule]) => {
    const found = events[name as EventName];
    return found === undefined
      ? []
      : [
          {
            subject: "log",
            severity: rule.severity,
            message: `${times(found.count)}: ${rule.message} (${found.message})`,
            hint: rule.hint,
          },
        ];
  });
  const frequent = events.checkpointsTooFrequent?.count ?? 0;
  return [
    ...happened,
    ...panics(summary),
    ...failedLogins
      .filter(({ count }) => count >= manyLogins)
      .map(({ user, client, count }) => ({
        subject: "log",
        message: `${count} refused logins of ${user || "nobody by name"} from ${client || "an unknown address"}`,
        hint: "an old password in a program, or somebody who tries: see that address, and pg_hba.conf",
      })),
    ...(deadlocksInTenMinutes >= limits.deadlocks
      ? [
          {
            subject: "log",
            message: `${deadlocksInTenMinutes} deadlocks within ten minutes`,
            hint: "`--statements` shows the statements: those that lock the same rows have to do so in one order",
          },
        ]
      : []),
    ...(frequent >= manyCheckpoints
      ? [
          {
            subject: "log",
            message: `${times(frequent)}: checkpoints were forced by the amount of write-ahead log`,
            hint: "raise max_wal_size (pgstead:server.settings)",
          },
        ]
      : []),
  ];
}

/** A panic that no rule has told of already. */
function panics({ levels, events }: LogSummary): Finding[] {
  const count = levels.PANIC ?? 0;
  if (count === 0 || events.corruption !== undefined || events.outOfSpace !== undefined) return [];
  const hint = "the server ended all sessions and recovered: the messages above tell why";
  return [{ subject: "log", severity: "critical", message: `${times(count)}: PANIC`, hint }];
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}
