import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import type { Readable } from "node:stream";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import type { BackupFile } from "../../core/backup/manifest";
import { parseBackupName } from "../../core/backup/name";
import { copyIndexFile } from "../../core/copies/copy-index";
import { partSize, whereIs, type BucketCopy, type BucketPlan } from "../../core/copies/plan";
import { problemError } from "../../core/problem";
import { atOnce } from "./at-once";
import { bucketFailure } from "./bucket-failure";
import type { CopyNames, Destination, Patience, StoredFile } from "./destination";
import { telling, whileItComes } from "./idle";

/** The library, which is loaded where there is a bucket alone: it takes longer than all else. */
async function load() {
  // It would tell every user of Node.js 20 that its later versions need a newer one; this version is pinned and does not.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const [s3, { Upload }] = await Promise.all([import("@aws-sdk/client-s3"), import("@aws-sdk/lib-storage")]);
  return { ...s3, Upload };
}

type Library = Awaited<ReturnType<typeof load>>;

interface Bucket {
  readonly library: Library;
  readonly client: S3Client;
  readonly plan: BucketPlan;
  readonly patience: Patience;
}

/** Copies in a bucket: `<prefix><backup>/<file>`. */
export async function openBucket(
  { name, s3: plan }: BucketCopy,
  secretAccessKey: string,
  patience: Patience,
): Promise<Destination> {
  const library = await load();
  const authority = await readAuthority(name, plan);
  const client = new library.S3Client(clientOf(plan, { secretAccessKey, authority }, patience));
  const bucket: Bucket = { library, client, plan, patience };
  const where = whereIs({ name, s3: plan });
  const tell = (error: unknown): unknown => bucketFailure(name, where, error);
  const told = <Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> =>
    work.catch((error: unknown) => {
      signal.throwIfAborted();
      throw tell(error);
    });
  return {
    name,
    where,
    list: (signal) => told(signal, listNames(bucket, signal)),
    begin: (backup, signal) => told(signal, removeAll(bucket, backup, signal)),
    write: (backup, file, content, signal) =>
      told(signal, upload(bucket, keyOf(plan, backup, file.path), { content, bytes: file.bytes }, signal)),
    confirm: (backup, files, signal) => told(signal, confirm(bucket, backup, { files, signal })),
    finish: (backup, index, signal) =>
      told(signal, putIndex(bucket, keyOf(plan, backup, copyIndexFile), index, signal)),
    readIndex: (backup, signal) => told(signal, readIndex(bucket, backup, signal)),
    files: (backup, signal) => told(signal, listFiles(bucket, backup, signal)),
    read: async (backup, file, signal) =>
      telling(await told(signal, read(bucket, keyOf(plan, backup, file), signal)), tell),
    remove: (backup, signal) => told(signal, removeAll(bucket, backup, signal)),
    close: () => {
      client.destroy();
    },
  };
}

/** Undefined: those count that Node.js knows. */
async function readAuthority(copy: string, { ca }: BucketPlan): Promise<string | undefined> {
  if (ca === undefined) return undefined;
  const hint =
    "name a PEM file with the certificate of the service's authority (s3.ca), relative to the project";
  try {
    const text = await readFile(ca, "utf8");
    if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  } catch (error) {
    throw problemError(`copy ${copy}`, (error as Error).message, hint, { cause: error });
  }
  throw problemError(`copy ${copy}`, `${ca} holds no certificate`, hint);
}

function clientOf(
  { region, endpoint, pathStyle, accessKeyId, checksums }: BucketPlan,
  {
    secretAccessKey,
    authority,
  }: { readonly secretAccessKey: string; readonly authority: string | undefined },
  { idleMs, attempts }: Patience,
): S3ClientConfig {
  const when = checksums === "when_required" ? "WHEN_REQUIRED" : "WHEN_SUPPORTED";
  return {
    region,
    forcePathStyle: pathStyle,
    credentials: { accessKeyId, secretAccessKey },
    ...(endpoint === undefined ? {} : { endpoint }),
    requestChecksumCalculation: when,
    responseChecksumValidation: when,
    maxAttempts: attempts,
    requestHandler: {
      connectionTimeout: Math.min(idleMs, 10_000),
      socketTimeout: idleMs,
      // Of a whole request: a part may take long on a slow line, while something of it goes.
      requestTimeout: 15 * 60_000,
      throwOnRequestTimeout: true,
      ...(authority === undefined
        ? {}
        : { httpsAgent: new Agent({ ca: authority, keepAlive: true, maxSockets: 50 }) }),
    },
  };
}

function keyOf({ prefix }: BucketPlan, backup: string, path: string): string {
  return `${prefix}${backup}/${path}`;
}

