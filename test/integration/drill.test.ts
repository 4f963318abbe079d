import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, open, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shapeFile, type BackupShape } from "../../components/core/backup/shape";
import { readPostmaster } from "../../components/io/embedded/postmaster";
import { projectRoot } from "../../components/io/places";
import { isRunning } from "../../components/io/running-process";
import type { DrillProcess } from "../support/drill-process";
import { makeDrillBench, type DrillBench } from "../support/drills";
import { eventually } from "../support/eventually";

let bench: DrillBench;
beforeAll(async () => {
  bench = await makeDrillBench();
  await bench.sql(
    "ALTER DATABASE shop SET work_mem = '5MB'; ALTER ROLE shop_app IN DATABASE shop SET jit = off",
  );
  await bench.take();
});
afterAll(() => bench.remove());

/** A copy of the newest backup, in a repository of its own. */
async function copyOfNewest(): Promise<{ readonly repository: string; readonly directory: string }> {
  const { name } = await bench.newest();
  const repository = join(bench.home, "..", `copy-${Math.random().toString(36).slice(2)}`);
  await cp(join(bench.repository, name), join(repository, name), { recursive: true });
  return { repository, directory: join(repository, name) };
}

/** The newest backup with the dump of a database that something was done to first, and with checksums that fit. */
async function drillAfter(change: string): Promise<readonly string[]> {
  const { name } = await bench.newest();
  const { repository, directory } = await copyOfNewest();
  const other = join(bench.home, "..", "other");
  await bench.sql(change);
  const taken = await bench.take({ repository: other });
  await rm(join(directory, "dump"), { recursive: true });
  await cp(join(other, taken.name, "dump"), join(directory, "dump"), { recursive: true });
  await bench.rewriteManifest(name, undefined, repository);
  const { result, checked } = await bench.drill({ repository });
  expect(checked).toEqual([]);
  return result.faults;
}

