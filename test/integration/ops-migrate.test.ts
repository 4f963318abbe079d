import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectRoot } from "../../components/io/places";
import { eventually } from "../support/eventually";
import { migrationText } from "../unit/core/migrations/judged";
import { deployStack, type DeployedStack, type OpsOutput } from "./ops-stack";

let stack: DeployedStack;
let directory = "";
beforeAll(async () => {
  stack = await deployStack();
  directory = join(await mkdtemp(join(tmpdir(), "pgstead-ops-migrate-")), "migrations");
  await mkdir(directory);
  await change(
    "GRANT shop_owner TO shop_migrator WITH INHERIT FALSE, SET TRUE; ALTER ROLE shop_migrator SET role = shop_owner",
  );
});
afterAll(async () => {
  await stack.remove();
  await rm(dirname(directory), { recursive: true, force: true });
});

async function change(sql: string): Promise<Record<string, unknown>[]> {
  const session = await stack.server.connect("shop");
  return session.query(sql).finally(() => session.close());
}

const write = (file: string, up: string, parts: { down?: string; header?: string } = {}): Promise<void> =>
  writeFile(join(directory, file), migrationText(up, parts));
const migrate = (command: string, ...args: readonly string[]): Promise<OpsOutput> =>
  stack.ops("migrate", command, ...args, ...(command === "history" ? [] : ["--dir", directory]));

interface Json {
  readonly status: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly findings: readonly { subject: string; message: string; hint: string }[];
}

const json = async (command: string, ...args: readonly string[]): Promise<Json> =>
  JSON.parse((await migrate(command, ...args, "--json")).stdout) as Json;

// One story: each step stands on those before it.

test("before anything is applied, status and check show what is pending, and sql what would run", async () => {
  await write("0001-parcels.sql", "CREATE TABLE api.parcels (id int PRIMARY KEY);", {
    down: "DROP TABLE api.parcels;",
  });
  await write("0002-index.sql", "CREATE INDEX CONCURRENTLY parcels_id ON api.parcels (id);", {
    header: "-- transaction: none\n",
    down: "DROP INDEX CONCURRENTLY api.parcels_id;",
  });
  const status = await migrate("status");
  expect(status.exitCode).toBe(0);
  expect(status.stdout).toContain("database shop is at none; 0 migrations applied, 2 pending in ");
  expect(status.stdout).toMatch(/0002-index\.sql +safe +statement by statement/);
  const check = await migrate("check");
  expect(check.exitCode).toBe(1);
  expect(check.stdout).toContain("0001-parcels.sql: is pending (safe)");
  expect((await migrate("sql")).stdout).toMatch(
    /^SET ROLE "shop_owner";\n\n-- .*0001-parcels\.sql\nBEGIN;\nCREATE TABLE api\.parcels \(id int PRIMARY KEY\);\nCOMMIT;\n\n-- .*0002-index\.sql\nCREATE INDEX CONCURRENTLY/,
  );
  expect((await migrate("sql", "1", "--all")).stdout).not.toContain("CONCURRENTLY");
  expect(await change("SELECT to_regnamespace('pgstead') AS schema")).toEqual([{ schema: null }]);
});

test("upgrade asks, and without a terminal needs its word; a dry run shows the SQL and changes nothing", async () => {
  const asked = await migrate("upgrade");
  expect(asked.exitCode).toBe(2);
  expect(asked.stderr).toContain("--yes: is missing");
  const dry = await migrate("upgrade", "--dry-run");
  expect(dry.exitCode).toBe(0);
  expect(dry.stdout).toContain(
    "0001-parcels.sql (up, safe)\n  CREATE TABLE api.parcels (id int PRIMARY KEY);",
  );
  expect(await change("SELECT to_regclass('api.parcels') AS made")).toEqual([{ made: null }]);
});

