import { parseBackupName } from "../../core/backup/name";
import type { Keep } from "../../core/backup/plan";
import { planRetention, type KeptBackup } from "../../core/backup/retention";
import { laterDrill, type CopyDrill } from "../../core/copies/drilled";
import { lastRunOf, type DatabaseRetention } from "../backup/prune";
import { changeState, withCopy, type CopyState, type KnownCopy, type RepositoryState } from "../backup/state";

/** What is known of a copy without a look at it. */
export function copyVerified(known: KnownCopy | undefined): "good" | "bad" | "never" {
  if (known === undefined) return "never";
  return known.check.faults.length === 0 ? "good" : "bad";
}

/** What the rules say of the copies at a destination; they are those of the repository. */
export function copyRetention(
  state: RepositoryState,
  copy: string,
  names: readonly string[],
  { keep, now }: { readonly keep: Keep; readonly now: number },
): DatabaseRetention[] {
  const known = state.copies[copy];
  const byDatabase = new Map<string, KeptBackup[]>();
  for (const name of names) {
    const parsed = parseBackupName(name);
    if (parsed === undefined) continue;
    const { database, takenAt } = parsed;
    const kept = { name, takenAt, verified: copyVerified(known?.backups[name]) };
    byDatabase.set(database, [...(byDatabase.get(database) ?? []), kept]);
  }
  return [...byDatabase]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([database, kept]) => {
      const runs = [lastRunOf(known?.run), lastRunOf(state.runs[database])];
      const lastRun = runs.includes("failure") ? "failure" : runs[0];
      return { database, ...planRetention(kept, keep, { now, lastRun }) };
    });
}

/** Keeps what became known of a backup at a destination; undefined: it is not there any more. */
export async function changeKnown(
  directory: string,
  copy: string,
  changes: Readonly<Record<string, KnownCopy | undefined>>,
): Promise<void> {
  await changeState(directory, (state) =>
    withCopy(state, copy, (known = neverSent) => {
      const merged = { ...known.backups, ...changes };
      const backups = Object.entries(merged).flatMap(([name, one]) =>
        one === undefined ? [] : [[name, one]],
      );
      return { ...known, backups: Object.fromEntries(backups) as CopyState["backups"] };
    }),
  );
}

/** Keeps how a run went. */
export async function changeRun(directory: string, copy: string, run: CopyState["run"]): Promise<void> {
  await changeState(directory, (state) =>
    withCopy(state, copy, (known = neverSent) => ({
      ...known,
      run,
      ...(run.outcome === "success" && run.endedAt !== undefined ? { succeededAt: run.endedAt } : {}),
    })),
  );
}

/** Keeps what came of drills elsewhere, by database; where this repository has sent nothing there is nothing to keep it with. */
export async function changeDrills(
  directory: string,
  copy: string,
  drills: Readonly<Record<string, CopyDrill | undefined>>,
): Promise<void> {
  await changeState(directory, (state) => {
    if (state.copies[copy] === undefined) return state;
    return withCopy(state, copy, (known = neverSent) => {
      const merged: Record<string, CopyDrill> = { ...known.drills };
      for (const [database, drill] of Object.entries(drills)) {
        const later = laterDrill(merged[database], drill);
        if (later !== undefined) merged[database] = later;
      }
      return { ...known, drills: merged };
    });
  });
}

/** Nothing was sent there: nothing is removed either. */
const neverSent: CopyState = { run: { startedAt: new Date(0).toISOString() }, backups: {} };