describe("a drill of a logical backup", () => {
  test("restores it, compares it with the original, and passes", async () => {
    const { name, manifest } = await bench.newest();
    const sql = "SELECT count(*) = 2000 FROM app.orders; ";
    const { result, checked } = await bench.drill({ assertions: [{ database: "shop", sql }] });
    expect(checked).toEqual([]);
    expect(result).toMatchObject({
      ...{ faults: [], notes: [], backup: name, structure: "pg_amcheck", assertions: 1 },
      recoverableAt: manifest?.snapshot.takenAt,
    });
    expect(result.restoreSeconds).toBeGreaterThan(0);
    expect(await readdir(bench.home)).toEqual([]);
  });

  test("checks with the extension's functions where pg_amcheck is not there, and says so", async () => {
    const path = await bench.fakeTools({});
    const { result } = await bench.drill({ search: { embeddedFirst: true, path } });
    expect(result).toMatchObject({ faults: [], structure: "amcheck" });
  });

  test("fails for a flipped bit, without a restore", async () => {
    const { repository, directory } = await copyOfNewest();
    const [name = ""] = (await readdir(join(directory, "dump"))).filter((file) => file.includes(".dat"));
    const file = await open(join(directory, "dump", name), "r+");
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 20);
    await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, 20);
    await file.close();
    const { result, checked } = await bench.drill({ repository });
    expect(checked).toEqual([`dump/${name} is not what was written: its checksum differs`]);
    expect(result).toMatchObject({ faults: checked, restoreSeconds: null, recoverableAt: null });
  });

  test("fails for a dump that lacks rows, though its checksums fit", async () => {
    expect(await drillAfter("DELETE FROM app.lines WHERE id <= 7")).toEqual([
      "table app.lines has 1993 rows, and the backup has 2000",
    ]);
  });

  test("fails for a dump that lacks a privilege, a comment or an index", async () => {
    const faults = await drillAfter(
      "REVOKE SELECT ON app.orders FROM shop_app; COMMENT ON TABLE app.lines IS 'another'; ALTER TABLE app.lines DROP CONSTRAINT lines_pkey",
    );
    expect(faults).toContain("table app.orders is not as it was, or has other privileges");
    expect(faults).toContain("table app.lines is not as it was, or has other privileges");
    expect(faults.join("\n")).toMatch(/^constraint .*lines_pkey.* is missing$/m);
  });

  test("names each assertion that does not hold, that would write, that does not end, or that is none", async () => {
    const wanted: readonly (readonly [sql: string, fault: RegExp])[] = [
      ["SELECT false", /assertion 1 \(SELECT false\) is false/],
      ["SELECT NULL::bool", /assertion 2 .* gave NULL/],
      ["SELECT true WHERE false", /assertion 3 .* gave no row/],
      ["SELECT true FROM app.orders", /assertion 4 .* gave more than one row/],
      ["SELECT 1", /assertion 5 .* not true or false/],
      ["SELECT pg_sleep(3600) IS NOT NULL", /assertion 6 .*statement timeout/],
      [
        "WITH gone AS (DELETE FROM app.lines RETURNING 1) SELECT count(*) > 0 FROM gone",
        /assertion 7 .* failed/,
      ],
      ["DELETE FROM app.lines RETURNING true", /assertion 8 .* failed: syntax error/],
      ["SELECT true; COMMIT; DELETE FROM app.lines", /assertion 9 .*multiple commands/],
      ["SELECT lo_unlink(4711) = 1", /assertion 10 .*(?:read-only transaction|must be owner)/],
      ["SELECT set_config('transaction_read_only', 'off', false) = 'off'", /assertion 11 .*read-write mode/],
      ["SELECT pg_read_file('/etc/passwd') IS NOT NULL", /assertion 12 .*permission denied/],
    ];
    const assertions = [
      ...wanted.map(([sql]) => ({ database: "shop", sql })),
      { database: "shop", sql: "SELECT count(*) = 2000 FROM app.orders" },
      { database: "another", sql: "SELECT false" },
    ];
    const { result } = await bench.drill({ assertions, assertionTimeoutMs: 1_000 });
    expect(result.faults).toHaveLength(wanted.length);
    for (const [index, [, fault]] of wanted.entries()) expect(result.faults[index]).toMatch(fault);
  });

  test("leaves out a library that is not there, and says so", async () => {
    const { name } = await bench.newest();
    const { repository, directory } = await copyOfNewest();
    const file = join(directory, shapeFile);
    const shape = JSON.parse(await readFile(file, "utf8")) as BackupShape;
    await writeFile(file, JSON.stringify({ ...shape, libraries: ["pg_stat_statements", "not_here"] }));
    await bench.rewriteManifest(name, undefined, repository);
    const { result } = await bench.drill({ repository });
    expect(result.faults).toEqual([]);
    expect(result.notes).toEqual([
      "library not_here, which the backup's server loads, is not here: it was left out",
    ]);
  });

  test("is not begun where there is no room, which is no fault of the backup", async () => {
    const { name } = await bench.newest();
    const { repository, directory } = await copyOfNewest();
    const file = join(directory, shapeFile);
    const shape = JSON.parse(await readFile(file, "utf8")) as BackupShape;
    await writeFile(file, JSON.stringify({ ...shape, bytes: 1e18 }));
    await bench.rewriteManifest(name, undefined, repository);
    await expect(bench.drill({ repository })).rejects.toThrow(
      /has .* free, and a restored server takes about/,
    );
  });

  test("listens on no port, and lets in nobody but its own account", async () => {
    const seen: { listening?: readonly string[]; access?: string } = {};
    const dataDirectory = join(bench.home, "server", "data");
    const { result } = await bench.drill({
      async progress(label, work) {
        if (label.includes("comparison")) {
          seen.listening = await listeningSockets((await readPostmaster(dataDirectory))?.pid ?? 0);
          seen.access = await readFile(join(bench.home, "server", "pg_hba.conf"), "utf8");
        }
        return work;
      },
    });
    expect(result.faults).toEqual([]);
    expect(seen).toEqual({ listening: [], access: "local all all peer map=drill\n" });
  });

  test("leaves no server where it is killed, and the next one works", async () => {
    const { repository, home, tools: path } = bench;
    const given: DrillProcess = {
      ...{ repository, home, backup: await bench.newest(), assertionTimeoutMs: 600_000 },
      search: { embeddedFirst: true, path },
      assertions: [{ database: "shop", sql: "SELECT pg_sleep(600) IS NULL" }],
    };
    const args = ["infra/toolchain/run.cjs", "test/support/drill-process.ts", JSON.stringify(given)];
    const child = spawn(process.execPath, args, { cwd: projectRoot(), stdio: "ignore" });
    const dataDirectory = join(home, "server", "data");
    const server = await eventually("the server runs", () => readPostmaster(dataDirectory));
    const dead = once(child, "exit");
    child.kill("SIGKILL");
    await dead;
    await eventually("the server has ended", () => (isRunning(server.pid) ? undefined : true));
    await eventually("its data is gone", async () =>
      (await readdir(dataDirectory).catch(() => [])).length === 0 ? true : undefined,
    );
    expect((await bench.drill()).result.faults).toEqual([]);
  });
});

/** Numbers of the sockets that a process listens on, over TCP. */
async function listeningSockets(pid: number): Promise<readonly string[]> {
  const tables = await Promise.all(["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "utf8")));
  const network = new Set(
    tables.flatMap((text) => text.split("\n").map((line) => line.trim().split(/\s+/)[9])),
  );
  const files = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => "")));
  expect(links.some((link) => link.startsWith("socket:"))).toBe(true);
  return links
    .map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? "")
    .filter((number) => network.has(number));
}
