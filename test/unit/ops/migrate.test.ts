import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { commands } from "../../../infra/ops/commands";
import { createMigration } from "../../../infra/ops/commands/migrate-create";
import { runOps, type Surroundings } from "../../../infra/ops/frame";
import { adviseFromSquawk } from "../../../infra/ops/migrate/advice";
import { lint } from "../../../infra/ops/migrate/lint";
import * as squawk from "../../../infra/ops/migrate/squawk";
import { migrationText } from "../core/migrations/judged";

const now = new Date("2026-03-14T15:09:26Z");

describe("migrate", () => {
  let home = "";
  let directory = "";
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "pgstead-migrate-"));
    directory = join(home, "sql", "migrations");
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(home, { recursive: true, force: true });
  });

  const place = (): { directory: string; shown: string } => ({ directory, shown: "sql/migrations" });

  /** Writes files of up parts, in their order. */
  async function given(...ups: readonly string[]): Promise<void> {
    await mkdir(directory, { recursive: true });
    for (const [index, up] of ups.entries()) {
      const header = up.includes("CONCURRENTLY") ? "-- transaction: none\n" : "";
      await writeFile(
        join(directory, `000${index + 1}-part-${index + 1}.sql`),
        migrationText(up, { header }),
      );
    }
  }

  /** Runs a command line, and gives its status and what it said. */
  async function run(
    ...argv: readonly string[]
  ): Promise<{ status: string; stdout: string; stderr: string }> {
    const said = { stdout: "", stderr: "" };
    const surroundings: Surroundings = {
      version: "0.0.0",
      project: "p",
      root: home,
      readConfig: () => Promise.reject(new Error("no configuration is asked for")),
      pulumi: () => () => Promise.reject(new Error("Pulumi is not asked")),
      stdout: { write: (text) => (said.stdout += text) },
      stderr: { write: (text) => (said.stderr += text) },
      env: {},
    };
    return { status: await runOps(["migrate", ...argv], commands, surroundings), ...said };
  }

  describe("create", () => {
    test("makes the directory and a file with the questions, and prints where it is", async () => {
      const { status, stdout } = await run("create", "Add user preferences", "--dir", directory);
      expect({ status, stdout }).toEqual({
        status: "good",
        stdout: `${directory}/0001-add-user-preferences.sql\n`,
      });
      const text = await readFile(join(directory, "0001-add-user-preferences.sql"), "utf8");
      for (const line of [
        "-- why: <",
        "-- data: <",
        "-- rollback: <",
        "-- performance: <",
        "-- migrate:up\n",
        "-- migrate:down\n",
      ]) {
        expect(text).toContain(line);
      }
    });

    test("goes on as the files are counted, with words that need no quotes", async () => {
      await createMigration(place(), { operands: ["first"], timestamp: true }, now);
      await createMigration(place(), { operands: ["second", "one"] }, now);
      expect(await readdir(directory)).toEqual(["20260314150926-first.sql", "20260314150927-second-one.sql"]);
    });

    test("writes a table by the conventions, with functions where they are missing, all of which lint lets through", async () => {
      const { stdout } = await run("create", "--table", "app.orders", "--dir", directory);
      const names = ["migrations/0001-table-app-orders", "functions/app-rows", "functions/app-partitions"];
      expect(stdout).toBe(names.map((name) => `${home}/sql/${name}.sql\n`).join(""));
      await writeFile(join(home, "sql/functions/app-rows.sql"), "-- mine\n");
      const words = ["events", "--table", "app.events", "--partitioned"];
      const second = await run("create", ...words, "--dir", directory);
      expect(second.stdout).toBe(`${directory}/0002-events.sql\n`);
      expect(await readFile(join(home, "sql/functions/app-rows.sql"), "utf8")).toBe("-- mine\n");
      await rm(join(home, "sql/functions/app-rows.sql"));
      expect((await run("conventions", "--schema", "app", "--dir", directory)).stdout).toContain(
        "app-rows.sql\n" + `${home}/sql/functions/app-partitions.sql (is there, and stays)\n`,
      );
      const lint = await run("lint", "--dir", directory);
      expect(lint).toMatchObject({
        status: "good",
        stdout: expect.stringContaining("; nothing blocks") as unknown,
      });
    });

    test("replaces nothing, however quick two are", async () => {
      await given("SELECT 1;");
      const before = await readFile(join(directory, "0001-part-1.sql"), "utf8");
      await expect(createMigration(place(), { operands: ["part 1"] }, now)).rejects.toThrow(
        'called "part-1" already',
      );
      const made = await Promise.allSettled(
        ["a", "a"].map((word) => createMigration(place(), { operands: [word] }, now)),
      );
      expect(made.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      expect(await readFile(join(directory, "0001-part-1.sql"), "utf8")).toBe(before);
    });

    test.each([
      [["!!"], "gives no name"],
      [["x", "--timestamp", "--number"], "is the other way of --number"],
      [[], "say in a few words what it does"],
      [["x", "--partitioned"], "says nothing without --table"],
      [["--table", "orders"], "is no table with its schema"],
    ])("%j is bad input", async (argv, message) => {
      const { status, stderr } = await run("create", ...argv, "--dir", directory);
      expect(status).toBe("usage");
      expect(stderr).toContain(message);
      await expect(readdir(directory)).rejects.toThrow();
    });
  });

  describe("lint", () => {
    test("has nothing to say of what is safe", async () => {
      await given("CREATE TABLE app.a (id bigint PRIMARY KEY);", "ALTER TABLE app.a ADD COLUMN b text;");
      const { status, stdout } = await run("lint", "--dir", directory);
      expect(stdout).toBe(`${directory}: 2 migrations, 2 statements: 2 safe; nothing blocks\n`);
      expect(status).toBe("good");
    });

    test("says what blocks, with file, line and the way out, and ends with 1", async () => {
      await given(
        'SELECT 1;\n-- pgstead:allow drop-table reason="not used since 4.2"\nDROP TABLE a;',
        "TRUNCATE b;",
      );
      const { status, stdout } = await run("lint", "--dir", directory);
      expect(status).toBe("finding");
      expect(stdout.split("\n").slice(0, 1)).toEqual([
        `${directory}: 2 migrations, 3 statements: 1 safe, 2 data-loss; 1 blocks`,
      ]);
      expect(stdout).toContain(
        `acknowledged\n  ${directory}/0001-part-1.sql:8: data-loss (drop-table): table a is lost with its rows [needs a backup] -- not used since 4.2\n`,
      );
      expect(stdout).toContain(
        `1 finding\n  ${directory}/0002-part-2.sql:6: data-loss (truncate): every row of table b is deleted\n`,
      );
      expect(stdout).toContain(
        'allow it: -- pgstead:allow truncate reason="…", and have a backup when it runs',
      );
    });

    test("looks at the files that are named, with those before them in view", async () => {
      await given("CREATE TABLE a (b varchar(9));", "ALTER TABLE a ALTER b TYPE text;", "DROP TABLE a;");
      const { status, stdout } = await run("lint", join(directory, "0002-part-2.sql"));
      expect({ status, stdout }).toEqual({
        status: "good",
        stdout: `${directory}: 1 migration, 1 statement: 1 safe; nothing blocks\n`,
      });
    });

    test("gives JSON with both parts; what a down part loses stops nobody", async () => {
      await given("CREATE TABLE a (x int);");
      await writeFile(
        join(directory, "0001-part-1.sql"),
        migrationText("CREATE TABLE a (x int);", { down: "DROP TABLE a;" }),
      );
      const { status, stdout } = await run("lint", "--dir", directory, "--json");
      const report = JSON.parse(stdout) as { findings: unknown; data: Record<string, unknown> };
      expect(status).toBe("good");
      expect(report).toMatchObject({
        command: "migrate lint",
        status: "good",
        findings: [],
        data: {
          directories: [directory],
          migrations: [
            {
              file: "0001-part-1.sql",
              version: "0001",
              transactional: true,
              irreversible: null,
              checksum: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
              up: [{ firstLine: 6, lastLine: 6, class: "safe" }],
              down: [{ class: "data-loss" }],
            },
          ],
          findings: [
            { rule: "drop-table", part: "down", line: 8, blocks: true, acknowledged: null, needs: "backup" },
          ],
          advice: [],
          squawkMissing: null,
        },
      });
    });

    test.each<[string, string[], string]>([
      ["a directory that is not there", ["--dir", "nowhere-at-all"], "nowhere-at-all: is not there"],
      ["a file that is not there", ["0009-x.sql"], "is not there, or is no migration"],
      ["files of two directories", ["0001-part-1.sql", "../0001-x.sql"], "is not in"],
    ])("refuses %s", async (_what, argv, message) => {
      await given("SELECT 1;");
      const places = argv.map((word) => (word.endsWith(".sql") ? join(directory, word) : word));
      const { status, stderr } = await run("lint", ...places);
      expect(status).toBe("usage");
      expect(stderr).toContain(message);
    });

    test("refuses what is no text, and tells what is no migration", async () => {
      await given("SELECT 1;");
      for (const name of ["0002-b.sql", "0003-c.sql"])
        await writeFile(join(directory, name), Buffer.from("-- why: \xe9t\xe9\n", "latin1"));
      const { stderr: unread } = await run("lint", "--dir", directory);
      expect(unread).toContain("0002-b.sql: is not UTF-8");
      expect(unread).toContain("0003-c.sql: is not UTF-8");
      await rm(join(directory, "0003-c.sql"));
      await writeFile(join(directory, "0002-b.sql"), "SELEC 1;");
      const { status, stderr } = await run("lint", "--dir", directory);
      expect(status).toBe("usage");
      expect(stderr).toContain("has no `-- migrate:up`");
    });

    test("advises against a missing transaction that nothing needs", async () => {
      await given("SELECT 1;");
      await writeFile(
        join(directory, "0001-part-1.sql"),
        migrationText("SELECT 1;", { header: "-- transaction: none\n" }),
      );
      expect((await run("lint", "--dir", directory)).stdout).toContain("pgstead (needless-transaction-none)");
    });
  });

  describe("squawk", () => {
    test("adds what the gate does not say, on its line, of the up part alone", async () => {
      await given("CREATE TABLE a (x int);", "SELECT 1;\n\nCREATE DOMAIN d AS int CHECK (VALUE > 0);");
      await writeFile(
        join(directory, "0003-c.sql"),
        migrationText("SELECT 3;", { down: "CREATE DOMAIN e AS int CHECK (VALUE > 0);" }),
      );
      const { advice, squawkMissing } = await lint([place()]);
      const said = {
        source: "squawk",
        rule: "ban-create-domain-with-constraint",
        file: "sql/migrations/0002-part-2.sql",
        line: 8,
      };
      expect(advice).toMatchObject(squawkMissing === null ? [said] : []); // no binary for every platform
    });

    test("does not repeat the gate", async () => {
      await given(
        "CREATE INDEX i ON a (x);\nALTER TABLE a RENAME TO b;\nDROP TABLE c;\nALTER TABLE d ADD COLUMN e int NOT NULL;",
        "DROP INDEX CONCURRENTLY i;",
      );
      expect((await lint([place()])).advice).toEqual([]);
    });

    test("is asked once for all files that are a transaction, and once for the others", async () => {
      await given("SELECT 1;", "DROP INDEX CONCURRENTLY i;", "SELECT 2;");
      const asked = vi.spyOn(squawk, "askSquawk");
      await lint([place()]);
      expect(asked).toHaveBeenCalledTimes(1);
      expect(asked.mock.calls[0]?.[0].map(({ transactional }) => transactional)).toEqual([true, false, true]);
    });

    test("reads names with signs of patterns as they are", async () => {
      directory = join(home, "a[1] *?", "migrations");
      await given("CREATE DOMAIN d AS int CHECK (VALUE > 0);");
      const { advice, squawkMissing } = await lint([place()]);
      expect(advice).toHaveLength(squawkMissing === null ? 1 : 0);
    });

    test("is done without where it is not there, which is said", async () => {
      await given("SELECT 1;");
      vi.spyOn(squawk, "askSquawk").mockResolvedValue({ missing: "no binary for this platform" });
      const { status, stdout } = await run("lint", "--dir", directory);
      expect(status).toBe("good");
      expect(stdout).toContain("no advice from squawk: no binary for this platform\n");
    });

    test("of files that nobody asked about is left out", () => {
      const remark = { file: "/elsewhere.sql", line: 1, rule: "ban-drop-table", message: "x", help: null };
      expect(adviseFromSquawk([remark], [], () => "")).toEqual([]);
    });
  });

  test("alone says what there is", async () => {
    const { status, stderr } = await run();
    expect(status).toBe("usage");
    expect(stderr).toContain("lint [options] [files...]");
  });
});
