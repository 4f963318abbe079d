import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseManifest, renderManifest } from "../../components/core/backup/manifest";
import { manifestFile } from "../../components/core/backup/name";
import { sha256 } from "../../components/io/backup/files";
import { readRepository } from "../../components/io/backup/repository";
import { backupTestDirectory } from "../../components/io/places";
import { hasPython } from "../support/alembic-application";
import { findMatchingTools } from "../support/client-tools";
import { deployAlembicStack, type AlembicStack } from "./ops-alembic-stack";
import { runNode, type OpsOutput } from "./ops-stack";

let stack: AlembicStack;
let home = "";
let repository = "";
let backup = "";
beforeAll(async () => {
  if (!hasPython) return;
  stack = await deployAlembicStack();
  home = await mkdtemp(join(tmpdir(), "pgstead-alembic-backup-"));
  repository = join(home, "backups");
  const file = join(stack.root, "Pulumi.dev.yaml");
  const text = await readFile(file, "utf8");
  await writeFile(file, `${text}  pgstead:backup: { directory: "${repository}", logical: {} }\n`);
  expect((await ops("migrate", "upgrade", "b2f0c3d2e4b5", "--yes")).exitCode).toBe(0);
  await stack.change(
    "INSERT INTO app.customers SELECT n, 'customer ' || n FROM generate_series(3, 1000) AS n",
  );
  expect((await ops("backup")).exitCode).toBe(0);
  backup = (await readRepository(repository)).backups[0]?.name ?? "";
}, 240_000);
afterAll(async () => {
  if (!hasPython) return;
  await stack.remove();
  await rm(home, { recursive: true });
  await rm(backupTestDirectory(repository), { recursive: true, force: true });
});

function ops(...args: readonly string[]): Promise<OpsOutput> {
  const PATH = `${findMatchingTools()}:${process.env.PATH ?? ""}`;
  return runNode("test/integration/ops-entry.ts", [stack.root, ...args], { PATH });
}

interface Json {
  readonly data: {
    readonly applied: readonly string[];
    readonly reversed: readonly string[];
    readonly backup: {
      readonly head: string | null;
      readonly runs: readonly {
        readonly direction: string;
        readonly locks: readonly { readonly table: string; readonly mode: string }[];
      }[];
    };
  };
  readonly findings: readonly { readonly subject: string; readonly message: string }[];
}

const run = async (): Promise<Json> =>
  JSON.parse((await ops("migrate", "test", "--json", "--from-backup")).stdout) as Json;

const versions = "migrations/versions";

// One story: each step stands on those before it.
const story = test.skipIf(!hasPython);

story("a backup says what Alembic is at, and shows it where it shows migrations", async () => {
  const [stored] = (await readRepository(repository)).backups;
  expect(stored?.manifest?.snapshot).toMatchObject({
    migrationHead: null,
    alembic: [{ schema: "app", table: "alembic_version", versions: ["b2f0c3d2e4b5"] }],
  });
  for (const words of [
    ["backup", "list"],
    ["backup", "status"],
    ["restore", "--list"],
  ]) {
    expect((await ops(...words)).stdout).toContain("b2f0c3d2e4b5");
  }
});

story("pending revisions run on its rows, with the locks that they held", async () => {
  const { data, findings } = await run();
  expect(findings).toEqual([]);
  expect(data.applied).toEqual([`${versions}/c3f0c3d2e4b5_email.py`]);
  expect(data.reversed).toEqual(data.applied);
  expect(data.backup.head).toBe("b2f0c3d2e4b5");
  expect(data.backup.runs.map(({ direction }) => direction)).toEqual(["up", "down", "up"]);
  expect(data.backup.runs[0]?.locks).toContainEqual(
    expect.objectContaining({ table: "app.customers", mode: "ACCESS EXCLUSIVE" }),
  );
  expect((await ops("migrate", "current")).stdout).toBe("b2f0c3d2e4b5_customers.py\n");
});

story("one that real rows refuse fails, with its file", async () => {
  await stack.application.revise({
    id: "d4f0c3d2e4b5",
    name: "phone",
    down: "c3f0c3d2e4b5",
    upgrade: [
      '# pgstead:allow set-not-null reason="a test"',
      'op.alter_column("customers", "email", nullable=False, schema="app")',
    ],
    downgrade: ['op.alter_column("customers", "email", nullable=True, schema="app")'],
  });
  const { findings } = await run();
  await stack.application.forget("d4f0c3d2e4b5");
  expect(findings).toContainEqual(
    expect.objectContaining({
      subject: expect.stringContaining("d4f0c3d2e4b5_phone.py") as unknown,
      message: expect.stringMatching(
        /^its up part fails: .*column "email" of relation "customers" contains null values/,
      ) as unknown,
    }),
  );
  expect(await readdir(backupTestDirectory(repository)).catch(() => [])).toEqual([]);
});

story("a restore tells what of Alembic it takes back, and a manifest of before tells nothing", async () => {
  expect((await ops("migrate", "upgrade", "--yes")).exitCode).toBe(0);
  const planned = await ops("restore", backup, "--dry-run");
  expect(planned.stdout).toContain(
    "app.alembic_version of Alembic is at c3f0c3d2e4b5 now, and in the backup at b2f0c3d2e4b5",
  );
  const file = join(repository, backup, manifestFile);
  const manifest = parseManifest(await readFile(file, "utf8"), backup, sha256);
  const { alembic: _, ...snapshot } = manifest.snapshot;
  await writeFile(file, renderManifest({ ...manifest, snapshot }, sha256));
  const before = await ops("restore", backup, "--dry-run");
  expect(before.exitCode).toBe(0);
  expect(before.stdout).not.toContain("of Alembic");
  expect((await ops("backup", "list", "--json")).stdout).toContain('"alembic": null');
  expect((await run()).data.backup.head).toBeNull();
});
