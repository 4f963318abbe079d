import { randomBytes } from "node:crypto";
import { appendFile, chown, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { compressLog } from "../../components/io/log-directory";
import type { Session } from "../../components/io/session";
import { eventually } from "../support/eventually";
import { makeOpsBench, type OpsBench } from "../support/ops-container";

const megabyte = 1024 ** 2;
const never = "0 0 29 2 *";

let bench: OpsBench;
let session: Session;
beforeAll(async () => {
  bench = await makeOpsBench();
});
afterAll(() => bench.remove());
beforeEach(async () => {
  await bench.writeContext();
  session = await bench.server.connect();
});
afterEach(() => session.close());

const at = (name: string): string => join(bench.context.files.logDirectory, name);
const list = (): Promise<string[]> => readdir(bench.context.files.logDirectory);

async function current(): Promise<string> {
  const [row] = await session.query<{ file: string }>("SELECT pg_current_logfile('jsonlog') AS file");
  return row!.file.slice(row!.file.lastIndexOf("/") + 1);
}

/** Has PostgreSQL begin another file; its name has the second in it. Gives the one that it has finished with. */
async function rotate(): Promise<string> {
  const before = await current();
  await eventually("another file is written", async () => {
    await session.query("SELECT pg_rotate_logfile()");
    return (await current()) !== before || undefined;
  });
  return before;
}

/** Writes so many megabytes of log lines. */
async function flood(megabytes: number): Promise<void> {
  await session.query(`DO $$ BEGIN
    FOR line IN 1 .. ${megabytes * 1024} LOOP RAISE LOG '%', repeat('x', 1024); END LOOP;
  END $$`);
}

/** A file in the log's directory, as the server would have left it. */
async function leave(name: string, content: string | Buffer, daysAgo = 0): Promise<void> {
  await writeFile(at(name), content, { mode: 0o640 });
  const { uid, gid } = await stat(bench.context.files.logDirectory);
  await chown(at(name), uid, gid);
  const moment = Date.now() / 1_000 - daysAgo * 86_400;
  await utimes(at(name), moment, moment);
}

describe("the log's job", () => {
  test("compresses what PostgreSQL has finished with, and leaves what it writes to", async () => {
    await session.query("DO $$ BEGIN RAISE LOG 'a line to find again'; END $$");
    const finished = await rotate();
    const before = await stat(at(finished));
    const { exitCode, stdout, stderr } = await bench.run("run", "logs");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain(`compressed ${finished}, `);
    const files = await list();
    expect(files).not.toContain(finished);
    expect(files).toContain(await current());
    expect(files.filter((name) => name.endsWith(".partial"))).toEqual([]);
    expect(gunzipSync(await readFile(at(`${finished}.gz`))).toString()).toContain("a line to find again");
    const after = await stat(at(`${finished}.gz`));
    // Its age is that of its last line, and it is as closed as before.
    expect(Math.abs(after.mtimeMs - before.mtimeMs)).toBeLessThan(1);
    expect(after.mode).toBe(before.mode);
    // The server still writes, to the same file.
    await session.query("DO $$ BEGIN RAISE LOG 'still here'; END $$");
    const name = await current();
    await eventually(
      "the line is in the file",
      async () => (await readFile(at(name), "utf8")).includes("still here") || undefined,
    );
  });

  test("removes what is too old, and says so", async () => {
    await leave("postgresql-old.json.gz", "x", 15);
    await leave("postgresql-young.json.gz", "x", 13);
    await leave("notes.txt", "not a log file", 400);
    const { exitCode, stdout } = await bench.run("run", "logs");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("removed postgresql-old.json.gz, 1 bytes, as the oldest: older than 14 days");
    expect(await list()).toEqual(expect.arrayContaining(["notes.txt", "postgresql-young.json.gz"]));
    expect(await list()).not.toContain("postgresql-old.json.gz");
  });

  test("removes the oldest beyond the size, and tells which limit it was", async () => {
    for (const [name, days] of [
      ["postgresql-a.json.gz", 3],
      ["postgresql-b.json.gz", 2],
      ["postgresql-c.json.gz", 1],
    ] as const) {
      await leave(name, Buffer.alloc(megabyte), days);
    }
    await bench.writeContext({ logs: { maxDays: 14, maxBytes: 2.5 * megabyte, minFreePercent: 0 } });
    const { stdout } = await bench.run("run", "logs");
    expect(stdout).toContain("removed postgresql-a.json.gz, 1.0 MB, as the oldest: over 2.5 MB together");
    expect(stdout).not.toContain("removed postgresql-b.json.gz");
    expect(stdout).toContain('"reason":"size"');
  });

  test("asks PostgreSQL to begin another file where the one that is written breaks the size alone", async () => {
    await rotate();
    await bench.writeContext({ logs: { maxDays: 14, maxBytes: 2 * megabyte, minFreePercent: 0 } });
    const large = await current();
    await flood(4);
    await eventually(
      "the lines are in the file",
      async () => (await stat(at(large))).size > 3 * megabyte || undefined,
    );
    const { exitCode, stdout } = await bench.run("run", "logs");
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`asks PostgreSQL to begin another log file: ${large} alone has`);
    // Its request is the postmaster's to hear: the next run finds the file finished.
    await eventually("the large file is gone", async () => {
      await bench.run("run", "logs");
      return !(await list()).includes(large) || undefined;
    });
    expect(await list()).toContain(await current());
  });

  test("measures what it removed, by the limit", async () => {
    await leave("postgresql-old.json.gz", "x", 15);
    await bench.writeContext({
      schedules: { status: never, certificate: never, logs: "* * * * * *", audit: never, backup: never },
    });
    const ops = bench.start("schedule");
    await ops.told(/^removed postgresql-old/);
    const metric = async (): Promise<string> =>
      (await fetch(`http://127.0.0.1:${bench.context.metricsPort}/metrics`)).text();
    expect(await metric()).toContain('pgstead_logs_removed_total{reason="age"} 1');
    expect(await metric()).toContain('pgstead_logs_removed_total{reason="space"} 0');
    ops.signal("SIGTERM");
    await ops.ended;
  });
});

