import { readFile } from "node:fs/promises";
import { Agent } from "node:https";
import type { Readable } from "node:stream";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { parseBackupName } from "../../core/backup/name";
import { copyIndexFile } from "../../core/copies/copy-index";
import { partSize, whereIs, type BucketCopy, type BucketPlan } from "../../core/copies/plan";
import { problemError } from "../../core/problem";
import type { SentObject, StoredObject } from "../../core/copies/stored-object";
import { atOnce } from "./at-once";
import { bucketFailure } from "./bucket-failure";
import { confirmObjects, type ObjectLook } from "./confirm";
import type { CopyNames, Destination, Patience, StoredFile } from "./destination";
import { telling, whileItComes } from "./idle";
import { digesting } from "./parts";

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
  /** What was written since it was opened, by the objects' keys. */
  readonly sent: Map<string, SentObject>;
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
  const bucket: Bucket = { library, client, plan, patience, sent: new Map() };
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
    confirm: (backup, files, signal) =>
      told(signal, confirmObjects(files, lookAt(bucket, backup, signal), signal)),
    finish: (backup, index, signal) =>
      told(signal, putText(bucket, keyOf(plan, backup, copyIndexFile), index, signal)),
    readIndex: (backup, signal) => told(signal, readText(bucket, keyOf(plan, backup, copyIndexFile), signal)),
    files: (backup, signal) => told(signal, listFiles(bucket, backup, signal)),
    read: async (backup, file, signal) =>
      telling(await told(signal, read(bucket, keyOf(plan, backup, file), signal)), tell),
    remove: (backup, signal) => told(signal, removeAll(bucket, backup, signal)),
    readNote: (note, signal) => told(signal, readNote(bucket, `${plan.prefix}${note}`, signal)),
    writeNote: (note, text, signal) => told(signal, putText(bucket, `${plan.prefix}${note}`, text, signal)),
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
    if ((await headOf(bucket, keyOf(plan, name, copyIndexFile), { signal })) !== undefined) whole.add(name);
  });
  return {
    whole: backups.filter((name) => whole.has(name)),
    halves: backups.filter((name) => !whole.has(name)),
  };
}

/** Undefined: there is no such object. */
async function headOf(
  { library, client, plan }: Bucket,
  key: string,
  { signal, ...more }: { readonly signal: AbortSignal; readonly ChecksumMode?: "ENABLED" },
): Promise<(StoredObject & { readonly bytes: number }) | undefined> {
  try {
    const command = new library.HeadObjectCommand({ Bucket: plan.bucket, Key: key, ...more });
    const found = await client.send(command, { abortSignal: signal });
    return { bytes: found.ContentLength ?? 0, sha256: found.ChecksumSHA256, etag: found.ETag };
  } catch (error) {
    if ((error as Error).name === "NotFound") return undefined;
    throw error;
  }
}

/** In parts, each of which is sent again by itself where it fails; the parts of one that is given up go. */
async function upload(
  { library, client, plan, sent }: Bucket,
  key: string,
  { content, bytes }: { readonly content: Readable; readonly bytes: number },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const size = partSize(bytes);
  const digested = digesting(content, size);
  const params = {
    ...{ Bucket: plan.bucket, Key: key, Body: digested.content },
    // Kept beside the object, and given back for a question that reads no byte of it.
    ...(plan.checksums === "when_supported" ? { ChecksumAlgorithm: "SHA256" as const } : {}),
  };
  const sending = new library.Upload({ client, params, partSize: size, queueSize: 2 });
  const giveUp = (): void => void sending.abort();
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    await sending.done();
    sent.set(key, digested.sent());
  } finally {
    signal.removeEventListener("abort", giveUp);
    digested.content.destroy();
    content.destroy();
  }
}

/** Each part is signed with its checksum: what is looked at here is what the service has made of them. */
function lookAt(bucket: Bucket, backup: string, signal: AbortSignal): ObjectLook {
  const { plan, sent } = bucket;
  return {
    sentAs: (path) => sent.get(keyOf(plan, backup, path)),
    head: (path) => headOf(bucket, keyOf(plan, backup, path), { signal, ChecksumMode: "ENABLED" }),
    read: (path) => read(bucket, keyOf(plan, backup, path), signal),
  };
}

async function putText(
  { library, client, plan }: Bucket,
  key: string,
  text: string,
  signal: AbortSignal,
): Promise<void> {
  const command = new library.PutObjectCommand({ Bucket: plan.bucket, Key: key, Body: Buffer.from(text) });
  await client.send(command, { abortSignal: signal });
}

async function readText(bucket: Bucket, key: string, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await read(bucket, key, signal)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

async function readNote(bucket: Bucket, key: string, signal: AbortSignal): Promise<string | undefined> {
  return (await headOf(bucket, key, { signal })) === undefined ? undefined : readText(bucket, key, signal);
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
  if ((await headOf(bucket, index, { signal })) !== undefined) await removeObject(bucket, index, signal);
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
