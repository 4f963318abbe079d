import { randomBytes } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lock } from "proper-lockfile";
import { problemError } from "../../components/core/problem";
import { errorMessage } from "../../components/core/error-message";

/** Milliseconds without a sign of life after which a lock counts as left behind by a killed process. */
const staleAfter = 10_000;

/** The end of a line that tells of waiting for a lock. */
export const waiting = `waiting for it (one that was killed counts as gone after ${staleAfter / 1000} s) …`;

export interface Installation {
  /** The directory that shall exist; it appears as a whole or not at all. */
  readonly target: string;
  /** Whether what is there is complete and of the right version. */
  readonly isComplete: () => boolean;
  /** Fills an empty private directory; rejects if it cannot. */
  readonly fill: (draft: string) => Promise<void>;
  /** Told once where another run holds the lock. */
  readonly onWait?: () => void;
}

/**
 * Makes a directory once, however many runs want it at the same time: under a lock, in a draft beside it, renamed into
 * place. What an interrupted run left behind is removed by the next one.
 */
export async function install(installation: Installation): Promise<void> {
  const { target, isComplete, fill } = installation;
  if (isComplete()) return;
  await makeDirectory(dirname(target));
  const release = await acquire(target, installation);
  try {
    if (isComplete()) return; // another run made it while this one waited
    await removeDrafts(target);
    const draft = `${target}.draft-${randomBytes(4).toString("hex")}`;
    try {
      await mkdir(draft);
      await fill(draft);
      await rm(target, { recursive: true, force: true });
      await rename(draft, target);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  } finally {
    await release();
  }
}

/** A directory that this account may write to, or the reason why not. */
export async function makeDirectory(directory: string, mode = 0o755): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode });
    accessSync(directory, constants.W_OK);
  } catch (error) {
    throw problemError(
      directory,
      `this account cannot write there: ${errorMessage(error)}`,
      "mend its permissions, or name other directories with PGSTEAD_CACHE (programs) and PGSTEAD_STATE (the dev stack).",
      { cause: error },
    );
  }
}

/** Runs one thing at a time over all processes. */
export async function withLock<Value>(
  path: string,
  work: () => Promise<Value>,
  onWait?: () => void,
): Promise<Value> {
  await makeDirectory(dirname(path));
  const release = await acquire(path, onWait === undefined ? {} : { onWait });
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquire(
  path: string,
  { isComplete, onWait }: Partial<Pick<Installation, "isComplete" | "onWait">>,
): Promise<() => Promise<void>> {
  for (let told = false; ; told = true) {
    try {
      return await lock(path, {
        realpath: false, // the path need not exist yet
        stale: staleAfter,
        update: staleAfter / 5,
        // After a suspended laptop another run may have taken over. Both then make the same, and the rename decides.
        onCompromised: () => undefined,
      }).then((release) => () => release().catch(() => undefined));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ELOCKED") throw error;
    }
    if (isComplete?.() === true) return () => Promise.resolve();
    if (!told) onWait?.();
    await sleep(250);
  }
}

async function removeDrafts(target: string): Promise<void> {
  const prefix = `${basename(target)}.draft-`;
  for (const name of await readdir(dirname(target))) {
    if (name.startsWith(prefix)) await rm(join(dirname(target), name), { recursive: true, force: true });
  }
}
