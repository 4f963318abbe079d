import type { Finding } from "../../../components/core/finding";
import { ProblemError, problemError, type Problem } from "../../../components/core/problem";
import {
  findNewStatements,
  findRegressions,
  findSlowStatements,
  judgeRegressions,
  topStatements,
  type Regression,
  type StatementFigures,
  type StatementOrder,
} from "../../../components/core/operations/statements";
import { readSamplePlace } from "../../../components/io/catalog/samples";
import { findStatementSource, type WithoutStatements } from "../../../components/io/catalog/statement-source";
import {
  readStatementsNow,
  readStatementsSince,
  type SampledSpan,
  type StatementSpan,
} from "../../../components/io/catalog/statements";
import type { Session } from "../../../components/io/session";
import type { CommandContext } from "../command";
import { momentOf, type Moment } from "../moment";
import { chooseDatabase } from "../migrate/stack-database";
import type { Report } from "../report";
import { openWatcher } from "../watcher";

export interface SlowQueriesArgs {
  readonly database?: string;
  readonly by: StatementOrder;
  readonly top: number;
  readonly since?: Moment;
  readonly until?: Moment;
  readonly regressions?: boolean;
  readonly full?: boolean;
}

/** What a span of a database has; `statements` are those that were asked for. */
export interface SpanData {
  readonly database: string;
  /** ISO 8601 in UTC; null: since the counters began, which the server does not tell. */
  readonly from: string | null;
  readonly to: string;
  /** Resets of the counters within; what ran between the sample before and each reset is not told. */
  readonly resets: number;
  /** Statements that were thrown out for others: `pg_stat_statements.max` is too small for what runs. */
  readonly evictions: number;
  readonly statementCount: number;
  readonly calls: number;
  readonly totalMs: number;
}

export interface SlowQueriesData {
  readonly by: StatementOrder;
  readonly spans: readonly SpanData[];
  /** The first ones of all databases together. */
  readonly statements: readonly StatementFigures[];
  /** Only with `--regressions`. */
  readonly regressions: readonly Regression[] | null;
  readonly newStatements: readonly StatementFigures[] | null;
  /** What is not told, and why. */
  readonly remarks: readonly string[];
}

/** One database's part. */
interface Found {
  readonly span: StatementSpan;
  readonly before?: StatementSpan;
  readonly remarks: readonly string[];
}

/**
 * Reads the statements of every database, or of one, as the role that watches it.
 *
 * @throws ProblemError where a database has no pg_stat_statements, or no samples that reach back: all of them at once
 */
export async function readSlowQueries(
  context: CommandContext,
  args: SlowQueriesArgs,
): Promise<Report<SlowQueriesData>> {
  if (args.regressions === true && args.since === undefined) {
    throw problemError(
      "--regressions",
      "needs two spans",
      "say since when, such as `--since 2h`: it is compared with as long before",
    );
  }
  const span = spanOf(args, Date.now());
  const watcher = await openWatcher(context);
  const names =
    args.database === undefined ? watcher.databases : [chooseDatabase(context.config, args.database).name];
  const results = await Promise.all(
    names.map(async (name) => {
      const look = watcher.look(name, (session) => readDatabase(session, name, span));
      return { name, found: await context.progress(`reading the statements of ${name}`, look) };
    }),
  );
  const problems = results.flatMap(({ found }) => ("problem" in found ? [found.problem] : []));
  const good = results.flatMap(({ name, found }) => ("problem" in found ? [] : [{ name, ...found }]));
  // One database without the extension does not hide the others.
  if (good.length === 0) throw new ProblemError("no statements can be told", problems);
  const remarks = problems.map(({ path, message, hint }) => `${path}: ${message}; ${hint}`);
  return report(context, args, good, remarks);
}

function report(
  { stack, config }: CommandContext,
  { by, top, regressions: compares }: SlowQueriesArgs,
  found: readonly (Found & { readonly name: string })[],
  problems: readonly string[],
): Report<SlowQueriesData> {
  const all = found.flatMap(({ span }) => span.statements);
  const regressions = found.flatMap(({ span, before }) =>
    before === undefined ? [] : findRegressions(before.statements, span.statements),
  );
  const slower = regressions.toSorted((a, b) => b.addedMs - a.addedMs);
  const fresh = found.flatMap(({ span, before }) =>
    before === undefined ? [] : findNewStatements(before.statements, span.statements),
  );
  const findings: Finding[] =
    compares === true ? judgeRegressions(slower, all) : findSlowStatements(all, config.thresholds);
  return {
    command: "slow-queries",
    stack,
    findings,
    data: {
      by,
      spans: found.map(({ name, span }) => spanData(name, span)),
      statements: topStatements(all, by, top),
      regressions: compares === true ? slower.slice(0, top) : null,
      newStatements: compares === true ? fresh.slice(0, top) : null,
      remarks: [...found.flatMap(({ remarks }) => remarks), ...problems],
    },
  };
}

