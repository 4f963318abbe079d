import type { LookName, Looked } from "../../../components/core/operations/checklist/item";
import { judgeRestoreTest } from "../../../components/core/operations/checklist/restore-test";
import { renderDuration } from "../../../components/core/duration";
import { firstOf } from "../../../components/core/operations/health-check";
import type { AuditSecurityData } from "../commands/audit-security";
import { auditSecurityCommand } from "../commands/audit-security";
import { backups } from "../commands/backup";
import { backupGateCommand } from "../commands/backup-gate";
import { bloatCommand } from "../commands/bloat";
import { capacityCommand } from "../commands/capacity";
import { diskCommand } from "../commands/disk";
import { driftCommand } from "../commands/drift";
import { healthBesideBackups } from "../commands/health";
import { indexesCommand } from "../commands/indexes";
import { logsCommand } from "../commands/logs";
import { planCommand } from "../commands/plan";
import { rotateCommand } from "../commands/rotate";
import { slowQueriesCommand } from "../commands/slow-queries";
import type { CommandContext, OpsCommand } from "../command";
import type { PruneData } from "../backup/keep";
import type { StatusData } from "../backup/look";
import type { Report } from "../report";
import { plural } from "../text";
import { lookAtLint, lookAtMigrations } from "./migrations";
import { commandNamed, renderLine, runLine, type CommandLine } from "./run-words";
import { lookAtStatistics } from "./statistics";

/** How an item is looked at. */
export interface Look {
  /** The command line that shows more, behind `npm run ops --`. */
  readonly line: string;
  readonly run: (context: CommandContext) => Promise<Looked>;
}

/** A look that is a command: its findings, and a line of its data. */
function by<Data>(
  command: OpsCommand<never, Data>,
  words: readonly string[],
  tell: (report: Report<Data>, context: CommandContext) => Omit<Looked, "findings"> & Partial<Looked>,
): Look {
  const line: CommandLine<Data> = { command, words };
  return {
    line: renderLine(line),
    async run(context) {
      const report = await runLine(line, context);
      return { findings: report.findings, ...tell(report, context) };
    },
  };
}

const week = "7d";

