import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareFiles } from "../../components/core/backup/content";
import { copyIndexFile } from "../../components/core/copies/copy-index";
import { measureFiles } from "../../components/io/backup/files";
import { readState } from "../../components/io/backup/state";
import { changeKnown } from "../../components/io/copies/known";
import { fetchCopy } from "../../components/io/copies/fetch";
import { withDestination } from "../../components/io/copies/open";
import { syncCopy, type Synchronisation } from "../../components/io/copies/sync";
import { verifyCopy } from "../../components/io/copies/verify";
import { eventually } from "../support/eventually";
import { startLineProxy, type LineProxy } from "../support/line-proxy";
import { startObjectStorage, type ObjectStorage } from "../support/object-storage";
import { makeStoredBench, neverStops, type StoredBench } from "../support/stored-backups";

let storage: ObjectStorage;
beforeAll(async () => {
  storage = await startObjectStorage();
}, 600_000); // it is built where it was never used
afterAll(() => storage.stop());

const mebibyte = 1024 ** 2;

interface BucketBench extends StoredBench {
  readonly bucket: string;
  readonly recipient: string;
  readonly identity: string;
  toBucket(change?: Parameters<StoredBench["work"]>[1] & { readonly port?: number }): Synchronisation;
  stored(): Promise<string[]>;
}

let made = 0;

async function withBucket(use: (bench: BucketBench) => Promise<void>): Promise<void> {
  const bench = await makeStoredBench();
  const bucket = `copies-${(made += 1)}`;
  await storage.makeBucket(bucket);
  const age = await import("age-encryption");
  const key = await age.generateIdentity();
  const identity = join(bench.home, "key.txt");
  await writeFile(identity, `# a key of a test\n${key}\n`, { mode: 0o600 });
  const recipient = await age.identityToRecipient(key);
  try {
    await use({
      ...bench,
      ...{ bucket, recipient, identity },
      toBucket({ port = storage.port, ...change } = {}) {
        const s3 = storage.plan(bucket, { endpoint: `http://127.0.0.1:${port}`, prefix: "pg/" });
        return bench.work(
          { name: "offsite", s3 },
          { secret: storage.secretAccessKey, recipients: [recipient], patience: quick, ...change },
        );
      },
      stored: async () => {
        const found = await readdir(join(storage.directory, bucket), {
          recursive: true,
          withFileTypes: true,
        });
        return found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
      },
    });
  } finally {
    await bench.remove();
  }
}

const quick = { idleMs: 1_500, attempts: 2 };

