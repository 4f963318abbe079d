import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readWaitingLog } from "../../../../components/io/physical/waiting-log";

const now = Date.UTC(2026, 10, 20, 12);
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "pgstead-test-"));
  await mkdir(join(directory, "pg_wal", "archive_status"), { recursive: true });
});

afterEach(() => rm(directory, { recursive: true }));

async function segment(name: string, status: string, age: number): Promise<void> {
  await writeFile(join(directory, "pg_wal", name), Buffer.alloc(1_000));
  const file = join(directory, "pg_wal", "archive_status", `${name}.${status}`);
  await writeFile(file, "");
  await utimes(file, now / 1_000 - age, now / 1_000 - age);
}

test("a log that was sent does not wait", async () => {
  await segment("000000010000000000000001", "done", 500);
  expect(await readWaitingLog(directory, now)).toEqual({ files: 0, seconds: 0, bytes: 1_000 });
});

test("files that wait are counted, by the oldest of them", async () => {
  await segment("000000010000000000000001", "done", 500);
  await segment("000000010000000000000002", "ready", 90);
  await segment("000000010000000000000003", "ready", 30);
  expect(await readWaitingLog(directory, now)).toEqual({ files: 2, seconds: 90, bytes: 3_000 });
});

test("a data directory that is not there is an error, and no log that is well", async () => {
  await expect(readWaitingLog(join(directory, "none"), now)).rejects.toThrow("ENOENT");
});
