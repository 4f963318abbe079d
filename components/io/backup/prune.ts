import type { Keep } from "../../core/backup/plan";
import { planRetention, type LastRun, type RetentionPlan } from "../../core/backup/retention";
import { readRepository, removeBackup, verifiedOf, type Repository } from "./repository";
import { changeState, type BackupRun } from "./state";

/** What of a database's backups goes and what stays. */
export interface DatabaseRetention extends RetentionPlan {
  readonly database: string;
}

/** How the last run of a database ended: one that has no end was killed. */
export function lastRunOf(run: BackupRun | undefined): LastRun {
  return run === undefined ? undefined : (run.outcome ?? "failure");
}

/** What the rules say of each database, those included that the stack does not declare any more. */
export function retentionOf({ backups, state }: Repository, keep: Keep, now: number): DatabaseRetention[] {
  const databases = [...new Set(backups.map(({ database }) => database))].toSorted();
  return databases.map((database) => {
    const own = backups
      .filter((backup) => backup.database === database)
      .map((backup) => ({ name: backup.name, takenAt: backup.takenAt, verified: verifiedOf(backup) }));
    return { database, ...planRetention(own, keep, { now, lastRun: lastRunOf(state.runs[database]) }) };
  });
}

/**
 * Removes what the rules do not want any more. Under the repository's lock.
 *
 * @param database only of this one
 */
export async function pruneBackups(
  directory: string,
  keep: Keep,
  now: number,
  database?: string,
): Promise<DatabaseRetention[]> {
  const plans = retentionOf(await readRepository(directory), keep, now).filter(
    (plan) => database === undefined || plan.database === database,
  );
  for (const { name } of plans.flatMap(({ remove }) => remove)) await removeBackup(directory, name);
  const { backups } = await readRepository(directory);
  const there = new Set(backups.map(({ name }) => name));
  await changeState(directory, (state) => ({
    ...state,
    checks: Object.fromEntries(Object.entries(state.checks).filter(([name]) => there.has(name))),
  }));
  return plans;
}
