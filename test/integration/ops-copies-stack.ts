import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../components/io/places";
import { findMatchingTools } from "../support/client-tools";
import { eventually } from "../support/eventually";
import { startObjectStorage, type ObjectStorage } from "../support/object-storage";
import { deployStack, type DeployedStack, type OpsOutput } from "./ops-stack";

/** A stack whose backups go to object storage (`offsite`) and to a directory (`nas`), and the key of both. */
export interface CopiesStack extends DeployedStack {
  readonly storage: ObjectStorage;
  /** Directory of everything else: `backups`, `nas`, `data`, `key.txt`. */
  readonly home: string;
  /** File with the key. */
  readonly key: string;
  /** Directory of the copies in object storage. */
  readonly copies: string;
  /** @param more lines below pgstead:backup @param encryption default: to the key */
  declare(more?: string, encryption?: string): Promise<void>;
  start(args: readonly string[], root?: string): ChildProcess;
  sql(text: string, database?: string): Promise<Record<string, unknown>[]>;
  /** What lies in clear where backups are brought to, and below where they are restored to by drills. */
  leftovers(): Promise<string[]>;
  /** Kills a command while it has a backup in clear, and waits for that to go. */
  killWithBackup(child: ChildProcess): Promise<void>;
}

const bucket = "copies";

export async function deployCopiesStack(): Promise<CopiesStack> {
  const [stack, storage] = await Promise.all([deployStack(), startObjectStorage()]);
  await storage.makeBucket(bucket);
  const home = await mkdtemp(join(tmpdir(), "pgstead-oc-"));
  await chmod(home, 0o755); // the account of throw-away servers passes it
  await Promise.all(["nas", "data"].map((name) => mkdir(join(home, name), { mode: 0o755 })));
  const { generateX25519Identity, identityToRecipient } = await import("age-encryption");
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const key = join(home, "key.txt");
  await writeFile(key, `${identity}\n`, { mode: 0o600 });
  await writeFile(join(home, "secret"), storage.secretAccessKey, { mode: 0o600 });
  const copies: CopiesStack = {
    ...{ ...stack, storage, home, key, copies: join(storage.directory, bucket, "dev") },
    declare: (more = "", encryption = `{ age: [${recipient}] }`) =>
      writeFile(join(stack.root, "Pulumi.dev.yaml"), settings(home, storage, { more, encryption })),
    start: (args, root = stack.root) => start(home, root, args),
    ops: (...args) => answerOf(copies.start(args)),
    async sql(text, database = "shop") {
      const session = await stack.server.connect(database);
      return session.query<Record<string, unknown>>(text).finally(() => session.close());
    },
    async leftovers() {
      const found = await readdir(join(home, "data"), { recursive: true }).catch(() => []);
      return found.filter((path) => /\/(?:sets|server)\/./.test(path));
    },
    async killWithBackup(child) {
      const ended = once(child, "close");
      await eventually(
        "something of it is here in clear",
        async () => (await copies.leftovers()).some((path) => path.endsWith("manifest.json")) || undefined,
      );
      child.kill("SIGKILL");
      await ended;
      await eventually("it is gone", async () => (await copies.leftovers()).length === 0 || undefined);
    },
    async remove() {
      await Promise.all([stack.remove(), storage.stop()]);
      await rm(home, { recursive: true });
    },
  };
  await copies.declare();
  return copies;
}

function settings(
  home: string,
  storage: ObjectStorage,
  { more, encryption }: { readonly more: string; readonly encryption: string },
): string {
  const { accessKeyId, endpoint = "" } = storage.plan(bucket);
  return `config:
  pgstead:disposable: true
  pgstead:database: { name: shop, schemas: { api: {} } }
  pgstead:backup:
    directory: "${join(home, "backups")}"
    logical: {}
    copies:
      - { name: offsite, s3: { bucket: ${bucket}, prefix: dev, endpoint: "${endpoint}", accessKeyId: ${accessKeyId}, secretAccessKeyFile: "${join(home, "secret")}" } }
      - { name: nas, path: "${join(home, "nas")}" }
    encryption: ${encryption}
    ${more}
`;
}

function start(home: string, root: string, args: readonly string[]): ChildProcess {
  return spawn(
    process.execPath,
    ["infra/toolchain/run.cjs", "test/integration/ops-entry.ts", root, ...args],
    {
      cwd: projectRoot(),
      env: {
        ...process.env,
        PATH: `${findMatchingTools()}:${process.env.PATH ?? ""}`,
        PGSTEAD_DATA: join(home, "data"),
      },
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
}

/** @param input what it gets at its standard input */
export async function answerOf(child: ChildProcess, input = ""): Promise<OpsOutput> {
  const output = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  child.stdin?.end(input);
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, ...output };
}
