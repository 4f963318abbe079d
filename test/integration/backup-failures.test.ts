import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { usualBackups } from "../../components/core/backup/plan";
import { listFiles } from "../../components/io/backup/files";
import { withRepository } from "../../components/io/backup/lock";
import { lastRunOf } from "../../components/io/backup/prune";
import { readRepository, removeBackup, type Repository } from "../../components/io/backup/repository";
import { verifyBackup } from "../../components/io/backup/verify";
import { projectRoot } from "../../components/io/places";
import type { BackupProcess } from "../support/backup-process";
import { makeBackupBench, type BackupBench } from "../support/backups";
import { eventually } from "../support/eventually";
import { canMount, mountSmallDisk } from "../support/small-disk";

let bench: BackupBench;
let good = "";
beforeAll(async () => {
  bench = await makeBackupBench();
  ({ name: good } = await bench.take());
});
afterAll(() => bench.remove());

const signal = new AbortController().signal;

/** Faults of each backup that counts as one, by its name. */
async function look(): Promise<Record<string, readonly string[]>> {
  const { backups } = await readRepository(bench.repository);
  const faults: Record<string, readonly string[]> = {};
  for (const backup of backups)
    faults[backup.name] = await verifyBackup(bench.repository, backup, { signal });
  return faults;
}

/** What holds after every failure: the good one is there, nothing counts beside it, and the failure is known. */
async function expectUntouched(): Promise<Repository> {
  expect(await look()).toEqual({ [good]: [] });
  const repository = await readRepository(bench.repository);
  expect(lastRunOf(repository.state.runs.shop)).toBe("failure");
  return repository;
}

describe("no failure of a program is taken for a backup:", () => {
  const cases: Readonly<Record<string, readonly [Record<string, (real: string) => string>, RegExp]>> = {
    "a success that wrote nothing": [{ pg_dump: () => "exit 0" }, /pg_restore/],
    "a success without its tables": [
      { pg_dump: (real) => real.replace('"$@"', '"$@" --exclude-table=app.orders') },
      /table app\.orders is not in it/,
    ],
    "a success without rows": [
      { pg_dump: (real) => real.replace('"$@"', '"$@" --exclude-table-data=app.orders') },
      /the rows of app\.orders are not in it/,
    ],
    "an exit code": [
      { pg_dump: (real) => `${real.replace("exec ", "")}\nexit 1` },
      /pg_dump: *\n? *ended with 1/,
    ],
    "an error that it said, with exit code 0": [
      { pg_dump: (real) => `${real.replace("exec ", "")}\necho 'pg_dump: error: lost' >&2` },
      /ended with 0: pg_dump: error: lost/,
    ],
    "globals that are cut off": [
      { pg_dumpall: (real) => `${real.replace("exec ", "")} | head -n 5; exit 0` },
      /globals\.sql: *\n? *was written and is not whole: it does not come to its end/,
    ],
    "a schema that is empty": [
      { pg_restore: (real) => `case "$1" in --schema-only) exit 0;; esac\n${real}` },
      /schema\.sql/,
    ],
  };
  test.each(Object.keys(cases))("%s", async (name) => {
    const [scripts, message] = cases[name] ?? [{}, /never/];
    const path = await bench.fakeTools(scripts);
    await expect(bench.take({ path })).rejects.toThrow(message);
    expect((await expectUntouched()).leftovers).toEqual([]);
  });

  test("plain files that are cut off", async () => {
    const path = await bench.fakeTools({
      pg_dump: (real) => `${real.replace("exec ", "")} | head -c 20000; exit 0`,
    });
    const plan = { ...usualBackups, schemaOnly: false, format: "plain" } as const;
    await expect(bench.take({ path, plan })).rejects.toThrow(/does not come to its end/);
    await expectUntouched();
  });
});

