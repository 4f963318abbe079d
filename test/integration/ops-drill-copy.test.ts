import { createHash } from "node:crypto";
import { access, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DrillData } from "../../infra/ops/drill/run";
import type { StatusData } from "../../infra/ops/backup/look";
import { canMount, mountSmallDisk } from "../support/small-disk";
import { answerOf, deployCopiesStack, type CopiesStack } from "./ops-copies-stack";
import type { OpsOutput } from "./ops-stack";

let stack: CopiesStack;
const marker = "only-in-a-row-of-this-test";

beforeAll(async () => {
  stack = await deployCopiesStack();
  await declare();
  await stack.sql(`INSERT INTO api.orders SELECT n, '${marker}' FROM generate_series(1, 50) AS n`);
  expect(await ops("backup")).toMatchObject({ exitCode: 0 });
}, 600_000);
afterAll(() => stack.remove());

const declare = (more = "drill: {}", encryption?: string): Promise<void> => stack.declare(more, encryption);
const ops = (...args: readonly string[]): Promise<OpsOutput> => stack.ops(...args);

const status = async (...args: readonly string[]): Promise<{ data: StatusData; text: string }> => {
  const { stdout } = await ops("backup", "status", "--json", ...args);
  return { ...(JSON.parse(stdout) as { data: StatusData }), text: stdout };
};

const offsite = ["backup", "drill", "--copy", "offsite"];

