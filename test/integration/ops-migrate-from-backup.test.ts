import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { useBackupStack } from "./ops-backup-stack";

const own = useBackupStack();

describe("migrate test --from-backup", () => {
  test("runs what is pending on the rows of the newest backup, and measures it", async () => {
    await mkdir(join(own.directory, "..", "views"), { recursive: true });
    await writeFile(
      join(own.directory, "..", "views", "recent.sql"),
      "CREATE OR REPLACE VIEW api.recent AS SELECT id, state FROM api.orders;\n",
    );
    const { findings, data, status } = await own.test();
    expect(findings).toEqual([]);
    expect(status).toBe("good");
    expect(data).toMatchObject({ liveUnseen: "--from-backup", remarks: [] });
    expect(data.applied.map((path) => path.split("/").at(-1))).toEqual(["0002-total.sql", "0003-state.sql"]);
    expect(data.reversed).toEqual(data.applied.toReversed());
    const { runs, tables, notes } = data.backup;
    expect(data.backup).toMatchObject({ name: own.backup, head: "0001" });
    expect(notes).toEqual([]);
    expect(runs.map(({ files, direction }) => `${direction} ${files[0]?.split("/").at(-1) ?? ""}`)).toEqual([
      ...["up 0002-total.sql", "up 0003-state.sql", "down 0003-state.sql", "down 0002-total.sql"],
      ...["up 0002-total.sql", "up 0003-state.sql", "repeat recent.sql"],
    ]);
    const [first, second] = runs;
    expect(first?.rewritten).toEqual(["api.orders"]);
    expect(first?.locks).toEqual([
      { table: "api.orders", mode: "ACCESS EXCLUSIVE", heldMs: expect.any(Number) as unknown },
    ]);
    expect(first?.locks[0]?.heldMs).toBeLessThanOrEqual(first?.durationMs ?? 0);
    expect(second).toMatchObject({ rewritten: [], locks: [{ mode: "ACCESS EXCLUSIVE" }] });
    expect(tables).toMatchObject([{ table: "api.orders", rowsBefore: "2000", rowsAfter: "2000" }]);
    expect(await own.change("SELECT version FROM pgstead.migration")).toEqual([{ version: "0001" }]);
    expect(await own.leftovers()).toEqual([]);
    await rm(join(own.directory, "..", "views"), { recursive: true });
  });

  test("needs nothing of the live server, and tells people the same", async () => {
    await rename(join(own.stack.root, "outputs.json"), join(own.stack.root, "away.json"));
    const { stdout, exitCode, stderr } = await own.ops(
      "migrate",
      "test",
      "--dir",
      own.directory,
      "--from-backup",
      own.backup,
    );
    await rename(join(own.stack.root, "away.json"), join(own.stack.root, "outputs.json"));
    expect(stderr).not.toContain("error");
    expect(exitCode).toBe(0);
    expect(stdout).toContain(
      `on ${own.backup} (at 0001): 2 pending migrations applied, 2 taken back and applied again`,
    );
    expect(stdout).toMatch(/0002-total\.sql held ACCESS EXCLUSIVE on api\.orders for \d+ ms/);
    expect(stdout).toMatch(/0002-total\.sql wrote anew: api\.orders/);
  });

  test("finds what fails on real rows alone, with its statement and line", async () => {
    const unique = "ALTER TABLE api.orders\n  ADD CONSTRAINT orders_mail_key UNIQUE (mail);";
    await own.write("0004-unique.sql", `SELECT 1;\n-- pgstead:allow add-unique reason="a test"\n${unique}`, {
      down: "ALTER TABLE api.orders DROP CONSTRAINT orders_mail_key;",
    });
    const madeUp = await own.test("--no-live");
    expect(madeUp.findings.filter(({ message }) => message.includes("fails"))).toEqual([]);
    const { findings, data } = await own.test();
    expect(findings).toContainEqual({
      subject: expect.stringMatching(/0004-unique\.sql:\d+$/) as unknown,
      message: expect.stringMatching(
        /^its up part fails: could not create unique index "orders_mail_key" \(23505\); Key \(mail\)=.* is duplicated\.; in: ALTER TABLE api\.orders$/,
      ) as unknown,
      hint: expect.any(String) as unknown,
    });
    expect(data.backup.runs.at(-1)).toMatchObject({ direction: "up", durationMs: null });
    await rm(join(own.directory, "0004-unique.sql"));
    expect(await own.leftovers()).toEqual([]);
  });

  test("tells of rows that a way back does not bring back", async () => {
    await own.write("0004-lossy.sql", "UPDATE api.orders SET mail = lower(mail) || '.' WHERE id > 0;", {
      down: "SELECT 1;",
    });
    const { findings } = await own.test();
    await rm(join(own.directory, "0004-lossy.sql"));
    expect(findings).toContainEqual(
      expect.objectContaining({
        subject: "down parts",
        message: "the rows of api.orders are not what they were once all is taken back",
      }),
    );
  });

  test("tells what a run on the live database would be refused for", async () => {
    await own.write("0004-drop.sql", "ALTER TABLE api.orders DROP COLUMN mail;", {
      down: "ALTER TABLE api.orders ADD COLUMN mail text;",
    });
    const blocked = await own.test();
    expect(blocked.findings).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining("data-loss (drop-column)") as unknown }),
    );
    await writeFile(join(own.directory, "0001-orders.sql"), "-- another text\n", { flag: "a" });
    const edited = await own.test();
    await own.write(
      "0001-orders.sql",
      "CREATE TABLE api.orders (id int PRIMARY KEY, mail text, total int);",
      {
        down: "DROP TABLE api.orders;",
      },
    );
    await rm(join(own.directory, "0004-drop.sql"));
    expect(edited.data.applied).toEqual([]);
    expect(edited.findings).toContainEqual(
      expect.objectContaining({
        message: expect.stringContaining("was edited after it was applied") as unknown,
      }),
    );
  });
});
