import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRunning } from "./running-process";

/**
 * Works in a directory of its own, for this account alone, which is gone afterwards. What killed runs have left of the
 * same kind goes first: its name says whose it was.
 *
 * @param kind what it is for: `list`
 */
export async function withTemporaryDirectory<Result>(
  kind: string,
  use: (directory: string) => Promise<Result>,
): Promise<Result> {
  await removeLeft(kind);
  const directory = await mkdtemp(join(tmpdir(), `pgstead-${kind}-${process.pid}-`));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function removeLeft(kind: string): Promise<void> {
  const form = new RegExp(`^pgstead-${kind}-(\\d+)-\\w{6}$`);
  for (const name of await readdir(tmpdir())) {
    const pid = form.exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    // Another account's is not ours to remove.
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}
