import { parseBackupName } from "../../../components/core/backup/name";
import type { CopyDrill } from "../../../components/core/copies/drilled";
import { findFailedSending, findStaleCopy, findUndrilledCopy } from "../../../components/core/copies/health";
import { whereIs, type CopyPlan } from "../../../components/core/copies/plan";
import type { Finding } from "../../../components/core/finding";
import { lastRunOf } from "../../../components/io/backup/prune";
import type { RepositoryState } from "../../../components/io/backup/state";
import { copyVerified } from "../../../components/io/copies/known";

/** A copy that has a backup. */
export interface ListedCopy {
  readonly copy: string;
  readonly verified: "good" | "bad";
  readonly verifiedAt: string;
}

/** Which copies have a backup. */
export function copiesOf({ copies }: RepositoryState, backup: string): ListedCopy[] {
  return Object.entries(copies).flatMap(([copy, { backups }]) => {
    const known = backups[backup];
    if (known === undefined) return [];
    return [{ copy, verified: known.check.faults.length === 0 ? "good" : "bad", verifiedAt: known.check.at }];
  });
}

/** What is known of a copy's backups of one database. */
export interface CopySummary {
  readonly copy: string;
  readonly where: string;
  readonly database: string;
  readonly count: number;
  /** As they are stored. */
  readonly bytes: number;
  /** The newest that is good. */
  readonly newest: string | null;
  readonly newestAt: string | null;
  readonly lastVerifiedAt: string | null;
  /** Of the copy as a whole, as is what follows. */
  readonly lastSuccessAt: string | null;
  readonly lastRunAt: string | null;
  readonly exitCode: 0 | 1 | null;
  /** When one of the database's backups there was last restored in a drill; null: never, as far as is known here. */
  readonly lastDrilledAt: string | null;
  readonly lastDrillBackup: string | null;
  readonly lastDrillPassed: boolean | null;
  /** Time to restore, the way from the copy included (RTO). */
  readonly drillRestoreSeconds: number | null;
  /** Age of the newest moment that it gave back, when it was begun (RPO). */
  readonly drillRecoverableAgeSeconds: number | null;
}

/** What a stack declares, as far as is looked at here. */
export interface DeclaredCopies {
  readonly copies: readonly { readonly plan: CopyPlan }[];
  readonly databases: readonly string[];
}

/** What is known of every copy and database; metrics are made of it as well. */
export function summarizeCopies(
  state: RepositoryState,
  { copies, databases }: DeclaredCopies,
): CopySummary[] {
  return copies.flatMap(({ plan }) => {
    const known = state.copies[plan.name];
    const outcome = lastRunOf(known?.run);
    const head = {
      ...{ copy: plan.name, where: whereIs(plan) },
      lastSuccessAt: known?.succeededAt ?? null,
      lastRunAt: known?.run.startedAt ?? null,
      exitCode: outcome === undefined ? null : outcome === "success" ? (0 as const) : (1 as const),
    };
    return databases.map((database) => ({
      ...{ ...head, database },
      ...figuresOf(state, plan.name, database),
      ...drillOf(known?.drills?.[database]),
    }));
  });
}

function drillOf(drill: CopyDrill | undefined) {
  const { startedAt = "", recoverableAt = null } = drill ?? {};
  return {
    lastDrilledAt: drill?.endedAt ?? null,
    lastDrillBackup: drill?.backup ?? null,
    lastDrillPassed: drill === undefined ? null : drill.faults === 0,
    drillRestoreSeconds: drill?.restoreSeconds ?? null,
    drillRecoverableAgeSeconds:
      recoverableAt === null ? null : (Date.parse(startedAt) - Date.parse(recoverableAt)) / 1_000,
  };
}

function figuresOf(state: RepositoryState, copy: string, database: string) {
  const own = ownOf(state, copy, database);
  const newest = own.find(({ known }) => copyVerified(known) === "good");
  return {
    count: own.length,
    bytes: own.reduce((sum, { known }) => sum + known.bytes, 0),
    newest: newest?.name ?? null,
    newestAt: newest === undefined ? null : new Date(newest.takenAt).toISOString(),
    lastVerifiedAt: newest?.known.check.at ?? null,
  };
}

/** The newest first. */
function ownOf({ copies }: RepositoryState, copy: string, database: string) {
  return Object.entries(copies[copy]?.backups ?? {})
    .flatMap(([name, known]) => {
      const parsed = parseBackupName(name);
      return parsed?.database === database ? [{ name, takenAt: parsed.takenAt, known }] : [];
    })
    .toSorted((a, b) => b.takenAt - a.takenAt);
}

/** What copies are judged by; undefined: nobody said. */
export interface CopyTimes {
  readonly now: number;
  readonly greatestAgeMs: number | undefined;
  readonly greatestDrillAgeMs: number | undefined;
}

/** Copies that are not as they are to be. */
export function copyFindings(
  state: RepositoryState,
  { copies, databases }: DeclaredCopies,
  times: CopyTimes,
): Finding[] {
  const { now, greatestDrillAgeMs } = times;
  return copies.flatMap(({ plan: { name: copy } }) => {
    const run = state.copies[copy]?.run;
    const failed = findFailedSending(copy, lastRunOf(run), run?.reason);
    const stale = databases.flatMap((database) => {
      const own = ownOf(state, copy, database);
      const newestGood = own.find(({ known }) => copyVerified(known) === "good");
      const damaged = own.filter(({ known }) => copyVerified(known) === "bad").map(({ name }) => name);
      const last = state.copies[copy]?.drills?.[database];
      const drilled = { now, greatestAgeMs: greatestDrillAgeMs };
      return [
        ...findStaleCopy({ copy, database, newestGood, damaged }, times),
        ...findUndrilledCopy({ copy, database, newestGood }, last, drilled),
      ];
    });
    return [...(failed === undefined ? [] : [failed]), ...stale];
  });
}