describe("a drill of a copy", () => {
  test("is asked for by backup status where drills are declared, and only told of where they are not", async () => {
    const { text, data } = await status();
    expect(data.copies).toMatchObject([
      { copy: "offsite", lastDrilledAt: null, lastDrillPassed: null },
      { copy: "nas", lastDrilledAt: null },
    ]);
    expect(text).toContain("drill of backups of shop at offsite");
    expect(text).toContain("there was none yet");
    await declare("");
    const told = await ops("backup", "status");
    expect(told).toMatchObject({ exitCode: 0 });
    expect(told.stdout).toContain("nobody has restored a backup of shop at offsite yet");
    await declare();
  });

  test("restores what is in object storage, tells it, leaves nothing here, and nothing of the content there", async () => {
    const { exitCode, stdout, stderr } = await ops(...offsite, "--identity", stack.key, "--json");
    expect({ exitCode, stderr, stdout }).toMatchObject({ exitCode: 0 });
    const { data } = JSON.parse(stdout) as { data: DrillData };
    const [drill] = data.drills;
    expect(drill).toMatchObject({ kind: "logical", database: "shop", copy: "offsite", faults: [] });
    expect(drill?.steps[0]?.name).toBe("the way from the copy");
    expect(drill?.restoreSeconds).toBeGreaterThan(drill?.steps[0]?.seconds ?? Infinity);
    expect(drill?.structure).not.toBeNull();
    expect(data.notes).toBeUndefined();
    expect(await stack.leftovers()).toEqual([]);
    const note = await readFile(join(stack.copies, "drills", "shop.json"), "utf8");
    expect(JSON.parse(note)).toMatchObject({ drill: { backup: drill?.backup, faults: 0 } });
    expect(note).not.toMatch(/orders|api/);
    const known = await status();
    expect(known.data.copies).toMatchObject([
      { copy: "offsite", lastDrilledAt: drill?.endedAt, lastDrillPassed: true },
      { copy: "nas", lastDrilledAt: null },
    ]);
    expect(known.text).not.toContain("of shop at offsite");
    // The gate asks for drills of the repository's own backups: this is none.
    expect(known.data.drill.drills).toMatchObject([{ endedAt: null }]);
    expect((await ops("backup", "status")).stdout).toContain(drill?.endedAt);
  });

  test("on a machine that knows no repository is heard of by the one that does", async () => {
    const other = await mkdtemp(join(tmpdir(), "pgstead-dc-key-"));
    try {
      await cp(stack.root, other, { recursive: true });
      const text = (await readFile(join(other, "Pulumi.dev.yaml"), "utf8")).replace(
        join(stack.home, "backups"),
        join(other, "backups"),
      );
      await writeFile(join(other, "Pulumi.dev.yaml"), text);
      // A server that is down, as it is somewhere else.
      await writeFile(join(other, "outputs.json"), "{}");
      const args = ["backup", "drill", "--copy", "nas", "--identity", "-"];
      const found = await answerOf(stack.start(args, other), await readFile(stack.key, "utf8"));
      expect(found).toMatchObject({ exitCode: 0 });
      expect(found.stdout).toContain("of copy nas: passed");
      expect(found.stdout).toContain("`backup status` of the stack shows this after its next backup");
      await expect(access(join(other, "backups"))).rejects.toThrow("ENOENT");
      expect((await status()).data.copies[1]).toMatchObject({ copy: "nas", lastDrilledAt: null });
      expect(await ops("backup", "send")).toMatchObject({ exitCode: 0 });
      expect((await status()).data.copies[1]).toMatchObject({ copy: "nas", lastDrillPassed: true });
      expect(await ops("backup", "status")).toMatchObject({ exitCode: 1 }); // the repository's own drill
      expect((await status()).text).not.toContain("of shop at nas");
    } finally {
      await rm(other, { recursive: true });
    }
  });

  test("is refused with one clear error for every key, copy and name that does not fit", async () => {
    const { generateX25519Identity } = await import("age-encryption");
    const other = join(stack.home, "other.txt");
    const secret = await generateX25519Identity();
    await writeFile(other, `${secret}\n`);
    const refused = async (...args: readonly string[]): Promise<string> => {
      const { exitCode, stderr, stdout } = await ops("backup", "drill", ...args);
      expect({ exitCode, stdout, stderr }).toMatchObject({ exitCode: 2, stdout: "" });
      expect(stderr).not.toContain(secret.slice(20));
      return stderr;
    };
    expect(await refused("--copy", "offsite")).toContain("name the file with the key: `--identity <file>`");
    expect(await refused("--copy", "offsite", "--identity", other)).toContain(
      "none of its keys opens this copy",
    );
    expect(await refused("--copy", "offsite", "--identity", join(stack.home, "none"))).toContain("ENOENT");
    expect(await refused("--copy", "ofsite", "--identity", stack.key)).toContain("did you mean offsite?");
    const name = "shop_full_20200101_000000";
    expect(await refused(name, "--copy", "nas", "--identity", stack.key)).toContain(`has no ${name}`);
    const more = await refused("--identity", stack.key, "--database", "shop");
    expect(more).toContain("--identity: stands without --copy");
    expect(more).toContain("--database: stands without --copy");
    expect(await refused("--copy", "nas", "--kind", "physical")).toContain("copies hold no physical backups");
    expect(await stack.leftovers()).toEqual([]);
    await declare("", "none");
    expect(await ops("backup")).toMatchObject({ exitCode: 0 });
    expect(await refused("--copy", "nas", "--identity", stack.key)).toContain("leave --identity out");
    await rm(join(stack.home, "nas", "drills"), { recursive: true, force: true });
    await writeFile(join(stack.home, "nas", "drills"), "a file where its directory would be");
    const passed = await ops("backup", "drill", "--copy", "nas");
    expect(passed).toMatchObject({ exitCode: 1 });
    expect(passed.stdout).toContain("of copy nas: passed");
    expect(passed.stdout).toContain("what came of it could not be left at copy nas");
    await rm(join(stack.home, "nas", "drills"));
    await declare();
  });

  test("of a copy that does not answer cannot tell, and says nothing of the backup", async () => {
    const text = await readFile(join(stack.root, "Pulumi.dev.yaml"), "utf8");
    await writeFile(join(stack.root, "Pulumi.dev.yaml"), text.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:9"));
    const found = await ops(...offsite, "--identity", stack.key);
    expect(found).toMatchObject({ exitCode: 3 });
    expect(found.stderr).toContain("ECONNREFUSED");
    await declare();
    expect((await status()).data.copies[0]).toMatchObject({ lastDrillPassed: true });
  });

  test("killed in the middle leaves no decrypted byte", async () => {
    await stack.sql(
      `INSERT INTO api.orders SELECT n, repeat(md5(n::text), 300) FROM generate_series(1000, 6000) AS n`,
    );
    expect(await ops("backup")).toMatchObject({ exitCode: 0 });
    await stack.killWithBackup(stack.start([...offsite, "--identity", stack.key]));
    expect(await ops(...offsite, "--identity", stack.key)).toMatchObject({ exitCode: 0 });
  });

  test("what a crash of the machine has left the next run removes", async () => {
    const place = createHash("sha256").update(join(stack.home, "backups")).digest("hex").slice(0, 10);
    const left = join(stack.home, "data", "fetched", place, "sets", "of-a-crash");
    await mkdir(left);
    await writeFile(join(left, "manifest.json"), marker);
    expect(await ops(...offsite, "--identity", stack.key)).toMatchObject({ exitCode: 0 });
    expect(await stack.leftovers()).toEqual([]);
  });

  test("of a copy with a flipped bit fails, and is shown within that run, until one passes", async () => {
    const { copies } = stack;
    const newest =
      (await readdir(copies))
        .filter((name) => name.startsWith("shop_full"))
        .toSorted()
        .at(-1) ?? "";
    const file = join(copies, newest, "000000.age");
    const was = await readFile(file);
    // In the header: for the library that is a key that does not fit.
    for (const at of [60, was.length - 10]) {
      const content = Buffer.from(was);
      content[at] = (content[at] ?? 0) ^ 1;
      await writeFile(file, content);
      const found = await ops(...offsite, "--identity", stack.key);
      expect({ at, ...found }).toMatchObject({ exitCode: 1 });
      expect(found.stdout).toContain("FAILED");
      expect(found.stdout).toContain("000000.age is not what was sent: its checksum differs");
    }
    const { data, text } = await status();
    expect(data.copies[0]).toMatchObject({ lastDrillPassed: false, lastDrillBackup: newest });
    expect(text).toContain(`the last one, of ${newest}, found a fault`);
    await declare("");
    const shown = await ops("backup", "status");
    expect(shown).toMatchObject({ exitCode: 1 });
    expect(shown.stdout).toContain("FAILED");
    await declare();
    await writeFile(file, was);
    expect(await ops(...offsite, "--identity", stack.key)).toMatchObject({ exitCode: 0 });
    expect((await status()).data.copies[0]).toMatchObject({ lastDrillPassed: true });
  });

  test("is not done where there is no room for it, and that says nothing of the backup", async () => {
    if (!canMount) return;
    const place = join(stack.home, "data", "fetched");
    const saved = join(stack.home, "saved");
    await cp(place, saved, { recursive: true });
    const disk = await mountSmallDisk(place, "4m");
    try {
      const found = await ops(...offsite, "--identity", stack.key);
      expect(found).toMatchObject({ exitCode: 1 });
      expect(found.stdout).toMatch(
        /could not be done: .* has \S+ \S+ free, and what comes from the copy takes about/,
      );
      expect((await status()).data.copies[0]).toMatchObject({ lastDrillPassed: true });
    } finally {
      await disk.remove();
    }
  });
});
