import { randomBytes } from "node:crypto";
import { readdir, statfs } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import { runProgram } from "../../components/io/process";
import { eventually } from "../support/eventually";
import { makeOpsBench, type OpsBench } from "../support/ops-container";

const megabyte = 1024 ** 2;
const volumeSize = 64 * megabyte;
const never = "0 0 29 2 *";

/** A small volume needs root, and a machine that lets it mount. */
const isRoot = process.getuid?.() === 0 && process.platform === "linux";
if (!isRoot)
  console.error("pgstead: the flood of log lines is not tested: only root can mount a small volume");

let bench: OpsBench | undefined;
let volume: string | undefined;
afterEach(async () => {
  if (bench !== undefined) await bench.server.stop();
  if (volume !== undefined) await mustRun("umount", "--lazy", volume);
  if (bench !== undefined) await bench.remove();
});

async function mustRun(file: string, ...args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram(file, args);
  if (exitCode !== 0) throw new Error(`${file} ${args.join(" ")}: ${stderr}`);
}

async function mountSmall(directory: string): Promise<void> {
  await mustRun("mount", "-t", "tmpfs", "-o", `size=${volumeSize}`, "pgstead-flood", directory);
  volume = directory;
}

async function freeShare(directory: string): Promise<number> {
  const { bavail, blocks } = await statfs(directory);
  return bavail / blocks;
}

test.skipIf(!isRoot)("a flood of log lines twice as large as the volume never fills it", async () => {
  bench = await makeOpsBench({ log_rotation_size: "4MB" }, mountSmall);
  const { logDirectory } = bench.context.files;
  // By the size alone it would fill the volume. At a look each second, half of it is what a flood may write meanwhile.
  await bench.writeContext({
    schedules: { status: never, certificate: never, logs: "* * * * * *", audit: never, backup: never },
    logs: { maxDays: 14, maxBytes: 4 * volumeSize, minFreePercent: 50 },
  });
  const ops = bench.start("schedule");
  await ops.told(/^the scheduler runs/);

  const session = await bench.server.connect();
  const least = { share: 1 };
  const watch = setInterval(() => {
    void freeShare(logDirectory).then((share) => (least.share = Math.min(least.share, share)));
  }, 50);
  // Text at random, which compression makes hardly smaller.
  const noise = randomBytes((megabyte * 3) / 4).toString("base64");
  await session.query(`CREATE FUNCTION pg_temp.flood(noise text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN FOR i IN 0 .. 63 LOOP RAISE LOG '%', substr(noise, i * 16384 + 1, 16384); END LOOP; END $$`);
  for (let written = 0; written < 2 * volumeSize; written += megabyte) {
    await session.query("SELECT pg_temp.flood($1)", [noise]);
  }
  clearInterval(watch);

  expect(least.share).toBeGreaterThan(0);
  expect(least.share).toBeLessThan(0.5); // it was a flood: the limit was met
  const line = await ops.told(/^removed .* less than 50% of the volume free$/);
  expect(line.job).toBe("logs");
  await eventually(
    "the share is free again",
    async () => (await freeShare(logDirectory)) >= 0.5 || undefined,
  );
  // The server has lost no line for want of room, and still writes.
  const [row] = await session.query<{ file: string }>("SELECT pg_current_logfile('jsonlog') AS file");
  expect(await readdir(logDirectory)).toContain(row!.file.slice(row!.file.lastIndexOf("/") + 1));
  await session.close();
  ops.signal("SIGTERM");
  expect((await ops.ended).exitCode).toBe(0);
});
