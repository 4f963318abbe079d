import type {
  RevisionDecision,
  RevisionState,
} from "../../../../components/core/migrations/alembic/decide-revisions";
import { shownRevisions } from "../../../../components/core/migrations/alembic/shown-revisions";
import type { PartName } from "../../../../components/core/migrations/gate/judge";
import type { RunLimits } from "../../../../components/core/migrations/retry";
import type { Problem } from "../../../../components/core/problem";
import { runRevisions } from "../../../../components/io/alembic/engine";
import {
  readJudgedRevisions,
  type JudgedRevisions,
} from "../../../../components/io/alembic/judged-revisions";
import { lookWithAlembic, type AlembicLook } from "../../../../components/io/alembic/look";
import type { RunOutcome } from "../../../../components/io/migrations/engine";
import type { CommandContext } from "../../command";
import { whileMigrating } from "../run-steps";
import type { AlembicDatabase } from "./application";
import { findLeftIndexes } from "./left-indexes";

/** What is to run, judged by the SQL that it would send. */
export interface PlannedRevisions extends JudgedRevisions {
  readonly state: RevisionState;
  readonly problems: readonly Problem[];
  /** Those of the problems that failed runs have left. */
  readonly left: readonly Problem[];
}

/** Reads what a database is at, decides what is to run, and has Alembic show its SQL. */
export function planRevisions(
  { progress }: Pick<CommandContext, "progress">,
  { database, login, setup, shown }: AlembicDatabase,
  direction: PartName,
  decide: (state: RevisionState) => RevisionDecision,
  also: (look: AlembicLook, decision: RevisionDecision) => Promise<void> = () => Promise.resolve(),
): Promise<PlannedRevisions> {
  const work = lookWithAlembic({ ...login, setup }, async (look) => {
    const { state, bridge } = look;
    const decision = decide(state);
    const judged = await readJudgedRevisions(bridge, decision, direction, state, shown);
    const left = direction === "up" ? await findLeftIndexes(database, judged.files.judged) : [];
    await also(look, decision);
    return { ...judged, state, problems: [...decision.problems, ...left], left };
  });
  return progress(`asking the Alembic of ${database.name}`, work);
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
    runRevisions({ ...login, setup, watcher, limits, waiting }, (state) =>
      shownRevisions(shown, decide(state)),
    ),
  );
}