/** Names below the prefix; a whole one has its index. */
async function listNames(bucket: Bucket, signal: AbortSignal): Promise<CopyNames> {
  const { library, client, plan } = bucket;
  const names: string[] = [];
  const input = { Bucket: plan.bucket, Prefix: plan.prefix, Delimiter: "/" };
  for await (const page of library.paginateListObjectsV2({ client }, input, { abortSignal: signal })) {
    for (const { Prefix = "" } of page.CommonPrefixes ?? []) {
      names.push(Prefix.slice(plan.prefix.length).replace(/\/$/, ""));
    }
  }
  const backups = names.filter((name) => parseBackupName(name) !== undefined);
  const whole = new Set<string>();
  await atOnce(backups, async (name) => {
    if ((await sizeOf(bucket, keyOf(plan, name, copyIndexFile), signal)) !== undefined) whole.add(name);
  });
  return {
    whole: backups.filter((name) => whole.has(name)),
    halves: backups.filter((name) => !whole.has(name)),
  };
}

/** Undefined: there is no such object. */
async function sizeOf(
  { library, client, plan }: Bucket,
  key: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const command = new library.HeadObjectCommand({ Bucket: plan.bucket, Key: key });
    return (await client.send(command, { abortSignal: signal })).ContentLength;
  } catch (error) {
    if ((error as Error).name === "NotFound") return undefined;
    throw error;
  }
}

/** In parts, each of which is sent again by itself where it fails; the parts of one that is given up go. */
async function upload(
  { library, client, plan }: Bucket,
  key: string,
  { content, bytes }: { readonly content: Readable; readonly bytes: number },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const params = { Bucket: plan.bucket, Key: key, Body: content };
  const sending = new library.Upload({ client, params, partSize: partSize(bytes), queueSize: 2 });
  const giveUp = (): void => void sending.abort();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await sending.done();
  } finally {
    signal.removeEventListener("abort", giveUp);
    content.destroy();
  }
}

/** What came was compared part by part, as each is signed with its checksum: here it is seen that all of them are there. */
async function confirm(
  bucket: Bucket,
  backup: string,
  { files, signal }: { readonly files: readonly BackupFile[]; readonly signal: AbortSignal },
): Promise<string[]> {
  const faults: string[] = [];
  await atOnce(files, async ({ path, bytes }) => {
    const size = await sizeOf(bucket, keyOf(bucket.plan, backup, path), signal);
    if (size === undefined) faults.push(`${path} is missing`);
    else if (size !== bytes) faults.push(`${path} has ${size} bytes and was written with ${bytes}`);
  });
  return faults.toSorted();
}

async function putIndex(
  { library, client, plan }: Bucket,
  key: string,
  text: string,
  signal: AbortSignal,
): Promise<void> {
  const command = new library.PutObjectCommand({ Bucket: plan.bucket, Key: key, Body: Buffer.from(text) });
  await client.send(command, { abortSignal: signal });
}

async function readIndex(bucket: Bucket, backup: string, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await read(bucket, keyOf(bucket.plan, backup, copyIndexFile), signal)) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function read(
  { library, client, plan, patience }: Bucket,
  key: string,
  signal: AbortSignal,
): Promise<Readable> {
  const command = new library.GetObjectCommand({ Bucket: plan.bucket, Key: key });
  const { Body } = await client.send(command, { abortSignal: signal });
  return whileItComes(Body as Readable, patience.idleMs);
}

async function listFiles(bucket: Bucket, backup: string, signal: AbortSignal): Promise<StoredFile[]> {
  const { library, client, plan } = bucket;
  const input = { Bucket: plan.bucket, Prefix: `${plan.prefix}${backup}/` };
  const files: StoredFile[] = [];
  for await (const page of library.paginateListObjectsV2({ client }, input, { abortSignal: signal })) {
    for (const { Key = "", Size = 0 } of page.Contents ?? []) {
      files.push({ path: Key.slice(input.Prefix.length), bytes: Size });
    }
  }
  return files.filter(({ path }) => path !== copyIndexFile);
}

/** The index first: what is left of a removal that was cut short is a half. */
async function removeAll(bucket: Bucket, backup: string, signal: AbortSignal): Promise<void> {
  const { plan } = bucket;
  const index = keyOf(plan, backup, copyIndexFile);
  if ((await sizeOf(bucket, index, signal)) !== undefined) await removeObject(bucket, index, signal);
  await atOnce(await listFiles(bucket, backup, signal), ({ path }) =>
    removeObject(bucket, keyOf(plan, backup, path), signal),
  );
  await endUploads(bucket, backup, signal);
}

/** One by one: the request for many at once needs a checksum that other makers' services do not all know. */
async function removeObject(
  { library, client, plan }: Bucket,
  key: string,
  signal: AbortSignal,
): Promise<void> {
  await client.send(new library.DeleteObjectCommand({ Bucket: plan.bucket, Key: key }), {
    abortSignal: signal,
  });
}

/** Parts that a killed run has left cost money, and no list of objects shows them. */
async function endUploads(
  { library, client, plan }: Bucket,
  backup: string,
  signal: AbortSignal,
): Promise<void> {
  const input = { Bucket: plan.bucket, Prefix: `${plan.prefix}${backup}/` };
  const { Uploads = [] } = await client.send(new library.ListMultipartUploadsCommand(input), {
    abortSignal: signal,
  });
  await atOnce(Uploads, async ({ Key, UploadId }) => {
    const command = new library.AbortMultipartUploadCommand({ Bucket: plan.bucket, Key, UploadId });
    await client.send(command, { abortSignal: signal });
  });
}
