import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withRepository } from "../../components/io/backup/lock";
import { findMatchingTools } from "../support/client-tools";
import { deployStack, runNode, type DeployedStack, type OpsOutput } from "./ops-stack";

let stack: DeployedStack;
let home = "";
let repository = "";
beforeAll(async () => {
  stack = await deployStack();
  home = await mkdtemp(join(tmpdir(), "pgstead-ops-backup-"));
  repository = join(home, "backups");
  await writeFile(
    join(stack.root, "Pulumi.dev.yaml"),
    `config:
  pgstead:disposable: true
  pgstead:database: { name: shop, schemas: { api: {} } }
  pgstead:backup: { directory: "${repository}", logical: { keep: { days: 1 } } }
`,
  );
});
afterAll(async () => {
  await stack.remove();
  await rm(home, { recursive: true });
});

function ops(...args: readonly string[]): Promise<OpsOutput> {
  const PATH = `${findMatchingTools()}:${process.env.PATH ?? ""}`;
  return runNode("test/integration/ops-entry.ts", [stack.root, ...args], { PATH });
}

interface Document {
  readonly status: string;
  readonly data: {
    readonly taken: readonly { readonly name: string }[];
    readonly databases: readonly object[];
  };
  readonly findings: readonly { readonly message: string }[];
  readonly error?: { readonly title: string; readonly problems: readonly { readonly message: string }[] };
}

const json = ({ stdout }: OpsOutput): Document => JSON.parse(stdout) as Document;

describe("ops backup", () => {
  test("before the first one status says that there is none", async () => {
    const found = await ops("backup", "status");
    expect(found.exitCode).toBe(1);
    expect(found.stdout).toContain("backups of shop: there is no good one");
  });

  test("takes, lists, verifies and finds fresh what it took", async () => {
    const taken = await ops("backup", "--json");
    expect(taken.exitCode).toBe(0);
    const name = json(taken).data.taken[0]?.name ?? "";
    expect(name).toMatch(/^shop_full_\d{8}_\d{6}$/);
    expect(await readdir(repository)).toContain(name);
    const list = await ops("backup", "list");
    expect(list.stdout).toMatch(new RegExp(`${name} .* directory +17\\.\\d+ +good`));
    const verified = await ops("backup", "verify", name);
    expect(verified).toMatchObject({ exitCode: 0, stdout: `${name}: good\n` });
    const status = await ops("backup", "status");
    expect(status.exitCode).toBe(0);
    expect(status.stdout).toContain("schedule: 0 2 * * *, next ");
    expect(status.stdout).toContain("a backup may be 1 d 6 h old");
    const pruned = await ops("backup", "prune", "--dry-run");
    expect(pruned).toMatchObject({ exitCode: 0 });
    expect(pruned.stdout).toContain(`${name}: stays, the newest verified one`);
  });

  test("drills what it took, and shows time to restore and the newest moment in status", async () => {
    const drilled = await ops("backup", "drill");
    expect(drilled.exitCode).toBe(0);
    expect(drilled.stdout).toMatch(
      /^logical backup shop_full_\d+_\d+: passed\n {2}restored to PostgreSQL 17.* s \(RTO\)/,
    );
    expect(drilled.stdout).toContain("before the drill (RPO)");
    const [report = ""] = await readdir(join(repository, "drills"));
    expect(JSON.parse(await readFile(join(repository, "drills", report), "utf8"))).toMatchObject({
      faults: [],
    });
    const status = await ops("backup", "status");
    expect(status.exitCode).toBe(0);
    expect(status.stdout).toMatch(/shop +logical +shop_full_\d+_\d+ +\S+ +passed +[\d.]+ s/);
    const physical = await ops("backup", "drill", "--kind", "physical");
    expect(physical).toMatchObject({ exitCode: 2 });
    expect(physical.stderr).toContain("this stack has no physical backups here");
  });

  test("a damaged one is told by verify, list and status, and nothing is removed any more", async () => {
    const { data } = json(await ops("backup", "--json"));
    const name = data.taken[0]?.name ?? "";
    await writeFile(join(repository, name, "globals.sql"), "--\n");
    const verified = await ops("backup", "verify", "--all");
    expect(verified.exitCode).toBe(1);
    expect(verified.stdout).toContain(`${name}: damaged`);
    expect(verified.stdout).toContain("globals.sql has 3 bytes and was written with");
    expect((await ops("backup", "list")).stdout).toContain("DAMAGED");
    const drilled = await ops("backup", "drill", "--json");
    expect(drilled.exitCode).toBe(1);
    expect(json(drilled).findings[0]?.message).toContain(`${name}: globals.sql has 3 bytes`);
    expect((await ops("backup", "status")).stdout).toContain("FAILED");
    expect((await ops("backup", "status")).exitCode).toBe(1);
    const pruned = await ops("backup", "prune");
    expect(pruned.exitCode).toBe(1);
    expect(pruned.stdout).toContain("the newest backup is damaged: nothing is removed");
  });

  test("a second run says who works on the repository", async () => {
    await withRepository(repository, "a test", new AbortController().signal, async () => {
      const refused = await ops("backup");
      expect(refused.exitCode).toBe(1);
      expect(refused.stdout).toContain(`another run works on it: a test, process ${process.pid}`);
    });
  });

  test("the repository of another stack is refused, as its backups would go by other rules", async () => {
    await writeFile(
      join(stack.root, "Pulumi.other.yaml"),
      await readFile(join(stack.root, "Pulumi.dev.yaml")),
    );
    for (const command of [["backup"], ["backup", "prune"]]) {
      const refused = await ops("--stack", "other", ...command);
      expect(refused.exitCode).toBe(2);
      expect(refused.stderr).toContain("holds backups of stack dev, such as shop_full_");
    }
  });

  test("mistakes of the command line are one error each", async () => {
    const unknown = await ops("backup", "--database", "shopp");
    expect(unknown).toMatchObject({ exitCode: 2 });
    expect(unknown.stderr).toContain("did you mean shop?");
    const both = await ops("backup", "verify", "--all", "x");
    expect(both.exitCode).toBe(2);
    const missing = await ops("backup", "verify", "shop_full_20200101_000000", "--json");
    expect(json(missing).error?.problems[0]?.message).toBe("there is no such backup");
  });

  test("a server that does not answer cannot be told of, and the run counts as failed", async () => {
    await stack.server.halt();
    const lost = await ops("backup");
    expect(lost.exitCode).toBe(3);
    const status = await ops("backup", "status");
    expect(status.exitCode).toBe(1);
    expect(status.stdout).toContain("the last run failed: no answer from PostgreSQL");
    await stack.server.start();
  });
});

test("ops backup tells one that is far smaller than those before, keeps it, and removes no old one", async () => {
  const session = await stack.server.connect("shop");
  try {
    const random = "SELECT string_agg(md5(random()::text), '') AS t FROM generate_series(1, 20000)";
    await session.query(`CREATE TABLE api.filled AS ${random}`);
    for (let run = 0; run < 4; run += 1) expect(await ops("backup")).toMatchObject({ exitCode: 0 });
    await session.query("DROP TABLE api.filled");
  } finally {
    await session.close();
  }
  const found = await ops("backup", "--json");
  expect(found.exitCode).toBe(1);
  expect(found.stdout).toContain("less than half of the");
  const { data } = JSON.parse(found.stdout) as Document & { data: { removed: readonly object[] } };
  expect(data.taken).toHaveLength(1);
  expect(data.removed).toEqual([]);
});
