import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { stackLabel } from "../../components/core/docker/host";
import { usualBackups } from "../../components/core/backup/plan";
import { connectDocker } from "../../components/io/docker/engine";
import { withRepository } from "../../components/io/backup/lock";
import { takeBackup } from "../../components/io/backup/take";
import { projectRoot } from "../../components/io/places";
import { scratchLabel } from "../../components/io/scratch/locked-container";
import { findMatchingTools } from "../support/client-tools";
import { buildTestImage, testImages } from "../support/docker-images";
import { eventually } from "../support/eventually";
import { containerStack, type ContainerStack } from "../support/scratch-stack";
import { migrationText } from "../unit/core/migrations/judged";

const docker = connectDocker({});
/** Of the account in the images. */
const account = "999:999";
let stack: ContainerStack;
let ops: Docker.Container;
let home = "";
let backup = "";
/** Label of what is this test's: other tests restore as well. */
let ours = "";

beforeAll(async () => {
  await buildTestImage(docker, "ops");
  stack = await containerStack(docker, {});
  await stack.configure(["  pgstead:backup: { logical: {} }"]);
  await stack.query("SET ROLE shop_owner; CREATE TABLE api.orders (id int PRIMARY KEY, mail text)");
  await stack.query(
    "INSERT INTO api.orders SELECT n, 'customer' || greatest(n, 2) FROM generate_series(1, 2000) AS n",
  );
  // As the ops container of a stack has it.
  home = await mkdtemp(join(tmpdir(), "pgstead-volume-"));
  const repository = join(home, "pgstead", "logical");
  const signal = new AbortController().signal;
  const of = {
    database: "shop",
    stack: "dev",
    version: "0.0.0",
    plan: usualBackups,
    path: findMatchingTools(),
  };
  const manifest = await withRepository(repository, "a test", signal, () =>
    takeBackup({ ...of, repository, login: stack.administrator, now: () => Date.now(), signal }),
  );
  backup = manifest.name;
  await promisify(execFile)("chown", ["-R", account, home]);
  const { Name } = await stack.server.container.inspect();
  const label = Name.replace(/^\/|-server$/g, "");
  ours = `${stackLabel}=${label}`;
  ops = await docker.createContainer({
    name: `${label}-ops`,
    Image: testImages.ops,
    Labels: { [stackLabel]: label },
    Cmd: ["sleep", "infinity"],
    HostConfig: { NetworkMode: "none", Init: true, Binds: [`${home}:/var/lib/pgbackrest`] },
  });
  await ops.start();
}, 600_000);
afterAll(async () => {
  await ops.remove({ force: true });
  await stack.remove();
  await rm(home, { recursive: true, force: true });
}, 120_000);

const write = (file: string, up: string, down = "SELECT 1;"): Promise<void> =>
  writeFile(join(stack.directory, file), migrationText(up, { down }));

const restored = async (): Promise<Docker.ContainerInfo[]> =>
  docker.listContainers({ all: true, filters: { label: [`${scratchLabel}=restored`, ours] } });

interface Json {
  readonly data: {
    readonly applied: readonly string[];
    readonly backup: {
      readonly name: string;
      readonly runs: readonly { readonly direction: string; readonly locks: readonly object[] }[];
    };
  };
  readonly findings: readonly { readonly message: string }[];
}

test("a backup of a stack in containers is tested on its host, and its rows do not leave that", async () => {
  await write(
    "0001-state.sql",
    "ALTER TABLE api.orders ADD COLUMN state text;",
    "ALTER TABLE api.orders DROP COLUMN state;",
  );
  const args = ["migrate", "test", "--json", "--dir", stack.directory, "--from-backup"];
  const good = await stack.ops(...args);
  expect(good.stderr).not.toContain("error:");
  const { data, findings } = JSON.parse(good.stdout) as Json;
  expect(findings).toEqual([]);
  expect(data.backup.name).toBe(backup);
  expect(data.backup.runs.map(({ direction }) => direction)).toEqual(["up", "down", "up"]);
  expect(data.backup.runs[0]?.locks).toMatchObject([{ table: "api.orders", mode: "ACCESS EXCLUSIVE" }]);
  const unique = "ALTER TABLE api.orders ADD CONSTRAINT orders_mail_key UNIQUE (mail);";
  await write("0002-unique.sql", `-- pgstead:allow add-unique reason="a test"\n${unique}`);
  const failed = JSON.parse((await stack.ops(...args)).stdout) as Json;
  await rm(join(stack.directory, "0002-unique.sql"));
  expect(failed.findings.map(({ message }) => message).join()).toContain(
    'its up part fails: could not create unique index "orders_mail_key" (23505)',
  );
  expect(await restored()).toEqual([]);
}, 300_000);

test("what is refused there is told here", async () => {
  const args = ["migrate", "test", "--dir", stack.directory];
  const refused = await stack.ops(...args, "--from-backup", `${backup}x`);
  expect(refused.exitCode).toBe(2);
  expect(refused.stderr).toContain(`did you mean ${backup}?`);
  const elsewhere = await stack.ops(...args, "--from-backup", "--scratch", "embedded");
  expect(elsewhere.exitCode).toBe(2);
  expect(elsewhere.stderr).toContain("contradicts --scratch embedded");
  expect(await restored()).toEqual([]);
}, 120_000);

test("killed while a migration runs it leaves no container and no volume", async () => {
  await write("0002-slow.sql", "SELECT pg_sleep(600);");
  const entry = ["infra/toolchain/run.cjs", "test/integration/ops-entry.ts", stack.root];
  const args = [...entry, "migrate", "test", "--dir", stack.directory, "--from-backup"];
  const child = spawn(process.execPath, args, { cwd: projectRoot(), stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  onTestFinished(() => void child.kill("SIGKILL"));
  // A backup is restored first.
  const runs = () => (said.includes("0002-slow.sql (up)") ? true : undefined);
  await eventually("the slow one runs", runs, 120_000);
  const [container] = await restored();
  const volumes = container?.Mounts.map(({ Name = "" }) => Name).filter((name) => name !== "") ?? [];
  expect(volumes).toHaveLength(1);
  expect(container?.HostConfig.NetworkMode).toBe("none");
  const dead = once(child, "exit");
  child.kill("SIGKILL");
  await dead;
  await eventually("the container is gone", async () => ((await restored()).length === 0 ? true : undefined));
  await eventually("its volume is gone", async () => {
    const there = (await docker.listVolumes()).Volumes.map(({ Name }) => Name);
    return volumes.some((name) => there.includes(name)) ? undefined : true;
  });
  await rm(join(stack.directory, "0002-slow.sql"));
}, 300_000);
