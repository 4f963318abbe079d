import { decideTarget } from "../../../../components/core/migrations/alembic/decide-target";
import type { RevisionStep } from "../../../../components/core/migrations/alembic/revision-step";
import type { MigrationStep } from "../../../../components/core/migrations/decide";
import { emptyHistory } from "../../../../components/core/migrations/history";
import type { JudgedFiles } from "../../../../components/core/migrations/judged-files";
import { refuseUpgrade } from "../../../../components/core/migrations/refuse-run";
import { exclusivelyWithAlembic, runRevisions } from "../../../../components/io/alembic/engine";
import type { MigrationEngine } from "../../../../components/io/migrations/engine";
import { scratchLimits } from "../../../../components/io/scratch/scratch";
import type { DatabaseConfig } from "../../../config";
import { allowedLosses } from "../../backup/gate";
import type { CommandContext } from "../../command";
import { planRevisions } from "../alembic/plan-revisions";
import type { AlembicDatabase } from "../alembic/application";
import type { StackDatabase } from "../stack-database";
import type { BackupSubject, EngineParts } from "./run";
import type { UsedServer } from "./server";

type Setup = Pick<AlembicDatabase, "setup" | "shown">;

/** Revisions of an application, each of which its own Alembic runs. */
export function alembicSubject(
  context: CommandContext,
  database: DatabaseConfig,
  files: JudgedFiles,
  { setup, shown }: Setup,
  { within }: Pick<UsedServer, "within">,
): BackupSubject {
  const { place } = setup;
  const inside =
    within !== undefined && place.kind === "image" ? { ...place, network: within.network } : place;
  const way = { shown, setup: { ...setup, place: inside } };
  const seenAt = within !== undefined && place.kind !== "machine" ? { port: within.port } : {};
  const find = (restored: StackDatabase): AlembicDatabase => {
    const { name, owner, login } = restored;
    // Its server listens on loopback as well, which drivers of Python all know.
    const reached = { ...login, host: "127.0.0.1" };
    return { ...way, database: restored, login: { database: name, owner, login: reached, seenAt } };
  };
  return {
    database,
    files,
    async plan(restored) {
      const { target } = database.migrations;
      const planned = await planRevisions(context, find(restored), "up", (state) =>
        decideTarget(state, target),
      );
      const { steps, problems, state } = planned;
      if (state.current.length === 0 && steps.length > 0) await stamp(context, find(restored));
      const losses = { database: database.name, ...allowedLosses(context.config) };
      return {
        steps,
        problems,
        refused: refuseUpgrade(planned.files, steps, losses),
        repeatables: [],
        repeats: 0,
      };
    },
    engine: (parts) => engineOf(find(parts.database), parts),
  };
}

/** Its version table is there from the beginning: no way back takes it away. */
async function stamp({ write }: CommandContext, { login, setup, database }: AlembicDatabase): Promise<void> {
  const say = (text: string): Promise<void> => {
    write(text);
    return Promise.resolve();
  };
  const waiting = { say, signal: new AbortController().signal };
  const run = { ...login, setup, watcher: database.administrator, limits: scratchLimits, waiting };
  await exclusivelyWithAlembic(run, ({ bridge }) => bridge.ask("stamp", { revision: "base" }));
}

function engineOf(
  { login, setup, database }: AlembicDatabase,
  { limits, waiting, log }: EngineParts,
): MigrationEngine {
  const run = { ...login, setup, watcher: database.administrator, limits, waiting, onLocks: log.onLocks };
  return {
    run: (decide) => runRevisions(run, () => decide(emptyHistory).map(asRevision)),
    exclusively: () => Promise.reject(new Error("nothing is done to a history that is thrown away")),
  };
}

/** What was not planned runs whatever it sends, as in a test without rows. */
function asRevision(step: MigrationStep | RevisionStep): RevisionStep {
  return "sent" in step ? step : { ...step, sent: null };
}
