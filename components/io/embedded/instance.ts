import { existsSync } from "node:fs";
import { chmod, chown, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ownerAccount, serverAccount } from "../os-account";
import { dataHome } from "../places";
import type { Account } from "../process";
import { assertNothingRuns, readPostmaster } from "./postmaster";

/** An embedded server's place on disk. */
export interface Instance {
  readonly dataDirectory: string;
  /** Beside the data directory, with `.pgstead` after its name: initdb's draft, the start log and `instance.json`. */
  readonly directory: string;
  /** Owner of the data; where there is none yet, the account that is to become it. */
  readonly account: Account | undefined;
}

/** Whose server this is: written beside the data, so that another checkout can say who has a port. */
export interface InstanceOwner {
  readonly checkout: string;
  readonly project: string;
  readonly stack: string;
  readonly port: number;
}

export function instanceAt(dataDirectory: string): Instance {
  // Which accounts there are changes with the packages of the host; whose the data is does not.
  const owner = existsSync(join(dataDirectory, "PG_VERSION")) ? ownerAccount(dataDirectory) : undefined;
  return { dataDirectory, directory: `${dataDirectory}.pgstead`, account: owner ?? serverAccount() };
}

/** Makes a directory, and what is missing above it, so that every account can pass whatever the umask is. */
export async function makePassable(directory: string): Promise<void> {
  if (existsSync(directory)) return;
  await makePassable(dirname(directory));
  await makeOne(directory, 0o755);
}

/** One level: node's recursive `mkdir` reports a read-only disk as ENOENT. */
async function makeOne(directory: string, mode: number): Promise<void> {
  await mkdir(directory, { mode }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  });
  await chmod(directory, mode);
}

/** Makes a directory that is closed to everybody but the server's account, below parents that all can pass. */
export async function makeServerDirectory(instance: Instance, directory: string): Promise<void> {
  await makePassable(dirname(directory));
  await makeOne(directory, 0o700);
  await giveTo(instance.account, directory);
}

/** Writes a file for the server's account only. */
export async function writeServerFile(instance: Instance, path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  await giveTo(instance.account, path);
}

export async function writeOwner(instance: Instance, owner: InstanceOwner): Promise<void> {
  await makeServerDirectory(instance, instance.directory);
  await writeServerFile(
    instance,
    join(instance.directory, "instance.json"),
    `${JSON.stringify(owner, null, 2)}\n`,
  );
}

/** The embedded server of pgstead that runs on a port, whichever checkout it belongs to. */
export async function findInstanceOnPort(
  port: number,
  home = dataHome(),
): Promise<InstanceOwner | undefined> {
  const instances = join(home, "instances");
  const names = await readdir(instances).catch(() => []); // none was ever made
  for (const name of names.filter((name) => name.endsWith(".pgstead"))) {
    const owner = await readOwner(join(instances, name));
    if (owner?.port !== port) continue;
    const dataDirectory = join(instances, name.slice(0, -".pgstead".length));
    if ((await readPostmaster(dataDirectory))?.port === port) return owner;
  }
  return undefined;
}

/** Removes a server with its data, unless it runs. */
export async function removeInstance(instance: Instance): Promise<void> {
  await assertNothingRuns(instance.dataDirectory);
  await rm(instance.dataDirectory, { recursive: true, force: true });
  await rm(instance.directory, { recursive: true, force: true });
}

async function readOwner(directory: string): Promise<InstanceOwner | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, "instance.json"), "utf8")) as InstanceOwner;
  } catch {
    return undefined; // not complete, or another account's: then it cannot be named
  }
}

async function giveTo(account: Account | undefined, path: string): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}
