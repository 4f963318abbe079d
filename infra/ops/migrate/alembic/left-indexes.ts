import {
  concurrentBuilds,
  leftIndexProblem,
} from "../../../../components/core/migrations/alembic/left-indexes";
import type { JudgedMigration } from "../../../../components/core/migrations/gate/judge";
import type { Problem } from "../../../../components/core/problem";
import { findTraces } from "../../../../components/io/migrations/find-traces";
import type { Session } from "../../../../components/io/session";
import { lookAs, type StackDatabase } from "../stack-database";

/** Indexes that failed runs of pending revisions have left, with the SQL that takes each away. */
export async function findLeftIndexes(
  database: StackDatabase,
  pending: readonly JudgedMigration[],
): Promise<Problem[]> {
  const builds = concurrentBuilds(pending);
  if (builds.length === 0) return [];
  const look = async (session: Session): Promise<Problem[]> => {
    if (await isBuilding(session)) return [];
    const problems: (Problem | undefined)[] = [];
    for (const build of builds)
      problems.push(
        leftIndexProblem(build, await findTraces({ session, owner: database.owner }, build.traces)),
      );
    return problems.filter((problem) => problem !== undefined);
  };
  // Names mean what they mean to the application.
  return lookAs(database, look, { serversSearchPath: true });
}

/** As long as a build goes on its index is invalid. */
async function isBuilding(session: Session): Promise<boolean> {
  const [found] = await session.query<{ builds: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index
       WHERE datname = pg_catalog.current_database()) AS builds`,
  );
  return found?.builds === true;
}