test("upgrade applies as the owner, and current, check, verify and history know it", async () => {
  const { exitCode, stdout, stderr } = await migrate("upgrade", "--yes");
  expect(stdout).toBe("database shop: 2 migrations are done\n");
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/applied .*0001-parcels\.sql \(\d+ ms\)/);
  expect(
    await change("SELECT relowner::regrole::text AS owner FROM pg_class WHERE relname = 'parcels'"),
  ).toEqual([{ owner: "shop_owner" }]);
  expect((await migrate("current")).stdout).toBe("0002-index.sql\n");
  expect((await migrate("check")).stdout).toBe("database shop is at 0002-index.sql: nothing is pending\n");
  expect((await migrate("verify")).stdout).toBe("database shop is at 0002-index.sql: 2 files as applied\n");
  expect((await migrate("upgrade", "--yes")).stdout).toBe("nothing to do: database shop is there\n");
  const history = await migrate("history", "--since", "2000-01-01", "--limit", "2");
  expect(history.stdout).toMatch(/up +0002-index\.sql +done +[\d.]+ m?s +shop_migrator/);
  expect(history.stdout).not.toContain("0001");
});

test("what the gate blocks does not run, and lost data needs the stack's word on top", async () => {
  await write("0003-drop.sql", "DROP TABLE api.orders;");
  const blocked = await json("upgrade", "--yes");
  expect(blocked).toMatchObject({ status: "finding", data: { ran: false } });
  expect(blocked.findings).toMatchObject([
    { message: expect.stringContaining("data-loss (drop-table)") as unknown },
  ]);
  await write(
    "0003-drop.sql",
    '-- pgstead:allow drop-table reason="replaced by parcels"\nDROP TABLE api.orders;',
  );
  expect((await json("upgrade", "--yes")).findings).toMatchObject([
    {
      hint: 'take a backup, then allow the loss with pgstead:allowDataLoss: ["migration shop/0003-drop.sql"]',
    },
  ]);
  const file = join(stack.root, "Pulumi.dev.yaml");
  const before = await readFile(file, "utf8");
  await writeFile(file, `${before}  pgstead:allowDataLoss: ["migration shop/0003-drop.sql"]\n`);
  const failed = await json("upgrade", "--yes");
  // A view stands on it: the server says so, with the line.
  expect(failed.findings[0]?.subject).toMatch(/0003-drop\.sql:7$/);
  expect(failed.findings[0]?.message).toContain(
    "cannot drop table api.orders because other objects depend on it",
  );
  expect(failed).toMatchObject({ status: "finding", data: { ran: true, done: [] } });
  await writeFile(file, before);
  await rm(join(directory, "0003-drop.sql"));
});

test("downgrade needs a word of its own for what it loses, and goes back by name, count and base", async () => {
  const refused = await migrate("downgrade", "base", "--yes");
  expect(refused.exitCode).toBe(1);
  expect(refused.stdout).toContain("then say --allow-data-loss");
  const one = await migrate("downgrade", "-1", "--yes");
  expect(one.stdout).toBe("database shop: 1 migration is done\n");
  expect((await migrate("current")).stdout).toBe("0001-parcels.sql\n");
  expect((await migrate("downgrade", "base", "--allow-data-loss", "--yes")).exitCode).toBe(0);
  expect((await migrate("current")).stdout).toBe("none\n");
});

test("a downgrade is written into the stack's file, and nothing goes past it but by another word there", async () => {
  const file = join(stack.root, "Pulumi.dev.yaml");
  const written = '  pgstead:migrations:\n    target: "base"\n';
  const text = await readFile(file, "utf8");
  expect(text.endsWith(written)).toBe(true);
  expect((await migrate("upgrade", "--yes")).stdout).toBe("nothing to do: database shop is there\n");
  const past = await json("upgrade", "1", "--yes");
  expect(past.findings).toMatchObject([{ message: "is above the target of the stack, base" }]);
  // What `migrate upgrade` would not run is no part of its script.
  expect((await migrate("sql")).stdout).not.toContain("CREATE TABLE");
  expect((await migrate("sql", "--all")).stdout).toContain("CREATE TABLE");
  const status = await json("status");
  expect(status.data).toMatchObject({ pending: [], held: ["0001-parcels.sql", "0002-index.sql"], above: [] });
  expect((await migrate("check")).exitCode).toBe(0);
  await writeFile(file, text.replace(written, ""));
});