/** Every look, by the very commands that somebody would run one by one. */
export const looks: Readonly<Record<LookName, Look>> = {
  // Backups have an item of their own.
  health: by(healthBesideBackups, [], ({ data: { checks, version } }) => ({
    told: `PostgreSQL ${version}: ${plural(checks.length, "check")} are well`,
  })),
  space: by(diskCommand, [], ({ data: { volumes, remarks } }) => ({
    told: volumes.map(({ holds, freePercent }) => `${holds.join(", ")}: ${freePercent}% free`).join("; "),
    unseen: volumes.length === 0 ? remarks : [],
  })),
  backups: by(commandNamed<StatusData>(backups, "backup status"), [], ({ data }) => ({
    told: tellBackups(data),
  })),
  errors: by(logsCommand, ["--since", "24h"], ({ data: { entries, levels } }) => ({
    told: `${plural(entries, "entry", "entries")}, ${levels.ERROR ?? 0} of them errors of statements`,
  })),
  "slow-queries": by(slowQueriesCommand, [], ({ data: { spans, statements, remarks } }, { config }) => ({
    told: `${plural(statements.length, "statement")} looked at in ${spans.map(({ database }) => database).join(", ")}`,
    unseen: spans.length < config.databases.length ? remarks : [],
  })),
  "slower-queries": by(
    slowQueriesCommand,
    ["--since", week, "--regressions"],
    ({ data: { spans, newStatements, remarks } }, { config }) => ({
      told: `nothing got slower; ${plural(newStatements?.length ?? 0, "statement")} of the longest are new`,
      unseen: spans.length < config.databases.length ? remarks : [],
    }),
  ),
  bloat: by(bloatCommand, [], ({ data: { databases, remarks } }) => ({
    told: [`looked into ${databases.map(({ database }) => database).join(", ")}`, ...remarks].join("; "),
  })),
  "restore-test": by(
    commandNamed<StatusData>(backups, "backup status"),
    [],
    ({ data: { drill, databases } }, { config: { backup, docker } }) => ({
      findings: judgeRestoreTest(
        drill.drills,
        {
          logical: backup.logical === undefined ? [] : databases.map(({ database }) => database),
          physical: docker?.physical !== undefined,
        },
        {
          now: Date.now(),
          ...(drill.greatestAge === null ? {} : { greatestAgeMs: drill.greatestAge * 1_000 }),
        },
      ),
      told: drill.drills
        .map(({ kind, database, endedAt }) => `${database ?? kind} ${endedAt ?? ""}`)
        .join(", "),
    }),
  ),
  drift: by(driftCommand, [], ({ data: { compared, unseen } }) => ({
    told: `compared ${firstOf([...compared], 6)}`,
    unseen: unseen.map(({ what, reason }) => `${what}: ${reason}`),
  })),
  growth: by(capacityCommand, [], ({ data: { databases, server, remarks } }) => ({
    told: tellGrowth(server.volume?.daysLeft, remarks),
    unseen: databases.every(({ bytesPerDay }) => bytesPerDay === null)
      ? ["there are too few samples yet: a rate takes 10 of them, of 3 days"]
      : [],
  })),
  indexes: by(indexesCommand, [], ({ data: { databases } }) => ({
    told: `statistics of ${databases.map(({ database, statistics: { ageSeconds } }) => `${database}: ${renderDuration(ageSeconds)}`).join(", ")}`,
  })),
  statistics: { line: "analyze --dry-run", run: lookAtStatistics },
  "old-backups": by(commandNamed<PruneData>(backups, "backup prune"), ["--dry-run"], ({ data, findings }) =>
    judgeOld(data, findings),
  ),
  passwords: by(rotateCommand, ["--list"], ({ data }) => {
    const all = "credentials" in data ? data.credentials : [];
    const known = all.filter(({ ageSeconds }) => ageSeconds !== null).length;
    return { told: `none is due; of ${known} of ${all.length} the age is known` };
  }),
  security: by<AuditSecurityData>(auditSecurityCommand, [], ({ data: { counts } }) => ({
    told: Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([status, count]) => `${count} ${status}`)
      .join(", "),
  })),
  migrations: { line: "migrate status", run: lookAtMigrations },
  lint: { line: "migrate lint", run: lookAtLint },
  "backup-gate": by(backupGateCommand, [], ({ data: { databases } }) => ({
    told: databases.map(({ database, message }) => `${database}: ${message}`).join("; "),
  })),
  plan: by(planCommand, [], ({ data: { summary } }) => ({
    told: summary.statements === 0 ? "nothing to do" : plural(summary.statements, "statement"),
  })),
};

function tellBackups({ databases, physical }: StatusData): string {
  const newest = databases.map(({ database, newestAt }) => `${database}: ${newestAt ?? "none"}`);
  const moments = physical?.window ?? null;
  return [...newest, ...(moments === null ? [] : [`physical: ${moments.oldest} to ${moments.newest}`])].join(
    ", ",
  );
}

function tellGrowth(daysLeft: number | null | undefined, remarks: readonly string[]): string {
  if (daysLeft === undefined) return remarks.join("; ");
  return daysLeft === null ? "no end in sight" : `${daysLeft.toFixed(0)} days left`;
}

/** What the rules do not want any more is to be gone: each backup that is taken has it removed. */
function judgeOld({ databases, copies }: PruneData, refused: Looked["findings"]): Looked {
  const overdue = [
    ...databases.map(({ database, remove }) => ({ where: database, remove })),
    ...copies.map(({ copy, database, remove }) => ({ where: `${database} at ${copy}`, remove })),
  ].filter(({ remove }) => remove.length > 0);
  const kept = databases.reduce((sum, { keep }) => sum + keep.length, 0);
  return {
    findings: [
      ...refused,
      ...overdue.map(({ where, remove }) => ({
        subject: `backups of ${where}`,
        message: `${remove.length} are there that are not to be kept: ${firstOf(remove.map(({ name }) => name))}`,
        hint: "`backup prune` removes them; every backup does: does the last one fail?",
      })),
    ],
    told: `${plural(kept, "backup")} are kept`,
  };
}
