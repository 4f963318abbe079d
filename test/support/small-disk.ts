import { mkdir, rename, rm, statfs } from "node:fs/promises";
import { runProgram } from "../../components/io/process";

/** A small file system needs root, and a machine that lets it mount. */
export const canMount = process.getuid?.() === 0 && process.platform === "linux";

/** A file system of a test's own in memory, whose size can be changed while it is in use. */
export interface SmallDisk {
  readonly directory: string;
  /** Makes it as large as what is on it and this many bytes. */
  leave(bytes: number): Promise<void>;
  remove(): Promise<void>;
}

/** @param size as `mount` has it: `64k`, `200m` */
export async function mountSmallDisk(directory: string, size: string): Promise<SmallDisk> {
  await mkdir(directory, { recursive: true });
  await mustRun("mount", "-t", "tmpfs", "-o", `size=${size}`, "pgstead-small", directory);
  return {
    directory,
    async leave(bytes) {
      const { blocks, bfree, bsize } = await statfs(directory);
      const size = Math.max((blocks - bfree) * bsize + bytes, bsize); // 0 would be no limit
      await mustRun("mount", "-o", `remount,size=${size}`, directory);
    },
    remove: () => mustRun("umount", "--lazy", directory),
  };
}

/** Puts what is in a directory, such as the data of a server that is down, on a small disk in its place. */
export async function moveToSmallDisk(directory: string, size: string): Promise<SmallDisk> {
  const beside = `${directory}.moved`;
  await rename(directory, beside);
  const disk = await mountSmallDisk(directory, size);
  await mustRun("cp", "-a", `${beside}/.`, directory);
  await rm(beside, { recursive: true });
  return disk;
}

async function mustRun(file: string, ...args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram(file, args);
  if (exitCode !== 0) throw new Error(`${file} ${args.join(" ")}: ${stderr}`);
}
