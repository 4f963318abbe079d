import { parseBackupName } from "../../core/backup/name";
import type { Keep } from "../../core/backup/plan";
import { copyBytes } from "../../core/copies/copy-index";
import { ProblemError, type Problem } from "../../core/problem";
import { readRepository, verifiedOf, type StoredBackup } from "../backup/repository";
import { readState } from "../backup/state";
import { assertApart, assertOwnCopies } from "./belongs";
import type { DeclaredCopy, Destination, Patience } from "./destination";
import { learnDrills } from "./drilled";
import { changeKnown, changeRun, copyRetention, copyVerified } from "./known";
import { withDestination } from "./open";
import { DamagedSourceError, sendBackup } from "./send";
import type { Progress } from "../progress";
import { errorMessage } from "../../core/error-message";

/** All backups of a repository to one destination. The caller holds the repository's lock. */
export interface Synchronisation {
  readonly repository: string;
  readonly copy: DeclaredCopy;
  /** Public keys of age; none: copies are as their originals. */
  readonly recipients: readonly string[];
  readonly keep: Keep;
  readonly stack: string;
  /** Of pgstead. */
  readonly version: string;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly patience?: Patience;
}

/** What a run did at a destination. */
export interface CopyOutcome {
  readonly copy: string;
  readonly sent: readonly { readonly name: string; readonly bytes: number; readonly seconds: number }[];
  readonly removed: readonly { readonly name: string; readonly reason: string }[];
  /** Empty: all went well. */
  readonly problems: readonly Problem[];
}

/**
 * Sends every good backup that a destination lacks, the newest first, and then removes there what the rules do not want
 * any more. How it went is kept in the repository's state; a failure is told and not thrown, as other destinations are
 * to have their turn.
 */
export async function syncCopy(work: Synchronisation): Promise<CopyOutcome> {
  const { repository, copy, now, signal } = work;
  const { name } = copy.plan;
  const startedAt = new Date(now()).toISOString();
  const done: Done = { sent: [], removed: [], problems: [] };
  const ended = (): { startedAt: string; endedAt: string } => ({
    startedAt,
    endedAt: new Date(now()).toISOString(),
  });
  await changeRun(repository, name, { startedAt });
  try {
    await assertApart(repository, copy.plan);
    await withDestination(
      copy,
      async (destination) => {
        await sendMissing(work, destination, done);
        await learnAll(work, destination);
        if (done.problems.length > 0) return;
        await changeRun(repository, name, { ...ended(), outcome: "success" });
        done.removed.push(...(await removeOld(work, destination)));
      },
      work.patience,
    );
  } catch (error) {
    done.problems.push(...problemsOf(error));
  }
  if (done.problems.length > 0) {
    const reason = done.problems.map(({ path, message }) => `${path}: ${message}`).join("; ");
    await changeRun(repository, name, { ...ended(), outcome: "failure", reason });
  }
  signal.throwIfAborted();
  return { copy: name, ...done };
}

interface Done {
  readonly sent: CopyOutcome["sent"][number][];
  readonly removed: CopyOutcome["removed"][number][];
  readonly problems: Problem[];
}

async function sendMissing(work: Synchronisation, destination: Destination, done: Done): Promise<void> {
  const { repository, stack, signal } = work;
  const { backups, state } = await readRepository(repository);
  const known = state.copies[destination.name]?.backups ?? {};
  const { whole, halves } = await destination.list(signal);
  await assertOwnCopies(
    destination,
    whole.filter((name) => known[name] === undefined),
    stack,
    signal,
  );
  const gone = Object.keys(known).filter((name) => !whole.includes(name));
  await changeKnown(repository, destination.name, Object.fromEntries(gone.map((name) => [name, undefined])));
  // Those of backups that are gone; others are begun anew when they are sent.
  const own = new Set(backups.map(({ name }) => name));
  const databases = new Set(backups.map(({ database }) => database));
  for (const half of halves.filter(
    (name) => !own.has(name) && databases.has(parseBackupName(name)?.database ?? ""),
  )) {
    await destination.remove(half, signal);
  }
  const missing = backups.filter(
    (backup) =>
      verifiedOf(backup) === "good" &&
      (!whole.includes(backup.name) || copyVerified(known[backup.name]) === "bad"),
  );
  for (const backup of missing) {
    try {
      if (whole.includes(backup.name)) await destination.remove(backup.name, signal); // it is damaged there
      await sendOne(work, destination, backup, done);
    } catch (error) {
      // Others may still be whole; a destination that fails would fail again.
      if (!(error instanceof DamagedSourceError)) throw error;
      done.problems.push(...problemsOf(error));
    }
  }
}

/** Drills are done where the key is, which is rarely here. */
async function learnAll(
  { repository, now, signal }: Synchronisation,
  destination: Destination,
): Promise<void> {
  const known = (await readState(repository)).copies[destination.name]?.backups ?? {};
  const databases = new Set(Object.keys(known).flatMap((name) => parseBackupName(name)?.database ?? []));
  await learnDrills(repository, destination, [...databases], { now: now(), signal });
}

async function sendOne(
  { repository, recipients, version, now, signal, progress }: Synchronisation,
  destination: Destination,
  { name, manifest }: StoredBackup,
  done: Done,
): Promise<void> {
  if (manifest === undefined) return;
  const startedAt = now();
  const sending = { repository, manifest, destination, recipients, version, now, signal };
  const { index, sha256 } = await progress(`sending ${name} to ${destination.name}`, sendBackup(sending));
  const bytes = copyBytes(index);
  const check = { at: new Date(now()).toISOString(), faults: [] };
  await changeKnown(repository, destination.name, { [name]: { sentAt: index.sentAt, bytes, sha256, check } });
  done.sent.push({ name, bytes, seconds: (now() - startedAt) / 1_000 });
}

async function removeOld(
  { repository, keep, now, signal }: Synchronisation,
  destination: Destination,
): Promise<CopyOutcome["removed"]> {
  const { whole } = await destination.list(signal);
  const plans = copyRetention(await readState(repository), destination.name, whole, { keep, now: now() });
  const going = plans.flatMap(({ remove }) => remove);
  for (const { name } of going) {
    await destination.remove(name, signal);
    await changeKnown(repository, destination.name, { [name]: undefined });
  }
  return going;
}

/** What went wrong, each with where. */
export function problemsOf(error: unknown): Problem[] {
  if (error instanceof ProblemError) {
    return error.problems.map(({ path, message, hint }) => ({
      path: path === "" ? error.title : `${error.title}: ${path}`,
      message,
      hint,
    }));
  }
  const message = errorMessage(error);
  return [{ path: "copies", message, hint: "the backup itself is good: mend it, and run `backup send`" }];
}