describe("no failure of the surroundings touches a good one:", () => {
  test("a wrong password, which is not told", async () => {
    const login = { ...bench.login, password: "a wrong one" };
    const error = await bench.take({ login }).catch(String);
    expect(error).toContain("password authentication failed");
    expect(error).not.toContain("a wrong one");
    await expectUntouched();
  });

  // Debian's own place would have what is missing here.
  test.runIf(!existsSync("/usr/lib/postgresql/17/bin/pg_dump"))(
    "programs of another version, which are named with their place",
    async () => {
      const path = await bench.fakeTools({});
      for (const program of await readdir(path)) {
        await writeFile(join(path, program), "#!/bin/sh\necho 'it (PostgreSQL) 15.18'\n");
      }
      await expect(bench.take({ path })).rejects.toThrow(`${path} has 15.18`);
      await expect(bench.take({ path })).rejects.toThrow("apt install postgresql-client-17");
      await expectUntouched();
    },
  );

  test("a run that is given up, whose programs end", async () => {
    const path = await bench.fakeTools({ pg_dump: () => "exec sleep 600" });
    const controller = new AbortController();
    const taking = bench.take({ path, signal: controller.signal }).catch(String);
    await eventually("it dumps", async () =>
      (await readdir(bench.repository)).find((name) => name.endsWith(".partial")),
    );
    controller.abort(new Error("it took too long"));
    expect(await taking).toContain("it took too long");
    expect((await expectUntouched()).leftovers).toEqual([]);
  });

  test("a run that is given up while it reads back what it has written", async () => {
    const controller = new AbortController();
    const progress = <Result>(label: string, work: Promise<Result>): Promise<Result> => {
      if (label.startsWith("reading")) controller.abort(new Error("it took too long"));
      return work;
    };
    await expect(bench.take({ progress, signal: controller.signal })).rejects.toThrow();
    expect(controller.signal.aborted).toBe(true);
    expect((await expectUntouched()).leftovers).toEqual([]);
  });

  test("a server that goes in the middle", async () => {
    const mark = join(bench.repository, "..", "dumping");
    const path = await bench.fakeTools({ pg_dump: (real) => `touch '${mark}'; sleep 1\n${real}` });
    const taking = bench.take({ path }).catch(String);
    await eventually("it dumps", () => existsSync(mark) || undefined);
    await bench.server.crash();
    expect(await taking).toMatch(/./);
    expect(await look()).toEqual({ [good]: [] });
    await bench.server.start();
    expect((await expectUntouched()).leftovers).toEqual([]);
  });

  test("a place that is no directory", async () => {
    const repository = join(bench.repository, good, "manifest.json", "below");
    await expect(bench.take({ repository })).rejects.toThrow("repository of backups");
    expect(await look()).toEqual({ [good]: [] });
  });

  test.runIf(canMount)("a full disk", async () => {
    const repository = join(bench.repository, "..", "small");
    const disk = await mountSmallDisk(repository, "4m");
    try {
      const { name } = await bench.take({ repository });
      await disk.leave(40_000);
      await expect(bench.take({ repository })).rejects.toThrow(/free, and the last backup of shop took/);
      await bench.sql(
        "CREATE TABLE app.big AS SELECT md5(n::text) AS text FROM generate_series(1, 100000) AS n",
      );
      await disk.leave(1_000_000);
      await expect(bench.take({ repository })).rejects.toThrow(/No space left|ENOSPC|no space left/);
      const { backups, leftovers } = await readRepository(repository);
      expect(backups.map((backup) => backup.name)).toEqual([name]);
      expect(leftovers).toEqual([]);
    } finally {
      await bench.sql("DROP TABLE IF EXISTS app.big");
      await disk.remove();
    }
  });
});

/** Takes a backup in a process that is killed; gives whether it was. */
async function takeKilled(killAt: number, path = bench.tools): Promise<boolean> {
  const { now: _, signal: __, ...request } = bench.request({ path });
  const given: BackupProcess = { ...request, killAt };
  const args = ["infra/toolchain/run.cjs", "test/support/backup-process.ts", JSON.stringify(given)];
  const child = spawn(process.execPath, args, { cwd: projectRoot(), stdio: "ignore", detached: true });
  const [, killed] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  return killed === "SIGKILL";
}

describe("a run that is killed", () => {
  test("at any of its steps leaves nothing that counts and is not whole; the next run removes it", async () => {
    let steps = 0;
    while (await takeKilled(steps + 1)) {
      steps += 1;
      const found = await look();
      expect(found[good]).toEqual([]);
      expect(Object.values(found).flat()).toEqual([]);
      expect(lastRunOf((await readRepository(bench.repository)).state.runs.shop)).not.toBe("success");
    }
    expect(steps).toBeGreaterThanOrEqual(4);
    expect((await readRepository(bench.repository)).leftovers.length).toBeGreaterThan(0);
    await bench.take();
    expect((await readRepository(bench.repository)).leftovers).toEqual([]);
  });

  test("while a program works leaves it marked as what it is", async () => {
    for (const program of ["pg_dump", "pg_dumpall", "pg_restore"]) {
      // $PPID is the run; its group are the programs that it began.
      const path = await bench.fakeTools({ [program]: () => "kill -9 $PPID; exit 0" });
      expect(await takeKilled(0, path)).toBe(true);
      expect(Object.values(await look()).flat()).toEqual([]);
      expect((await readRepository(bench.repository)).leftovers).toHaveLength(1);
      await bench.take();
    }
  });
});

describe("two runs at once", () => {
  test("are one: the second says who holds the repository", async () => {
    await withRepository(bench.repository, "a backup of shop", signal, async () => {
      const error = await bench.take().catch(String);
      expect(error).toContain(`another run works on it: a backup of shop, process ${process.pid} on `);
    });
    await bench.take();
  });
});

describe("verification", () => {
  test("detects a cut and a missing or additional file, wherever it is", async () => {
    const { name } = await bench.take();
    const directory = join(bench.repository, name);
    const paths = ["manifest.json", ...(await listFiles(directory)).map(({ path }) => path)];
    const faultsOf = async (): Promise<readonly string[]> => {
      const { backups } = await readRepository(bench.repository);
      const stored = backups.find((backup) => backup.name === name);
      return stored === undefined ? ["it is gone"] : verifyBackup(bench.repository, stored, { signal });
    };
    for (const old of Object.keys(await look())) {
      if (old !== name) await removeBackup(bench.repository, old);
    }
    expect(await faultsOf()).toEqual([]);
    for (const path of paths) {
      const file = join(directory, path);
      const whole = await readFile(file);
      await writeFile(file, whole.subarray(0, whole.length - 1));
      expect(await faultsOf()).not.toEqual([]);
      await rm(file);
      expect(await faultsOf()).not.toEqual([]);
      await writeFile(file, whole);
    }
    await writeFile(join(directory, "dump", "more"), "");
    expect(await faultsOf()).toEqual(["dump/more is there, and is not part of it"]);
  });
});
