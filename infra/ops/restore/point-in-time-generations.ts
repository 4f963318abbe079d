import {
  findPrevious,
  oldGenerations,
  type DataVolume,
  type RestoreRecord,
} from "../../../components/core/physical/generations";
import { problemError } from "../../../components/core/problem";
import { currentOf, readDataVolume, removeGenerations } from "../../../components/io/physical/generations";
import { settleVolume } from "../../../components/io/physical/settle-volume";
import { findKept, openWork, type WorkContainer } from "../../../components/io/physical/work-container";
import { ServerUnreachableError } from "../../../components/io/session";
import { lookInto } from "../sessions";
import { describeTarget, discard, endOf, needsNoReaders } from "./point-in-time";
import {
  nothingDone,
  type MomentData,
  type MomentPlace,
  type MomentResult,
  type MomentTalk,
  type ShownGeneration,
} from "./point-in-time-place";
import { putInPlace } from "./point-in-time-swap";

interface Opened {
  readonly work: WorkContainer;
  readonly volume: DataVolume;
  readonly settled: readonly string[];
}

/** Brings to its end what was interrupted, and shows every generation. */
export function showGenerations(place: MomentPlace, talk: MomentTalk): Promise<MomentResult> {
  return withVolume(place, talk, ({ volume, settled }) =>
    Promise.resolve(done({ action: "generations", settled }, volume)),
  );
}

/** Takes the generation again that the last restore took the place of; what was committed since is on the other one. */
export function undoRestore(
  place: MomentPlace,
  options: { readonly backup: boolean },
  talk: MomentTalk,
): Promise<MomentResult> {
  return withVolume(place, talk, async ({ work, volume, settled }) => {
    const previous = findPrevious(volume);
    if (previous === undefined) {
      throw problemError(
        "--server --undo",
        "there is no generation that a restore took the place of",
        "`restore --generations` shows what there is; `restore --to <moment>` restores from the backups",
      );
    }
    const record: RestoreRecord = {
      ...{ generation: previous.number, from: currentOf(volume), kind: "undo", target: null },
      ...{ step: "made", madeAt: Date.now() },
    };
    const isLive = await answers(place);
    const end = { target: null, isLower: false };
    const shown: MomentData = { ...nothingDone, action: "undo", generation: previous.number, settled };
    return putInPlace(place, work, { record, end, isLive, ...options }, shown, talk);
  });
}

/** Removes every generation that is not in use. */
export function dropOld(place: MomentPlace, talk: MomentTalk): Promise<MomentResult> {
  return withVolume(place, talk, async ({ work, volume, settled }) => {
    const names = oldGenerations(volume).map(({ number }) => String(number));
    await talk.progress("removing older generations", removeGenerations(work, names));
    const removed =
      names.length === 0 ? [] : [`removed: ${names.map((name) => `generation ${name}`).join(", ")}`];
    return done({ action: "drop-old", settled: [...settled, ...removed] }, await readDataVolume(work));
  });
}

/** Puts in place what a restore was told to keep. */
export async function confirmKept(
  place: MomentPlace,
  options: { readonly backup: boolean },
  talk: MomentTalk,
): Promise<MomentResult> {
  const { work, record } = await keptRestore(place);
  try {
    const shown: MomentData = {
      ...nothingDone,
      ...{ action: "restore", generation: record.generation, settled: [], backup: record.backup ?? null },
      target: record.target === null ? null : new Date(record.target).toISOString(),
    };
    const isLive = await answers(place);
    const end = { ...endOf(record), isLower: await needsNoReaders(place, work, record, isLive) };
    return await putInPlace(place, work, { record, end, isLive, ...options }, shown, talk);
  } finally {
    await work.close();
  }
}

/** Removes what a restore was told to keep. */
export async function discardKept(place: MomentPlace): Promise<MomentResult> {
  const { work, record } = await keptRestore(place);
  try {
    await discard(work, record.generation);
    return done({ action: "discard", settled: [] }, await readDataVolume(work));
  } finally {
    await work.close();
  }
}

async function keptRestore(
  place: MomentPlace,
): Promise<{ readonly work: WorkContainer; readonly record: RestoreRecord }> {
  const work = await findKept(place.work);
  const volume = work === undefined ? undefined : await readDataVolume(work);
  const record = volume?.generations.find(({ restore }) => restore?.step === "made")?.restore;
  if (work !== undefined && record !== undefined) return { work, record };
  throw problemError(
    "restore",
    "nothing is kept that could be put in place or removed",
    'say to which moment: `restore --to "2026-11-20 14:30:00+00"`',
  );
}

async function withVolume(
  place: MomentPlace,
  talk: MomentTalk,
  use: (opened: Opened) => Promise<MomentResult>,
): Promise<MomentResult> {
  if ((await findKept(place.work)) !== undefined) {
    throw problemError(
      "restore",
      "something that was restored is kept to be looked into",
      "put it in place (`restore --server --confirm <database>`), or remove it (`restore --discard`)",
    );
  }
  const work = await openWork(place.work, false);
  try {
    const settled = await settleVolume(work, false, talk.say);
    return await use({ work, settled, volume: await readDataVolume(work) });
  } finally {
    await work.close();
  }
}

async function answers({ administrator }: MomentPlace): Promise<boolean> {
  try {
    await lookInto(administrator, "postgres", (session) => session.query("SELECT 1"));
    return true;
  } catch (error) {
    if (error instanceof ServerUnreachableError) return false;
    throw error;
  }
}

function done(data: Pick<MomentData, "action" | "settled">, volume: DataVolume): MomentResult {
  return { data: { ...nothingDone, ...data, generations: shownGenerations(volume) }, findings: [] };
}

export function shownGenerations({ generations, current }: DataVolume): readonly ShownGeneration[] {
  return generations.map(({ number, bytes, restore }) => ({
    ...{ number, bytes, current: number === current },
    restoredTo: restore === undefined ? null : describeRestore(restore),
  }));
}

function describeRestore({ kind, target }: RestoreRecord): string {
  return kind === "undo" ? "taken again" : describeTarget(target);
}