describe("a copy in a bucket", () => {
  test("is sent in parts, encrypted, read without the key, and comes back as it was", async () => {
    await withBucket(async (bench) => {
      const manifest = await bench.add("2026-11-22T02:00:00Z", 20 * mebibyte);
      const work = bench.toBucket();
      expect(await syncCopy(work)).toMatchObject({ sent: [{ name: manifest.name }], problems: [] });
      const files = await bench.stored();
      expect(files.map((file) => file.split("/").at(-1)).toSorted()).toEqual(
        [0, 1, 2, 3, 4].map((at) => `00000${at}.age`).concat(copyIndexFile),
      );
      for (const file of files) {
        const content = await readFile(file, "latin1");
        expect(content).not.toContain("customers");
        if (!file.endsWith(copyIndexFile)) expect(content.startsWith("age-encryption.org/v1\n")).toBe(true);
      }
      await withDestination(work.copy, async (copy) => {
        expect((await verifyCopy(copy, manifest.name, undefined, neverStops)).faults).toEqual([]);
        const directory = join(bench.home, "back");
        const request = { copy, name: manifest.name, directory, signal: neverStops };
        await expect(fetchCopy(request)).rejects.toThrow(
          "is encrypted in copy offsite, and no key was given",
        );
        const back = await fetchCopy({ ...request, identity: bench.identity });
        expect(back.manifest).toEqual(manifest);
        const found = await measureFiles(join(directory, manifest.name), neverStops);
        expect(compareFiles(manifest.files, found)).toEqual([]);
      });
    });
  });

  test("with wrong credentials it is one clear error that repeats no secret, and nothing is there", async () => {
    await withBucket(async (bench) => {
      await bench.add("2026-11-22T02:00:00Z");
      const { problems } = await syncCopy(bench.toBucket({ secret: "not-the-secret" }));
      expect(problems).toHaveLength(1);
      expect(problems[0]?.message).toContain("the credentials are refused (SignatureDoesNotMatch");
      expect(JSON.stringify(problems)).not.toContain("not-the-secret");
      expect(await bench.stored()).toEqual([]);
      const { copies } = await readState(bench.repository);
      expect(copies.offsite?.run).toMatchObject({ outcome: "failure" });
    });
  });

  test("a bucket that is not there, or is gone later, is told; what was sent before stays known", async () => {
    await withBucket(async (bench) => {
      const first = await bench.add("2026-11-21T02:00:00Z");
      expect((await syncCopy(bench.toBucket())).problems).toEqual([]);
      await rm(join(storage.directory, bench.bucket), { recursive: true });
      await bench.add("2026-11-22T02:00:00Z");
      const { problems } = await syncCopy(bench.toBucket());
      expect(problems[0]?.message).toContain("there is no such bucket");
      const { copies } = await readState(bench.repository);
      expect(Object.keys(copies.offsite?.backups ?? {})).toEqual([first.name]);
    });
  });

  test("cut in the middle nothing of it counts; the next run sends it", async () => {
    await withBucket(async (bench) => {
      const { name } = await bench.add("2026-11-22T02:00:00Z", 20 * mebibyte);
      await withLine(async (line) => {
        line.cutAfter(12 * mebibyte);
        const work = bench.toBucket({ port: line.port });
        const { problems, sent } = await syncCopy(work);
        expect(sent).toEqual([]);
        expect(problems[0]?.message).toMatch(/after 2 attempts|ECONNREFUSED|ECONNRESET|socket hang up/);
        expect(problems[0]?.hint).toContain("The next run sends what is missing");
        const names = await withDestination(bench.toBucket().copy, (copy) => copy.list(neverStops));
        expect(names.whole).toEqual([]);
        line.mend();
        expect(await syncCopy(work)).toMatchObject({ sent: [{ name }], problems: [] });
        await withDestination(work.copy, async (copy) => {
          expect((await verifyCopy(copy, name, undefined, neverStops)).faults).toEqual([]);
        });
      });
    });
  });

  test("one connection that breaks is no failure, nor is a slow line", async () => {
    await withBucket(async (bench) => {
      const { name } = await bench.add("2026-11-22T02:00:00Z", 9 * mebibyte);
      await withLine(async (line) => {
        line.slow(3);
        const work = bench.toBucket({ port: line.port, patience: { idleMs: 20_000, attempts: 5 } });
        const sending = syncCopy(work);
        await eventually("some of it went", () => line.sent() > mebibyte || undefined);
        line.breakOnce();
        expect(await sending).toMatchObject({ sent: [{ name }], problems: [] });
      });
    });
  });

  test("a line on which nothing goes any more is given up", async () => {
    await withBucket(async (bench) => {
      const { name } = await bench.add("2026-11-22T02:00:00Z", 9 * mebibyte);
      await withLine(async (line) => {
        const work = bench.toBucket({ port: line.port });
        line.holdAfter(2 * mebibyte);
        const { problems } = await syncCopy(work);
        expect(problems).toHaveLength(1);
        expect(problems[0]?.hint).toContain("does this machine reach it?");
        line.mend();
        expect((await syncCopy(work)).problems).toEqual([]);
        await withDestination(
          work.copy,
          async (copy) => {
            line.holdAnswersAfter(mebibyte);
            await expect(verifyCopy(copy, name, undefined, neverStops)).rejects.toThrow(
              /nothing came for|Timeout/i,
            );
          },
          quick,
        );
      });
    });
  });

  test("a flipped bit, a missing file and one too many are found without the key, and mended by the next run", async () => {
    await withBucket(async (bench) => {
      const { name } = await bench.add("2026-11-22T02:00:00Z");
      const work = bench.toBucket();
      await syncCopy(work);
      const place = join(storage.directory, bench.bucket, "pg", name);
      await flip(join(place, "000001.age"), 900);
      await withDestination(work.copy, async (copy) => {
        const look = await verifyCopy(copy, name, undefined, neverStops);
        expect(look.faults).toEqual(["000001.age is not what was written: its checksum differs"]);
        const request = { copy, name, directory: join(bench.home, "back"), signal: neverStops };
        await expect(fetchCopy({ ...request, identity: bench.identity })).rejects.toThrow(
          "000001.age is not what was sent",
        );
        expect(await readdir(join(bench.home, "back"))).toEqual([]);
        await rm(join(place, "000002.age"));
        await writeFile(join(place, "more.age"), "x");
        const again = await verifyCopy(copy, name, undefined, neverStops);
        expect(again.faults).toContain("000002.age is missing");
        expect(again.faults).toContain("more.age is there, and is not part of it");
        const at = "2026-11-22T12:00:00Z";
        const { [name]: known } = (await readState(bench.repository)).copies.offsite?.backups ?? {};
        if (known === undefined) throw new Error("nothing is known of it");
        await changeKnown(bench.repository, "offsite", {
          [name]: { ...known, check: { at, faults: again.faults } },
        });
        expect(await syncCopy(work)).toMatchObject({ sent: [{ name }], problems: [] });
        expect((await verifyCopy(copy, name, undefined, neverStops)).faults).toEqual([]);
      });
    });
  });

  test("another key opens nothing", async () => {
    await withBucket(async (bench) => {
      const { name } = await bench.add("2026-11-22T02:00:00Z");
      const work = bench.toBucket();
      await syncCopy(work);
      const age = await import("age-encryption");
      const other = join(bench.home, "other.txt");
      const secret = await age.generateIdentity();
      await writeFile(other, secret);
      await withDestination(work.copy, async (copy) => {
        const request = { copy, name, directory: join(bench.home, "back"), signal: neverStops };
        const refused = await fetchCopy({ ...request, identity: other }).catch((error: unknown) => error);
        expect(String(refused)).toContain("none of its keys opens this copy");
        expect(String(refused)).not.toContain(secret);
        await writeFile(other, "AGE-SECRET-KEY-1WRONG");
        await expect(fetchCopy({ ...request, identity: other })).rejects.toThrow(
          "key 1 in it is no identity of age",
        );
        await expect(fetchCopy({ ...request, identity: join(bench.home, "none") })).rejects.toThrow("ENOENT");
      });
    });
  });

  test("copies of another stack are neither mixed nor removed", async () => {
    await withBucket(async (bench) => {
      const { name } = await bench.add("2026-11-22T02:00:00Z");
      await syncCopy(bench.toBucket());
      await rm(join(bench.repository, "state.json"));
      await bench.add("2026-11-22T03:00:00Z");
      const { problems } = await syncCopy(bench.toBucket({ stack: "other" }));
      expect(problems[0]?.message).toBe(`holds copies of stack dev, such as ${name}`);
    });
  });
});

async function withLine(use: (line: LineProxy) => Promise<void>): Promise<void> {
  const line = await startLineProxy(storage.port);
  try {
    await use(line);
  } finally {
    await line.close();
  }
}

async function flip(file: string, at: number): Promise<void> {
  const content = await readFile(file);
  content[at] = (content[at] ?? 0) ^ 1;
  await writeFile(file, content);
}
