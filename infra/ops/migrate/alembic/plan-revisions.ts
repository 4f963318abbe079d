import type {
  RevisionDecision,
  RevisionState,
} from "../../../../components/core/migrations/alembic/decide-revisions";
import { judgeRevisions } from "../../../../components/core/migrations/alembic/judge-revisions";
import type { RevisionSql } from "../../../../components/core/migrations/alembic/offline-sql";
import type { RevisionStep } from "../../../../components/core/migrations/alembic/revision-step";
import type { JudgedMigration, PartName } from "../../../../components/core/migrations/gate/judge";
import type { JudgedFiles } from "../../../../components/core/migrations/judged-files";
import { loadSqlParser } from "../../../../components/core/migrations/sql-parser";
import { problemError, ProblemError, type Problem } from "../../../../components/core/problem";
import { lookWithAlembic, readRevisionSql, type AlembicLook } from "../../../../components/io/alembic/look";
import { runRevisions } from "../../../../components/io/alembic/engine";
import { digestOf } from "../../../../components/io/migrations/digest";
import type { RunOutcome } from "../../../../components/io/migrations/engine";
import type { RunLimits } from "../../../../components/core/migrations/retry";
import type { CommandContext } from "../../command";
import { whileMigrating } from "../run-steps";
import type { AlembicDatabase } from "./application";

/** What is to run, judged by the SQL that it would send. */
export interface PlannedRevisions {
  readonly state: RevisionState;
  readonly files: JudgedFiles;
  readonly steps: readonly RevisionStep[];
  readonly problems: readonly Problem[];
}

/** Reads what a database is at, decides what is to run, and has Alembic show its SQL. */
export function planRevisions(
  { progress }: Pick<CommandContext, "progress">,
  { database, login, setup, shown }: AlembicDatabase,
  direction: PartName,
  decide: (state: RevisionState) => RevisionDecision,
  also: (look: AlembicLook, steps: RevisionDecision) => Promise<void> = () => Promise.resolve(),
): Promise<PlannedRevisions> {
  const work = lookWithAlembic({ ...login, setup }, async (look) => {
    const { state, bridge } = look;
    const decision = decide(state);
    const sql = await readRevisionSql(bridge, decision.steps, direction, state.current);
    await also(look, decision);
    const judged = await judge(sql);
    const steps = judged.map((one, index) => stepOf(one, sql[index], direction));
    return { state, files: await filesOf(judged, shown), steps, problems: decision.problems };
  });
  return progress(`asking the Alembic of ${database.name}`, work);
}

/** Judges the SQL of revisions. */
export async function judge(sql: readonly RevisionSql[]): Promise<JudgedMigration[]> {
  return judgeRevisions(sql, await loadSqlParser());
}

/** As the reports of files of SQL take them. */
export async function filesOf(judged: readonly JudgedMigration[], directory: string): Promise<JudgedFiles> {
  return { directory, judged, parser: await loadSqlParser(), digest: digestOf };
}

function stepOf(
  { migration, ...judged }: JudgedMigration,
  sql: RevisionSql | undefined,
  direction: PartName,
): RevisionStep {
  const isHidden = judged[direction].some(({ findings }) =>
    findings.some(({ rule }) => rule === "needs-connection"),
  );
  const sent = sql?.[direction]?.statements ?? [];
  return { migration, direction, sent: isHidden ? null : sent };
}

/** Runs what was shown, and nothing else: what another run has done meanwhile is left out. */
export function runPlanned(
  context: CommandContext,
  { database, login, setup }: AlembicDatabase,
  limits: RunLimits,
  { steps: shown }: PlannedRevisions,
  decide: (state: RevisionState) => RevisionDecision,
): Promise<RunOutcome> {
  const { administrator: watcher } = database;
  return whileMigrating(context, database, (waiting) =>
    runRevisions({ ...login, setup, watcher, limits, waiting }, (state) => {
      const { steps, problems } = decide(state);
      if (problems.length > 0) throw new ProblemError("the history has changed meanwhile", problems);
      return steps.map(({ revision, checksum, path }) => {
        const step = shown.find(({ migration }) => migration.version === revision);
        if (step?.migration.checksum === checksum) return step;
        const message = step === undefined ? "would run as well, and was not shown" : "was edited meanwhile";
        throw problemError(path, message, "run this again to see what would run now");
      });
    }),
  );
}