describe("what is interrupted", () => {
  test("by a crash is begun again from the original", async () => {
    await leave("postgresql-1999.json", "all lines\n", 1);
    await leave("postgresql-1999.json.gz", "half", 1);
    await leave("postgresql-1999.json.gz.partial", "half", 1);
    expect((await bench.run("run", "logs")).exitCode).toBe(0);
    expect(gunzipSync(await readFile(at("postgresql-1999.json.gz"))).toString()).toBe("all lines\n");
    expect(await list()).not.toContain("postgresql-1999.json");
    expect(await list()).not.toContain("postgresql-1999.json.gz.partial");
  });

  test("by the container's end is finished at the file at hand, and no other one is begun", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `postgresql-2000-${1000 + index}.json`);
    for (const name of names) await leave(name, randomBytes(megabyte), 1);
    const ops = bench.start("schedule");
    await ops.told(/^compressed postgresql-2000-1000/);
    ops.signal("SIGTERM");
    expect((await ops.ended).exitCode).toBe(0);
    expect(ops.lines.map(({ message }) => message)).toContain(
      "is about to end with the container: it finishes what it is at",
    );
    const files = new Set(await list());
    expect([...files].filter((name) => name.endsWith(".partial"))).toEqual([]);
    // Each file is there once, as it was or compressed.
    expect(names.filter((name) => files.has(name) === files.has(`${name}.gz`))).toEqual([]);
    expect(names.filter((name) => files.has(name)).length).toBeGreaterThan(0);
  });

  test("by somebody who still writes to the file leaves it as it is", async () => {
    const name = "postgresql-3000.json";
    await leave(name, randomBytes(32 * megabyte));
    const compression = compressLog(at(name), new AbortController().signal);
    await eventually(
      "it is under way",
      async () => (await list()).includes(`${name}.gz.partial`) || undefined,
    );
    await appendFile(at(name), "one more line");
    expect(await compression).toBeUndefined();
    expect((await list()).filter((file) => file.startsWith(name))).toEqual([name]);
  });

  test("by a time-out leaves the original and no draft", async () => {
    const name = "postgresql-3001.json";
    await leave(name, randomBytes(32 * megabyte));
    const controller = new AbortController();
    const compression = compressLog(at(name), controller.signal);
    controller.abort(new Error("too long"));
    await expect(compression).rejects.toThrow();
    expect((await list()).filter((file) => file.startsWith(name))).toEqual([name]);
  });
});