function spanData(database: string, { from, to, resets, evictions, statements }: StatementSpan): SpanData {
  const sum = (of: (statement: StatementFigures) => number): number =>
    statements.reduce((total, statement) => total + of(statement), 0);
  return {
    database,
    from,
    to,
    resets,
    evictions,
    statementCount: statements.filter(({ queryId }) => queryId !== null).length,
    calls: sum(({ calls }) => calls),
    totalMs: sum(({ totalMs }) => totalMs),
  };
}

/** What is asked for, at one look. */
interface Span {
  readonly since?: Date;
  readonly until?: Date;
  /** With `--regressions`: where the span to compare with begins. */
  readonly before?: Date;
}

/** Each look of `--watch` has its own: what is said as `2h` goes along with the time. */
function spanOf({ since, until, regressions }: SlowQueriesArgs, now: number): Span {
  if (since === undefined && until !== undefined) {
    throw problemError("--until", "stands without --since", "say since when, such as `--since 2d`");
  }
  if (since === undefined) return {};
  const from = momentOf(since, now);
  const to = until === undefined ? undefined : momentOf(until, now);
  const length = (to?.getTime() ?? now) - from.getTime();
  if (length <= 0 && to === undefined) {
    throw problemError("--since", `is not in the past: ${from.toISOString()}`, "give an earlier moment");
  }
  if (length <= 0) {
    throw problemError("--until", "is not after --since", "give a later moment, or leave it out");
  }
  const before = regressions === true ? { before: new Date(from.getTime() - length) } : {};
  return { since: from, ...before, ...(to === undefined ? {} : { until: to }) };
}

async function readDatabase(
  session: Session,
  name: string,
  { since, until, before }: Span,
): Promise<Found | { readonly problem: Problem }> {
  const source = await findStatementSource(session);
  const isThere = typeof source !== "string";
  if (since === undefined) {
    if (!isThere) return { problem: withoutStatements(name, source) };
    const span = await readStatementsNow(session, source);
    return { span, remarks: remarksOf(name, span) };
  }
  const place = await readSamplePlace(session);
  if (place.layout === undefined) return { problem: withoutSamples(name) };
  const live = isThere ? { source } : {};
  const sampled = await readStatementsSince(session, {
    since,
    ...(until === undefined ? {} : { until }),
    ...live,
  });
  const tooShort = reachesNot(name, sampled, before ?? since);
  if (tooShort !== undefined) return { problem: tooShort };
  const remarks = [
    ...remarksOf(name, sampled.span),
    ...(isThere ? [] : [`${name}: ${withoutStatements(name, source).message}: only samples are told`]),
  ];
  if (before === undefined) return { span: sampled.span, remarks };
  const earlier = await readStatementsSince(session, { since: before, until: since });
  return { span: sampled.span, before: earlier.span, remarks };
}

/** Samples that begin later than what is asked for would be told as something that they are not. */
function reachesNot(name: string, { oldest }: SampledSpan, wanted: Date): Problem | undefined {
  if (oldest !== null && Date.parse(oldest) <= wanted.getTime()) return undefined;
  const path = `samples of ${name}`;
  if (oldest === null) {
    return {
      path,
      message: "there are not two of them yet",
      hint: "job samples of the ops container takes one every ten minutes; `npm run ops -- sample` takes one now",
    };
  }
  return {
    path,
    message: `they do not reach back to ${wanted.toISOString()}: the oldest is of ${oldest}`,
    hint: `ask for a later moment, such as --since ${oldest}`,
  };
}

function withoutStatements(name: string, why: WithoutStatements): Problem {
  const path = `database ${name}`;
  return why === "no extension"
    ? {
        path,
        message: "it has no extension pg_stat_statements",
        hint: "declare it under the database's extensions: `extensions: [pg_stat_statements]`",
      }
    : {
        path,
        message: "pg_stat_statements is not in shared_preload_libraries of the server",
        hint: "add it to pgstead:server.settings, or leave that setting out where the server is made here; it takes a restart",
      };
}

function withoutSamples(name: string): Problem {
  return {
    path: `samples of ${name}`,
    message: "none are kept",
    hint: "set pgstead:monitoring.samples to true and run `npm run pulumi -- up`",
  };
}

function remarksOf(name: string, { resets, evictions, statements }: StatementSpan): string[] {
  const rest = statements.find(({ queryId }) => queryId === null);
  return [
    ...(resets === 0
      ? []
      : [
          `${name}: the counters were reset ${resets === 1 ? "once" : `${resets} times`}: what ran between the sample before and a reset is not told`,
        ]),
    ...(evictions === 0
      ? []
      : [
          `${name}: ${evictions} times the server threw out statements for others: raise pg_stat_statements.max`,
        ]),
    ...(rest === undefined
      ? []
      : [`${name}: ${Math.round(rest.calls)} calls are of statements that were too many to keep each`]),
  ];
}
