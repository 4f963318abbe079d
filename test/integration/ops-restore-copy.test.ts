import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TakeData } from "../../infra/ops/backup/take";
import { answerOf, deployCopiesStack, type CopiesStack } from "./ops-copies-stack";
import type { OpsOutput } from "./ops-stack";

let stack: CopiesStack;
let backup = "";

beforeAll(async () => {
  stack = await deployCopiesStack();
  const rows = "SELECT n, repeat(md5(n::text), 100) FROM generate_series(1, 5000) AS n";
  await stack.sql(`INSERT INTO api.orders ${rows}`);
  const taken = await stack.ops("backup", "--json");
  expect(taken).toMatchObject({ exitCode: 0 });
  backup = (JSON.parse(taken.stdout) as { data: TakeData }).data.taken[0]?.name ?? "";
  // The host with the repository is lost.
  await rm(join(stack.home, "backups"), { recursive: true });
}, 600_000);
afterAll(() => stack.remove());

const restore = (...args: readonly string[]): Promise<OpsOutput> => stack.ops("restore", ...args);
const sql = (text: string): Promise<Record<string, unknown>[]> => stack.sql(text);

const count = async (database?: string): Promise<unknown> =>
  (await stack.sql("SELECT count(*)::int AS n FROM api.orders", database))[0]?.n;

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
    expect(await refused("latest", "--identity", stack.key)).toContain("--identity: stands without --copy");
    expect(await refused("--undo", "--copy", "offsite")).toContain("--copy: stands beside --undo");
    expect(await refused("latest", "--copy", "ofsite")).toContain("did you mean offsite?");
    expect(await refused("latest", "--copy", "offsite")).toContain("`--identity <file>`");
    const name = backup.replace("2026", "2025").replace(/_\d{8}/, "_20250101");
    expect(await refused(name, ...offsite, stack.key)).toContain(`has no ${name}`);
    expect(await stack.leftovers()).toEqual([]);
    expect(await count()).toBe(5000);
  });

  test("into a database of its own leaves the live one alone, and nothing of it in clear", async () => {
    expect(await restore("latest", ...offsite, stack.key, "--into", "shop_copy")).toMatchObject({
      exitCode: 0,
    });
    expect(await count("shop_copy")).toBe(5000);
    expect(await stack.leftovers()).toEqual([]);
    expect(await readdir(join(stack.home, "backups"))).not.toContain(backup);
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
    const found = await answerOf(stack.start(["restore", ...args]), await readFile(stack.key, "utf8"));
    expect(found).toMatchObject({ exitCode: 0 });
    expect(await sql("SELECT count(*)::int AS n FROM api.orders_back")).toEqual([{ n: 5000 }]);
    await sql("DROP TABLE api.orders_back");
  });

  test("in the place of the database needs its name, shows what would be lost, and takes a backup of it", async () => {
    await sql("DELETE FROM api.orders WHERE id > 10");
    const asked = await restore("latest", ...offsite, stack.key);
    expect(asked).toMatchObject({ exitCode: 1 });
    expect(asked.stdout).toContain("say `--confirm shop`");
    expect(asked.stdout).toMatch(/api\.orders +10 +5000/);
    expect(await restore("latest", ...offsite, stack.key, "--confirm", "shopp")).toMatchObject({
      exitCode: 2,
    });
    expect(await count()).toBe(10);
    const found = await restore("latest", ...offsite, stack.key, "--confirm", "shop");
    expect(found).toMatchObject({ exitCode: 0 });
    expect(found.stdout).toContain(`shop is what it was in ${backup}`);
    expect(await count()).toBe(5000);
    expect(found.stdout).toMatch(/what it was before is in backup shop_full_/);
    expect(await stack.leftovers()).toEqual([]);
    const state = await readFile(join(stack.home, "backups", "state.json"), "utf8");
    expect(state).not.toContain(backup);
  });

  test("killed in the middle leaves the database as it was, and nothing of the backup in clear", async () => {
    await sql("DELETE FROM api.orders WHERE id > 20");
    await stack.killWithBackup(
      stack.start(["restore", "latest", ...offsite, stack.key, "--confirm", "shop"]),
    );
    expect(await count()).toBe(20);
    expect(await restore("latest", ...offsite, stack.key, "--confirm", "shop")).toMatchObject({
      exitCode: 0,
    });
    expect(await count()).toBe(5000);
  });

  test("of a damaged copy is refused, and changes nothing", async () => {
    const file = join(stack.copies, backup, "000003.age");
    const content = await readFile(file);
    content[content.length - 5] = (content.at(-5) ?? 0) ^ 1;
    await writeFile(file, content);
    await sql("DELETE FROM api.orders WHERE id > 30");
    const found = await restore(backup, ...offsite, stack.key, "--confirm", "shop");
    expect(found).toMatchObject({ exitCode: 1 });
    expect(found.stdout).toContain("000003.age is not what was sent");
    expect(await count()).toBe(30);
    expect(await stack.leftovers()).toEqual([]);
  });
});
