import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { copyRetention } from "../../components/io/copies/known";
import { fetchCopy } from "../../components/io/copies/fetch";
import { withDestination } from "../../components/io/copies/open";
import { syncCopy } from "../../components/io/copies/sync";
import { verifyCopy } from "../../components/io/copies/verify";
import { changeState, readState } from "../../components/io/backup/state";
import { canMount, mountSmallDisk } from "../support/small-disk";
import { makeStoredBench, neverStops, type StoredBench } from "../support/stored-backups";

async function withBench(use: (bench: StoredBench, path: string) => Promise<void>): Promise<void> {
  const bench = await makeStoredBench();
  const path = join(bench.home, "nas");
  await mkdir(path);
  try {
    await use(bench, path);
  } finally {
    await bench.remove();
  }
}

const nas = (path: string) => ({ name: "nas", path });

describe("a copy in a directory", () => {
  test("has the files under their own names where nothing encrypts them, and every flipped bit is found", async () => {
    await withBench(async (bench, path) => {
      const manifest = await bench.add("2026-11-22T02:00:00Z");
      const work = bench.work(nas(path));
      expect(await syncCopy(work)).toMatchObject({ sent: [{ name: manifest.name }], problems: [] });
      const place = join(path, manifest.name);
      const files = ["copy.json", "dump/1.dat", "dump/toc.dat", "globals.sql", "manifest.json"];
      for (const file of files) {
        const was = await readFile(join(place, file));
        for (const at of [0, Math.floor(was.length / 2), was.length - 1]) {
          const content = Buffer.from(was);
          content[at] = (content[at] ?? 0) ^ 4;
          await writeFile(join(place, file), content);
          const look = withDestination(work.copy, (copy) =>
            verifyCopy(copy, manifest.name, undefined, neverStops),
          );
          expect((await look).faults, `${file} at ${at}`).toHaveLength(1);
        }
        await writeFile(join(place, file), was);
      }
      await withDestination(work.copy, async (copy) => {
        expect((await verifyCopy(copy, manifest.name, undefined, neverStops)).faults).toEqual([]);
        expect((await verifyCopy(copy, manifest.name, "of another one", neverStops)).faults).toEqual([
          "its index is not the one that was sent",
        ]);
        const back = await fetchCopy({
          copy,
          name: manifest.name,
          directory: join(bench.home, "back"),
          signal: neverStops,
        });
        expect(back.manifest).toEqual(manifest);
      });
    });
  });

  test.skipIf(!canMount)(
    "on a disk that is full in the middle is none, and comes with the next run",
    async () => {
      await withBench(async (bench, path) => {
        const disk = await mountSmallDisk(path, "1m");
        try {
          const { name } = await bench.add("2026-11-22T02:00:00Z", 2_000_000);
          const work = bench.work(nas(path));
          const { problems, sent } = await syncCopy(work);
          expect(sent).toEqual([]);
          expect(problems).toMatchObject([{ message: expect.stringContaining("ENOSPC") as string }]);
          expect(problems[0]?.hint).toContain("make room there; the backup itself is good");
          expect(await readdir(path)).toEqual([]);
          await disk.leave(4_000_000);
          expect(await syncCopy(work)).toMatchObject({ sent: [{ name }], problems: [] });
        } finally {
          await disk.remove();
        }
      });
    },
  );

  test("that is not there is no place for backups, nor is one within the repository", async () => {
    await withBench(async (bench, path) => {
      await bench.add("2026-11-22T02:00:00Z");
      await rm(path, { recursive: true });
      const { problems } = await syncCopy(bench.work(nas(path)));
      expect(problems).toMatchObject([{ hint: expect.stringContaining("is it mounted?") as string }]);
      expect(await readdir(bench.home)).toEqual(["repository"]);
      const within = await syncCopy(bench.work(nas(join(bench.repository, "copies"))));
      expect(within.problems[0]?.message).toContain("lies with the repository");
    });
  });

  test("is not sent a backup that is not what it was", async () => {
    await withBench(async (bench, path) => {
      const good = await bench.add("2026-11-21T02:00:00Z");
      const bad = await bench.add("2026-11-22T02:00:00Z");
      await writeFile(join(bench.repository, bad.name, "globals.sql"), "CREATE ROLE shop_owner; -- a rule\n");
      const { problems, sent } = await syncCopy(bench.work(nas(path)));
      expect(problems).toMatchObject([{ message: "is not what was written: the backup is not sent" }]);
      expect(sent.map(({ name }) => name)).toEqual([good.name]);
      expect(await readdir(path)).toEqual([good.name]);
    });
  });

  test("goes by the rules of the repository: nothing after a failed run, and the newest verified one never", async () => {
    await withBench(async (bench, path) => {
      const old = await bench.add("2026-09-01T02:00:00Z");
      const work = bench.work(nas(path));
      expect((await syncCopy(work)).removed).toEqual([]);
      const recent = await bench.add("2026-11-22T02:00:00Z");
      const names = [old.name, recent.name];
      const rules = { keep: work.keep, now: work.now() };
      const state = await readState(bench.repository);
      const failed = {
        ...state.copies.nas!,
        run: { startedAt: "2026-11-22T03:00:00Z", outcome: "failure" as const },
      };
      const after = copyRetention({ ...state, copies: { nas: failed } }, "nas", names, rules);
      expect(after).toMatchObject([{ remove: [], refused: "the last run failed: nothing is removed" }]);
      const { sent, removed } = await syncCopy(work);
      expect([sent, removed]).toMatchObject([[{ name: recent.name }], [{ name: old.name }]]);
      expect(await readdir(path)).toEqual([recent.name]);
      await changeState(bench.repository, (now) => ({ ...now, copies: {} }));
      const unknown = copyRetention(await readState(bench.repository), "nas", names, rules);
      expect(unknown).toMatchObject([{ remove: [] }]);
    });
  });
});
