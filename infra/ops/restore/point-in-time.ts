import { containerPlaces } from "../../../components/core/physical/configuration";
import {
  neededBytes,
  nextGeneration,
  type RestoreRecord,
} from "../../../components/core/physical/generations";
import {
  greatestSettings,
  isLower,
  parseStandbySettings,
} from "../../../components/core/physical/recovery-settings";
import { compareContent, type ServerContent } from "../../../components/core/physical/restored-content";
import type { RestoreTarget } from "../../../components/core/physical/restore-target";
import { renderMoment } from "../../../components/core/physical/window";
import { problemError } from "../../../components/core/problem";
import { renderSize } from "../../../components/core/size";
import {
  completeGeneration,
  currentOf,
  halfDirectory,
  readControl,
  readDataVolume,
  removeGenerations,
} from "../../../components/io/physical/generations";
import { startLookServer, withLookLogin } from "../../../components/io/physical/look-server";
import { backRest } from "../../../components/io/physical/pgbackrest";
import { runInContainer } from "../../../components/io/physical/run-in-container";
import { readServerContent } from "../../../components/io/physical/server-content";
import { settleVolume } from "../../../components/io/physical/settle-volume";
import {
  findKept,
  openWork,
  workName,
  type WorkContainer,
} from "../../../components/io/physical/work-container";
import { lookInto } from "../sessions";
import { chooseMoment, type Backends, type ChosenMoment } from "./point-in-time-choose";
import {
  iso,
  nothingDone,
  type MomentData,
  type MomentPlace,
  type MomentResult,
  type MomentTalk,
} from "./point-in-time-place";
import { putInPlace } from "./point-in-time-swap";

export interface MomentRequest {
  readonly target: RestoreTarget;
  /** Asked once everything can be seen; false: the live server stays as it is. */
  readonly confirm: (found: MomentData) => Promise<boolean>;
  /** Without a confirmation what was restored stays, for somebody to look into. */
  readonly keep: boolean;
  /** Whether a full backup is taken after it. */
  readonly backup: boolean;
}

/**
 * Restores a server to a moment beside itself, shows what is there and what would be lost, and puts it in place once that
 * is confirmed.
 *
 * @throws ProblemError the moment cannot be restored; nothing of the live server was touched
 */
export async function restoreToMoment(
  place: MomentPlace,
  request: MomentRequest,
  talk: MomentTalk,
): Promise<MomentResult> {
  if ((await findKept(place.work)) !== undefined) throw isKept(place);
  const work = await openWork(place.work, request.keep);
  const state = { isKept: false };
  try {
    const settled = await settleVolume(work, false, talk.say);
    const backends = backendsOf(work);
    const chosen = await chooseMoment(place, request.target, backends, talk);
    const startedAt = Date.now();
    const record = await restoreBeside(work, chosen, backends, talk);
    const found = await lookAt(place, work, { record, startedAt }, chosen, talk);
    const shown: MomentData = { ...found, settled };
    const { findings } = chosen;
    if (await request.confirm(shown)) {
      talk.signal.throwIfAborted();
      const { isLive } = chosen;
      const end = { ...endOf(record), isLower: await needsNoReaders(place, work, record, isLive) };
      const options = { record, end, isLive, backup: request.backup };
      const put = await putInPlace(place, work, options, shown, talk);
      return { ...put, findings: [...findings, ...put.findings] };
    }
    state.isKept = request.keep;
    if (!state.isKept) await discard(work, record.generation);
    return { data: { ...shown, kept: state.isKept ? work.name : null }, findings };
  } catch (error) {
    // What nobody looked at is of no use; where the swap had begun nothing of it goes.
    await removeRestored(work).catch(() => undefined);
    throw error;
  } finally {
    if (!state.isKept) await work.close();
  }
}

export function backendsOf({ place, name, server }: WorkContainer): Backends {
  const on = (container: string) =>
    backRest(runInContainer(place.endpoint, container), containerPlaces.configuration, place.repository);
  return { work: on(name), server: on(server) };
}

export function endOf({ target, timeline, repository }: RestoreRecord) {
  return {
    target,
    ...(timeline === undefined ? {} : { timeline }),
    ...(repository === undefined ? {} : { repository }),
  };
}

function isKept(place: MomentPlace): Error {
  return problemError(
    `container ${workName(place.work)}`,
    "holds what an earlier restore was told to keep",
    "put it in place (`restore --server --confirm <database>`), or remove it (`restore --discard`)",
  );
}

/** A generation that is not in use, with the server that runs on it. */
export async function discard(work: WorkContainer, generation: number): Promise<void> {
  const stop = `[ ! -f "$1/postmaster.pid" ] || pg_ctl stop -D "$1" -m immediate -w >/dev/null 2>&1 </dev/null || :`;
  await work.run(`generation ${generation}`, stop, [halfDirectory(generation).replace(/\.partial$/, "")]);
  await removeGenerations(work, [String(generation)]);
}

