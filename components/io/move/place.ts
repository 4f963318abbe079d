import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { makePassable } from "../embedded/instance";
import { dataHome } from "../places";
import { isRunning } from "../running-process";

/**
 * Makes a directory of this account alone for a backup that is brought here, uses it and removes it, whatever happens. What
 * runs that were killed have left goes first: it holds rows that nobody has masked.
 */
export async function withFetchDirectory<Result>(
  use: (directory: string) => Promise<Result>,
  home = join(dataHome(), "fetched"),
): Promise<Result> {
  await makePassable(dataHome());
  await mkdir(home, { recursive: true, mode: 0o700 });
  for (const name of await readdir(home)) {
    const [, pid] = /^(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid)))
      await rm(join(home, name), { recursive: true, force: true });
  }
  const directory = await mkdtemp(join(home, `${process.pid}-`));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
