import { randomBytes } from "node:crypto";
import { chown, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { problemError } from "../../core/problem";
import { renderSize } from "../../core/size";
import { makePassable } from "../embedded/instance";
import { readPostmaster } from "../embedded/postmaster";
import { guardDirectory } from "../guard-directory";
import { readVolumeRoom } from "../log-directory";
import { serverAccount } from "../os-account";
import type { Account } from "../process";
import { isRunning } from "../running-process";

/** Where a server that is thrown away is: a directory of its own, closed to everybody else. */
export interface DrillPlace {
  readonly directory: string;
  /** That the server is to have; empty. */
  readonly dataDirectory: string;
  /** Of its socket. */
  readonly socketDirectory: string;
  /** That the server runs as; undefined: this process's own. */
  readonly account: Account | undefined;
}

/**
 * Makes a place below a directory, uses it and removes it, whatever happens. What runs that were killed have left is
 * removed first, servers included.
 *
 * @param home everything in it is thrown away; the caller sees to it that nobody else is at work there
 */
export async function withDrillPlace<Result>(
  home: string,
  use: (place: DrillPlace) => Promise<Result>,
): Promise<Result> {
  await removeDrillLeftovers(home);
  return withPlace(home, "server", use);
}

/**
 * The same where several runs may be at work in one directory: each has a place of its own, whose name begins with the
 * number of its process. What runs that were killed have left is removed first.
 */
export async function withOwnPlace<Result>(
  home: string,
  use: (place: DrillPlace) => Promise<Result>,
): Promise<Result> {
  const names = await readdir(home).catch(() => []); // none was ever made
  for (const name of names) {
    const pid = Number(/^(\d+)-[0-9a-f]{8}$/.exec(name)?.[1] ?? 0);
    if (pid > 0 && !isRunning(pid)) await removeWithServer(join(home, name));
  }
  const name = `${process.pid}-${randomBytes(4).toString("hex")}`;
  const release = guardDirectory(join(home, name));
  try {
    return await withPlace(home, name, use);
  } finally {
    release();
  }
}

async function withPlace<Result>(
  home: string,
  name: string,
  use: (place: DrillPlace) => Promise<Result>,
): Promise<Result> {
  await makePassable(home);
  const account = serverAccount();
  const directory = join(home, name);
  const place = {
    directory,
    dataDirectory: join(directory, "data"),
    socketDirectory: join(directory, "s"),
    account,
  };
  try {
    for (const path of [directory, place.dataDirectory, place.socketDirectory]) {
      await mkdir(path, { mode: 0o700 });
      if (account !== undefined) await chown(path, account.uid, account.gid);
    }
    return await use(place);
  } finally {
    await removeWithServer(directory);
  }
}

/** Ends and removes what runs that were killed have left. */
export async function removeDrillLeftovers(home: string): Promise<void> {
  const names = await readdir(home).catch(() => []); // none was ever made
  for (const name of names) await removeWithServer(join(home, name));
}

async function removeWithServer(directory: string): Promise<void> {
  for (;;) {
    const running = await readPostmaster(join(directory, "data"));
    if (running === undefined) break;
    process.kill(running.pid, "SIGQUIT");
    await setTimeout(100);
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

/** What a server needs beside its data: the log that it writes, and what initdb makes. */
const besideBytes = 512 * 1024 ** 2;

/**
 * Refuses to restore what may fill the volume.
 *
 * @param bytes of the restored data
 * @throws ProblemError
 */
export async function assertRoom(home: string, bytes: number): Promise<void> {
  await makePassable(home);
  const { volumeFree } = await readVolumeRoom(home);
  const needed = bytes + besideBytes;
  if (volumeFree >= needed) return;
  throw problemError(
    `directory of drills ${home}`,
    `has ${renderSize(volumeFree)} free, and a restored server takes about ${renderSize(needed)}`,
    "make room on that volume, or give it a larger one",
  );
}