/** A copy that is given up goes on in the container, and would write on under the removal. */
const endCopy = `
for p in /proc/[0-9]*; do
  if grep -qa '^pgbackrest' "$p/cmdline" 2>/dev/null; then kill -KILL "\${p#/proc/}" 2>/dev/null || :; fi
done`;

/** After an error, which is the one to show: what cannot be removed now, the next run removes. */
async function removeRestored(work: WorkContainer): Promise<void> {
  await work.run("the copy", endCopy);
  const { generations, current, halves } = await readDataVolume(work);
  await removeGenerations(work, halves);
  for (const { number, restore } of generations) {
    if (number === current || restore?.step !== "made" || restore.kind !== "restore") continue;
    await discard(work, number);
  }
}

async function restoreBeside(
  work: WorkContainer,
  { backup, target, timeline }: ChosenMoment,
  { work: backend }: Backends,
  { say, signal, progress }: MomentTalk,
): Promise<RestoreRecord> {
  const volume = await readDataVolume(work);
  const needed = neededBytes(backup.size);
  if (volume.freeBytes < needed) {
    throw problemError(
      "the data volume",
      `has ${renderSize(volume.freeBytes)} free, and a restore beside the server needs ${renderSize(needed)}`,
      "make room there; `restore --server --drop-old` removes generations of earlier restores",
    );
  }
  const record: RestoreRecord = {
    generation: nextGeneration(volume),
    from: currentOf(volume),
    kind: "restore",
    target,
    timeline,
    backup: backup.label,
    ...(work.place.repository === undefined ? {} : { repository: work.place.repository }),
    step: "made",
    madeAt: Date.now(),
  };
  const directory = halfDirectory(record.generation);
  const order = { backup: backup.label, target, directory, timeline, processes: await readProcesses(work) };
  await say(`restoring ${backup.label} (${renderSize(backup.size)}) as generation ${record.generation}`);
  await progress("copying the files of the backup", backend.restore(order, { say, signal }));
  await completeGeneration(work, record);
  return record;
}

/** Somebody waits for it: all cores that the container may use; the disk is the limit beyond eight. */
async function readProcesses(work: WorkContainer): Promise<number> {
  return Math.min(8, Number.parseInt(await work.run("the number of cores", "nproc"), 10));
}

/** Starts a server on what was restored, and compares it with the live one. */
async function lookAt(
  place: MomentPlace,
  work: WorkContainer,
  { record, startedAt }: { readonly record: RestoreRecord; readonly startedAt: number },
  { window, isLive }: ChosenMoment,
  { say, signal, progress }: MomentTalk,
): Promise<Omit<MomentData, "settled">> {
  const { generation, target } = record;
  const written = parseStandbySettings(await readControl(work, String(generation)));
  const live = await liveSettings(place, work, isLive);
  const start = startLookServer(work, generation, greatestSettings(written, live), { say, signal });
  await progress("replaying the log", start);
  const restoreSeconds = (Date.now() - startedAt) / 1_000;
  const look = withLookLogin(work, place.administrator.user, (login) => readServerContent(login, signal));
  const restored = await progress("counting the restored rows", look);
  const now: ServerContent | undefined = isLive
    ? await progress("counting the live rows", readServerContent(place.administrator, signal))
    : undefined;
  const { newestCommit } = restored;
  return {
    ...nothingDone,
    action: "restore",
    target: target === null ? null : iso(target),
    window: { oldest: iso(window.oldest), newest: iso(window.newest) },
    backup: record.backup ?? null,
    generation,
    restoreSeconds,
    newestCommit: newestCommit === null ? null : iso(newestCommit),
    difference: now === undefined ? null : compareContent(restored, now),
  };
}

/** Whether the settings of now are lower than the log needs of a server with readers. */
export async function needsNoReaders(
  place: MomentPlace,
  work: WorkContainer,
  { generation }: RestoreRecord,
  isLive: boolean,
): Promise<boolean> {
  const written = parseStandbySettings(await readControl(work, String(generation)));
  return isLower(await liveSettings(place, work, isLive), written);
}

/** As the server that runs has them; else as it last wrote them down. */
async function liveSettings(
  { administrator }: MomentPlace,
  work: WorkContainer,
  isLive: boolean,
): Promise<Readonly<Record<string, number>>> {
  if (!isLive) {
    // A data directory that is damaged is why somebody restores.
    return readControl(work, "current").then(parseStandbySettings, () => ({}));
  }
  const rows = await lookInto(administrator, "postgres", (session) =>
    session.query<{ name: string; value: number }>(
      `SELECT name, setting::int AS value FROM pg_catalog.pg_settings
       WHERE name IN ('max_connections', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions',
                      'max_locks_per_transaction')`,
    ),
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

/** The moment of a restore, for people. */
export function describeTarget(target: number | null): string {
  return target === null ? "all of the log" : renderMoment(target);
}
