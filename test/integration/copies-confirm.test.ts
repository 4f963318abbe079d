import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { HeadObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BackupFile } from "../../components/core/backup/manifest";
import { judgeStored } from "../../components/core/copies/stored-object";
import type { BucketPlan } from "../../components/core/copies/plan";
import type { Destination } from "../../components/io/copies/destination";
import { withDestination } from "../../components/io/copies/open";
import { digesting } from "../../components/io/copies/parts";
import { startLineProxy } from "../support/line-proxy";
import { startObjectStorage, type ObjectStorage } from "../support/object-storage";
import { neverStops } from "../support/stored-backups";

let storage: ObjectStorage;
beforeAll(async () => {
  storage = await startObjectStorage();
}, 600_000); // it is built where it was never used
afterAll(() => storage.stop());

const mebibyte = 1024 ** 2;
const backup = "shop_full_20261122_020000";

let made = 0;

interface Bench {
  readonly bucket: string;
  readonly client: S3Client;
  readonly plan: BucketPlan;
  readonly open: <Result>(use: (copy: Destination) => Promise<Result>) => Promise<Result>;
}

async function withBucket(change: Partial<BucketPlan>, use: (bench: Bench) => Promise<void>): Promise<void> {
  const bucket = `confirm-${(made += 1)}`;
  await storage.makeBucket(bucket);
  const plan = storage.plan(bucket, change);
  const credentials = { accessKeyId: plan.accessKeyId, secretAccessKey: storage.secretAccessKey };
  const { endpoint = "", region } = storage.plan(bucket);
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  const copy = {
    plan: { name: "offsite", s3: plan },
    secretAccessKey: () => Promise.resolve(storage.secretAccessKey),
  };
  try {
    await use({ bucket, client, plan, open: (open) => withDestination(copy, open) });
  } finally {
    client.destroy();
  }
}

function fileOf(path: string, content: Buffer): BackupFile {
  return { path, bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
}

/** In pieces that end nowhere near a part. */
function piecesOf(content: Buffer): Readable {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += 700_001) pieces.push(content.subarray(at, at + 700_001));
  return Readable.from(pieces, { objectMode: false });
}

const contents = {
  "empty.age": Buffer.alloc(0),
  "small.age": randomBytes(3_000),
  "one-part.age": randomBytes(8 * mebibyte),
  "parts.age": randomBytes(20 * mebibyte),
};

describe.each(["when_required", "when_supported"] as const)("what was sent to a bucket, %s,", (checksums) => {
  test("is compared with the service's own checksum of it, without a byte that comes back", async () => {
    const line = await startLineProxy(storage.port);
    const endpoint = `http://127.0.0.1:${line.port}`;
    await withBucket({ checksums, endpoint }, async ({ bucket, client, open }) => {
      await open(async (copy) => {
        const files = Object.entries(contents).map(([path, content]) => fileOf(path, content));
        for (const file of files) {
          const content = contents[file.path as keyof typeof contents];
          await copy.write(backup, file, piecesOf(content), neverStops);
        }
        line.holdAnswersAfter(mebibyte); // less than the least of the large ones
        expect(await copy.confirm(backup, files, neverStops)).toEqual([]);
      });
      // Not by chance: this is what the service said.
      for (const [path, content] of Object.entries(contents)) {
        const command = new HeadObjectCommand({
          Bucket: bucket,
          Key: `${backup}/${path}`,
          ChecksumMode: "ENABLED",
        });
        const { ChecksumSHA256: sha256, ETag: etag } = await client.send(command);
        const digested = digesting(piecesOf(content), 8 * mebibyte);
        await digested.content.resume().toArray();
        expect(judgeStored({ sha256, etag }, digested.sent(), ""), path).toBe("same");
        expect(sha256 === undefined, `${path} ${sha256}`).toBe(checksums === "when_required");
      }
    }).finally(() => line.close());
  });

  test("is not taken for whole where the service has other bytes of the same number", async () => {
    await withBucket({ checksums }, async ({ bucket, client, open }) => {
      await open(async (copy) => {
        const content = contents["small.age"];
        const file = fileOf("small.age", content);
        await copy.write(backup, file, piecesOf(content), neverStops);
        const other = Buffer.from(content);
        other[1_000] = (other[1_000] ?? 0) ^ 1;
        const ChecksumAlgorithm = "SHA256" as const;
        const Key = `${backup}/small.age`;
        await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: other, ChecksumAlgorithm }));
        expect(await copy.confirm(backup, [file], neverStops)).toEqual([
          "small.age is not what was written: its checksum differs",
        ]);
        const short = other.subarray(1);
        await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: short }));
        expect(await copy.confirm(backup, [file], neverStops)).toEqual([
          "small.age has 2999 bytes and was written with 3000",
        ]);
      });
    });
  });
});

test("where the service gives nothing that can be compared, every byte is read back", async () => {
  await withBucket({}, async ({ bucket, client, open }) => {
    const content = contents["parts.age"];
    const file = fileOf("parts.age", content);
    // In other parts: the ETag is no checksum that anybody here knows.
    const put = async (Body: Buffer): Promise<void> => {
      const params = { Bucket: bucket, Key: `${backup}/parts.age`, Body };
      await new Upload({ client, params, partSize: 6 * mebibyte }).done();
    };
    await open(async (copy) => {
      await put(content);
      expect(await copy.confirm(backup, [file], neverStops)).toEqual([]);
      const other = Buffer.from(content);
      other[15 * mebibyte] = (other[15 * mebibyte] ?? 0) ^ 1;
      await put(other);
      expect(await copy.confirm(backup, [file], neverStops)).toEqual([
        "parts.age is not what was written: its checksum differs",
      ]);
    });
  });
});