test("baseline takes files for applied without running them, once", async () => {
  await change("SET ROLE shop_owner; CREATE TABLE api.parcels (id int PRIMARY KEY)");
  expect((await migrate("baseline", "1", "--yes")).stdout).toBe(
    "database shop: 1 migration taken for applied\n",
  );
  expect((await json("status")).data).toMatchObject({
    applied: [{ version: "0001", origin: "baseline", durationMs: null }],
  });
  expect((await migrate("baseline", "--yes")).exitCode).toBe(1);
  expect((await migrate("upgrade", "--yes")).exitCode).toBe(0);
});

test("an edited and a renamed file are refused, and repair takes them over with a row of the trail", async () => {
  const file = join(directory, "0001-parcels.sql");
  await writeFile(file, (await readFile(file, "utf8")).replace("-- why: a test", "-- why: another reason"));
  await rename(join(directory, "0002-index.sql"), join(directory, "0002-by-id.sql"));
  const verify = await json("verify");
  expect(verify.findings.map(({ message }) => message.split(":")[0])).toEqual([
    expect.stringMatching(/^was edited after it was applied by shop_migrator on /),
    "was renamed",
  ]);
  expect((await migrate("upgrade", "--yes")).exitCode).toBe(1);
  const repaired = await migrate("repair", "--yes");
  expect(repaired.stdout).toBe("2 changes of the history of shop: done, and written into the trail\n");
  expect(repaired.stderr).toMatch(
    /0001-parcels\.sql: its text: checksum [0-9a-f]{12} becomes [0-9a-f]{12}\n/,
  );
  expect((await migrate("verify")).exitCode).toBe(0);
  const { data } = await json("history", "--limit", "1");
  expect(data.trail).toMatchObject([
    { action: "repair", outcome: "done", note: "its name: was 0002-index.sql" },
  ]);
  await rm(join(directory, "0002-by-id.sql"));
  expect((await migrate("repair", "--yes")).exitCode).toBe(1);
  expect((await migrate("repair", "--forget", "0002-by-id.sql", "--yes")).exitCode).toBe(0);
  expect((await migrate("current")).stdout).toBe("0001-parcels.sql\n");
});

test("Ctrl-C has the server end the statement, rolls its file back, and ends as a finding", async () => {
  await write("0002-column.sql", "ALTER TABLE api.parcels ADD COLUMN note text;", {
    down: "ALTER TABLE api.parcels DROP COLUMN note;",
  });
  const holder = await stack.server.connect("shop");
  await holder.query("BEGIN; SELECT * FROM api.parcels");
  const entry = ["infra/toolchain/run.cjs", "test/integration/ops-entry.ts", stack.root];
  const args = ["migrate", "upgrade", "--dir", directory, "--yes", "--lock-timeout", "1min"];
  const child = spawn(process.execPath, [...entry, ...args], {
    cwd: projectRoot(),
    stdio: ["ignore", "pipe", "ignore"],
  });
  let stdout = "";
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  const exit = once(child, "close");
  await eventually("the migration waits", async () => {
    const [row] = await change("SELECT FROM pg_locks WHERE NOT granted");
    return row === undefined ? undefined : true;
  });
  child.kill("SIGINT");
  child.kill("SIGINT");
  expect(await exit).toEqual([1, null]);
  expect(stdout).toContain("was cancelled: the running statement was ended, and all of the file rolled back");
  await holder.close();
  expect((await migrate("current")).stdout).toBe("0001-parcels.sql\n");
});

test("nothing that is said holds a password", async () => {
  const all = await Promise.all([
    migrate("status", "--json"),
    migrate("history", "--json"),
    migrate("upgrade", "--json"),
  ]);
  for (const password of [stack.server.password, ...Object.values(stack.passwords)]) {
    for (const { stdout, stderr } of all) expect(stdout + stderr).not.toContain(password);
  }
});
