import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectRoot } from "../../components/io/places";
import type { TakeData } from "../../infra/ops/backup/take";
import { findMatchingTools } from "../support/client-tools";
import { eventually } from "../support/eventually";
import { startObjectStorage, type ObjectStorage } from "../support/object-storage";
import { deployStack, type DeployedStack, type OpsOutput } from "./ops-stack";

let stack: DeployedStack;
let storage: ObjectStorage;
/** Everything of this test, the directory of the data included. */
let home = "";
let key = "";
let backup = "";
const bucket = "restored";

beforeAll(async () => {
  [stack, storage] = await Promise.all([deployStack(), startObjectStorage()]);
  await storage.makeBucket(bucket);
  home = await mkdtemp(join(tmpdir(), "pgstead-rc-"));
  await chmod(home, 0o755);
  await mkdir(join(home, "data"));
  const { generateX25519Identity, identityToRecipient } = await import("age-encryption");
  const identity = await generateX25519Identity();
  key = join(home, "key.txt");
  await writeFile(key, `${identity}\n`, { mode: 0o600 });
  await writeFile(join(home, "secret"), storage.secretAccessKey, { mode: 0o600 });
  const { accessKeyId, endpoint = "" } = storage.plan(bucket);
  await writeFile(
    join(stack.root, "Pulumi.dev.yaml"),
    `config:
  pgstead:disposable: true
  pgstead:database: { name: shop, schemas: { api: {} } }
  pgstead:backup:
    directory: "${join(home, "backups")}"
    logical: {}
    copies:
      - { name: offsite, s3: { bucket: ${bucket}, endpoint: "${endpoint}", accessKeyId: ${accessKeyId}, secretAccessKeyFile: "${join(home, "secret")}" } }
    encryption: { age: [${await identityToRecipient(identity)}] }
`,
  );
  await sql("INSERT INTO api.orders SELECT n, repeat(md5(n::text), 100) FROM generate_series(1, 5000) AS n");
  const taken = await ops("backup", "--json");
  expect(taken).toMatchObject({ exitCode: 0 });
  backup = (JSON.parse(taken.stdout) as { data: TakeData }).data.taken[0]?.name ?? "";
  // The host with the repository is lost.
  await rm(join(home, "backups"), { recursive: true });
}, 600_000);
afterAll(async () => {
  await Promise.all([stack.remove(), storage.stop()]);
  await rm(home, { recursive: true });
});

function start(args: readonly string[]): ChildProcess {
  const PATH = `${findMatchingTools()}:${process.env.PATH ?? ""}`;
  return spawn(
    process.execPath,
    ["infra/toolchain/run.cjs", "test/integration/ops-entry.ts", stack.root, "restore", ...args],
    {
      cwd: projectRoot(),
      env: { ...process.env, PATH, PGSTEAD_DATA: join(home, "data") },
      stdio: ["pipe", "pipe", "pipe"],
    },
  );
}

async function answerOf(child: ChildProcess, input = ""): Promise<OpsOutput> {
  const output = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  child.stdin?.end(input);
  const [exitCode] = (await once(child, "close")) as [number | null];
  return { exitCode, ...output };
}

const restore = (...args: readonly string[]): Promise<OpsOutput> => answerOf(start(args));

async function ops(...args: readonly string[]): Promise<OpsOutput> {
  const child = spawn(
    process.execPath,
    ["infra/toolchain/run.cjs", "test/integration/ops-entry.ts", stack.root, ...args],
    {
      cwd: projectRoot(),
      env: { ...process.env, PATH: `${findMatchingTools()}:${process.env.PATH ?? ""}` },
    },
  );
  return answerOf(child);
}

async function sql(text: string, database = "shop"): Promise<Record<string, unknown>[]> {
  const session = await stack.server.connect(database);
  return session.query<Record<string, unknown>>(text).finally(() => session.close());
}

const count = async (database?: string): Promise<unknown> =>
  (await sql("SELECT count(*)::int AS n FROM api.orders", database))[0]?.n;

/** What lies in clear below the directory that backups are brought to. */
async function leftovers(): Promise<string[]> {
  const found = await readdir(join(home, "data"), { recursive: true }).catch(() => []);
  return found.filter((path) => /\/sets\/./.test(path));
}

const offsite = ["--copy", "offsite", "--identity"] as const;

