import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { BucketPlan } from "../../components/core/copies/plan";
import { cacheHome } from "../../infra/toolchain/context";
import { eventually } from "./eventually";

const version = "v1.8.0";

/** A server that speaks S3, over a directory: from PATH, else built once with Go (a minute or more). */
export function findObjectStorage(): string {
  if (spawnSync("versitygw", ["--version"]).status === 0) return "versitygw";
  const directory = join(cacheHome(process.env), "versitygw", version);
  const program = join(directory, "versitygw");
  if (existsSync(program)) return program;
  mkdirSync(directory, { recursive: true });
  const env = { ...process.env, GOBIN: directory, GOFLAGS: "" };
  const module = `github.com/versity/versitygw/cmd/versitygw@${version}`;
  execFileSync("go", ["install", module], { env, stdio: "pipe" });
  return program;
}

/** Object storage of a test's own, on loopback. */
export interface ObjectStorage {
  readonly port: number;
  /** Where it has its buckets: a directory each, of files. */
  readonly directory: string;
  readonly secretAccessKey: string;
  /** How to use a bucket of it. */
  plan(bucket: string, change?: Partial<BucketPlan>): BucketPlan;
  makeBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * @param address that it listens on
 * @param tls files of its certificate and key; undefined: it has no TLS, and `makeBucket` is for that alone
 */
export async function startObjectStorage(
  address = "127.0.0.1",
  tls?: { readonly cert: string; readonly key: string },
): Promise<ObjectStorage> {
  const program = findObjectStorage();
  const home = await mkdtemp(join(tmpdir(), "pgstead-s3-"));
  const directory = join(home, "buckets");
  mkdirSync(directory);
  const port = await freePort(address);
  const accessKeyId = "test-access";
  const secretAccessKey = "very-secret-of-a-test";
  const env = { ...process.env, ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey };
  const secure = tls === undefined ? [] : ["--cert", tls.cert, "--key", tls.key];
  const child = spawn(program, ["--quiet", "--port", `${address}:${port}`, ...secure, "posix", directory], {
    env,
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const plan = (bucket: string, change: Partial<BucketPlan> = {}): BucketPlan => ({
    ...{ bucket, prefix: "", region: "us-east-1", pathStyle: true, accessKeyId },
    ...{
      endpoint: `${tls === undefined ? "http" : "https"}://${address}:${port}`,
      checksums: "when_required" as const,
    },
    ...change,
  });
  await eventually("object storage answers", () => answers(address, port));
  return {
    port,
    directory,
    secretAccessKey,
    plan,
    async makeBucket(name) {
      const { endpoint, region } = plan(name);
      const credentials = { accessKeyId, secretAccessKey };
      const client = new S3Client({ endpoint: endpoint ?? "", region, credentials, forcePathStyle: true });
      await client.send(new CreateBucketCommand({ Bucket: name }));
      client.destroy();
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
      await rm(home, { recursive: true, force: true });
    },
  };
}

function answers(host: string, port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(undefined);
    });
  });
}

async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
