import { InvalidArgumentError } from "commander";
import { logLevels, type LogLevel } from "../../../components/core/operations/logs/entry";
import { logFindings } from "../../../components/core/operations/logs/findings";
import { collectLog } from "../../../components/core/operations/logs/summary";
import { problemError } from "../../../components/core/problem";
import { readLog } from "../../../components/io/logs/read-log";
import { parseLimit } from "../arguments";
import type { CommandContext, OpsCommand } from "../command";
import { momentOf, parseMoment, type Moment } from "../moment";
import type { LogsData } from "../logs/logs-report";
import { describeLog } from "../logs/describe";
import { withLogs } from "../logs/place";
import { renderLogs } from "../logs/render";
import type { Report } from "../report";

interface LogsArgs {
  /** Default: an hour ago. */
  readonly since?: Moment;
  readonly until?: Moment;
  readonly errors?: boolean;
  /** True without a number. */
  readonly slow?: number | true;
  readonly level?: LogLevel;
  readonly user?: string;
  readonly database?: string;
  readonly limit: number;
  readonly statements?: boolean;
}

/** Tells what went wrong and what was slow, from the server's own log. */
export const logsCommand: OpsCommand<LogsArgs, LogsData> = {
  name: "logs",
  watch: true,
  nagios: ({ data: { entries, levels }, findings }) => ({
    summary: findings[0]?.message ?? `${entries} entries, nothing to look at`,
    performance: [
      { label: "errors", value: (levels.ERROR ?? 0) + (levels.FATAL ?? 0) + (levels.PANIC ?? 0), min: 0 },
      { label: "warnings", value: levels.WARNING ?? 0, min: 0 },
    ],
  }),
  summary: "show errors, slow statements and events of the server's log, grouped",
  declare: (command) => {
    command
      .option(
        "--since <moment>",
        "from when on: 30min, 2h or 3d ago, today, yesterday, 2026-03-01T12:00Z (default: 1h)",
        parseMoment,
      )
      .option("--until <moment>", "to when, in the same form (default: now)", parseMoment)
      .option("--errors", "messages only, and from ERROR on")
      .option("--slow [ms]", "slow statements only, from so many milliseconds on", parseMilliseconds)
      .option("--level <level>", `messages of this level and worse (default: WARNING)`, parseLevel)
      .option("--user <name>", "what this role of the server caused")
      .option("-d, --database <name>", "what happened in this database")
      .option("--limit <count>", "groups of messages and of statements", parseLimit, 20)
      .option(
        "--statements",
        "show texts as they were logged, with the values in them, which may be personal data",
      )
      .addHelpText("after", help);
  },
  run: look,
  render: ({ stack, data }, _args, colors) => ({ output: renderLogs(stack, data, colors) }),
};

const help = `
Messages are grouped by level, SQLSTATE and what they say without numbers and values, slow statements by their text
without values. Logs in JSON, in CSV and in text are read, whichever the server writes, compressed ones as well, one line
after the other. An embedded server's are read on this machine, those of a container through the engine, also where the
server is down; those of an existing server through itself, which takes pg_monitor and pg_read_server_files.

It ends with 1 where the log tells of damaged data, a crash, a full disk, no memory, no connection left, archiving that
failed, errors of the system, 10 refused logins of one role from one address, 3 checkpoints forced by too much write-ahead
log, or many deadlocks. Errors of those who send statements are theirs: they are shown, and are no finding.

JSON: data.messages [{ level, code, message, count, first, last, user, database, application, client, statement, detail }];
data.slow [{ count, totalMs, meanMs, longestMs, statement, … }]; data.events [{ event, count, first, last, message }];
data.temporaryFiles, data.lockWaits, data.failedLogins, data.levels, data.files.

Examples:
  npm run ops -- logs --since 24h --stack prod
  npm run ops -- logs --slow 5000 --since 7d --json`;

async function look(context: CommandContext, args: LogsArgs): Promise<Report<LogsData>> {
  const { stack, progress } = context;
  const now = Date.now();
  const [since, until] = [
    momentOf(args.since ?? { ago: 3_600_000 }, now).getTime(),
    args.until === undefined ? now : momentOf(args.until, now).getTime(),
  ];
  if (since >= until) {
    throw problemError("--since", `is not before --until: ${iso(since)}, ${iso(until)}`, "exchange the two");
  }
  const onlySlow = args.slow !== undefined && args.errors !== true;
  const collector = collectLog({
    ...{ since, until },
    level: args.level ?? (args.errors === true ? "ERROR" : "WARNING"),
    slowMs: typeof args.slow === "number" ? args.slow : 0,
    ...(args.user === undefined ? {} : { user: args.user }),
    ...(args.database === undefined ? {} : { database: args.database }),
  });
  return withLogs(context, async ({ source, settings, remarks, assertKnown }) => {
    const reading = await progress(
      `reading the log in ${source.place}`,
      readLog(
        source,
        settings,
        { since, until },
        {
          take: (entry) => {
            collector.add(entry);
          },
          takeRoutine: collector.addRoutine,
        },
      ),
    );
    const summary = collector.summary();
    // A role that is dropped by now, or never was, may well be in the log.
    if (summary.entries === 0) {
      await assertKnown({ roles: { "--user": args.user }, databases: { "--database": args.database } });
    }
    const data = await describeLog(summary, reading, {
      ...{ since, until, remarks, limit: args.limit, place: source.place },
      statements: args.statements === true,
      messages: !onlySlow,
      slow: args.errors !== true,
    });
    const findings = logFindings(summary, context.config.thresholds);
    return { command: "logs", stack, data, findings };
  });
}

function parseMilliseconds(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a whole number of milliseconds.");
}

function parseLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === text.toUpperCase());
  if (level !== undefined) return level;
  throw new InvalidArgumentError(`It is one of ${logLevels.join(", ")}.`);
}

function iso(moment: number): string {
  return new Date(moment).toISOString();
}