describe("a restore of what is only in a copy", () => {
  test("lists what the copy has, without a key", async () => {
    const found = await restore("--list", "--copy", "offsite");
    expect(found).toMatchObject({ exitCode: 0 });
    expect(found.stdout).toContain(backup);
    expect(found.stdout).toContain("age");
  });

  test("is refused for what does not fit, and does nothing", async () => {
    const refused = async (...args: readonly string[]): Promise<string> => {
      const { exitCode, stderr, stdout } = await restore(...args);
      expect({ args, exitCode, stdout, stderr }).toMatchObject({ exitCode: 2, stdout: "" });
      return stderr;
    };
    expect(await refused("--to", "latest", "--copy", "offsite")).toContain(
      "copies hold logical backups alone",
    );
    expect(await refused("latest", "--identity", key)).toContain("--identity: stands without --copy");
    expect(await refused("--undo", "--copy", "offsite")).toContain("--copy: stands beside --undo");
    expect(await refused("latest", "--copy", "ofsite")).toContain("did you mean offsite?");
    expect(await refused("latest", "--copy", "offsite")).toContain("`--identity <file>`");
    const name = backup.replace("2026", "2025").replace(/_\d{8}/, "_20250101");
    expect(await refused(name, ...offsite, key)).toContain(`has no ${name}`);
    expect(await leftovers()).toEqual([]);
    expect(await count()).toBe(5000);
  });

  test("into a database of its own leaves the live one alone, and nothing of it in clear", async () => {
    expect(await restore("latest", ...offsite, key, "--into", "shop_copy")).toMatchObject({ exitCode: 0 });
    expect(await count("shop_copy")).toBe(5000);
    expect(await leftovers()).toEqual([]);
    expect(await readdir(join(home, "backups"))).not.toContain(backup);
  });

  test("of one table, with the key from standard input", async () => {
    const args = [
      backup,
      "--copy",
      "offsite",
      "--identity",
      "-",
      "--table",
      "api.orders",
      "--as",
      "api.orders_back",
    ];
    const found = await answerOf(start(args), await readFile(key, "utf8"));
    expect(found).toMatchObject({ exitCode: 0 });
    expect(await sql("SELECT count(*)::int AS n FROM api.orders_back")).toEqual([{ n: 5000 }]);
    await sql("DROP TABLE api.orders_back");
  });

  test("in the place of the database needs its name, shows what would be lost, and takes a backup of it", async () => {
    await sql("DELETE FROM api.orders WHERE id > 10");
    const asked = await restore("latest", ...offsite, key);
    expect(asked).toMatchObject({ exitCode: 1 });
    expect(asked.stdout).toContain("say `--confirm shop`");
    expect(asked.stdout).toMatch(/api\.orders +10 +5000/);
    expect(await restore("latest", ...offsite, key, "--confirm", "shopp")).toMatchObject({ exitCode: 2 });
    expect(await count()).toBe(10);
    const found = await restore("latest", ...offsite, key, "--confirm", "shop");
    expect(found).toMatchObject({ exitCode: 0 });
    expect(found.stdout).toContain(`shop is what it was in ${backup}`);
    expect(await count()).toBe(5000);
    expect(found.stdout).toMatch(/what it was before is in backup shop_full_/);
    expect(await leftovers()).toEqual([]);
    const state = await readFile(join(home, "backups", "state.json"), "utf8");
    expect(state).not.toContain(backup);
  });

  test("killed in the middle leaves the database as it was, and nothing of the backup in clear", async () => {
    await sql("DELETE FROM api.orders WHERE id > 20");
    const child = start(["latest", ...offsite, key, "--confirm", "shop"]);
    const ended = once(child, "close");
    await eventually(
      "something of it is here in clear",
      async () => (await leftovers()).some((path) => path.endsWith("manifest.json")) || undefined,
    );
    child.kill("SIGKILL");
    await ended;
    await eventually("it is gone", async () => (await leftovers()).length === 0 || undefined);
    expect(await count()).toBe(20);
    expect(await restore("latest", ...offsite, key, "--confirm", "shop")).toMatchObject({ exitCode: 0 });
    expect(await count()).toBe(5000);
  });

  test("of a damaged copy is refused, and changes nothing", async () => {
    const file = join(storage.directory, bucket, backup, "000003.age");
    const content = await readFile(file);
    content[content.length - 5] = (content.at(-5) ?? 0) ^ 1;
    await writeFile(file, content);
    await sql("DELETE FROM api.orders WHERE id > 30");
    const found = await restore(backup, ...offsite, key, "--confirm", "shop");
    expect(found).toMatchObject({ exitCode: 1 });
    expect(found.stdout).toContain("000003.age is not what was sent");
    expect(await count()).toBe(30);
    expect(await leftovers()).toEqual([]);
  });
});
