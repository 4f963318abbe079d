import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectRoot } from "../../components/io/places";
import { eventually } from "../support/eventually";
import { deployStack, type DeployedStack, type OpsOutput } from "./ops-stack";

let stack: DeployedStack;
let directory = "";
beforeAll(async () => {
  stack = await deployStack();
  directory = await mkdtemp(join(tmpdir(), "pgstead-ops-archive-"));
  const session = await stack.server.connect("shop");
  await session.query(
    `GRANT shop_owner TO shop_migrator WITH INHERIT FALSE, SET TRUE; SET ROLE shop_owner;
     CREATE TABLE api.events (id int, created_at timestamptz);
     INSERT INTO api.events SELECT n, '2025-12-01'::timestamptz + n * interval '1 day' FROM generate_series(1, 60) AS n`,
  );
  await session.close();
});
afterAll(async () => {
  await stack.remove();
  await rm(directory, { recursive: true, force: true });
});

const archive = (...args: readonly string[]): Promise<OpsOutput> =>
  stack.ops("archive", "--table", "api.events", "--before", "2026-01-01", "--to", directory, ...args);
const count = async (): Promise<unknown> => {
  const session = await stack.server.connect("shop");
  return session.query("SELECT count(*)::int AS rows FROM api.events").finally(() => session.close());
};

// One story: each step stands on those before it.

test("says what is missing, all at once, and takes no moment that could be another one", async () => {
  const { exitCode, stderr } = await stack.ops("archive");
  expect(exitCode).toBe(2);
  for (const option of ["--table", "--before", "--to"]) expect(stderr).toContain(`${option}: is missing`);
  const vague = await stack.ops(
    "archive",
    "--table",
    "api.events",
    "--before",
    "2026-01-01 00:00",
    "--to",
    directory,
  );
  expect(vague.exitCode).toBe(2);
  expect((await archive("--column", "id")).stderr).toContain("id is integer, which is no time");
});

test("writes a file and leaves the rows; to drop them it asks, and without a terminal needs its word", async () => {
  const { exitCode, stdout } = await archive();
  expect(stdout).toMatch(
    /^api\.events: 30 rows in .*shop\.api\.events-before-20260101T000000Z\.copy\.gz \([\d.]+ [a-zA-Z]+\)\n$/,
  );
  expect(exitCode).toBe(0);
  const asked = await archive("--drop");
  expect(asked.exitCode).toBe(2);
  expect(asked.stderr).toContain("--yes: is missing");
  expect(await count()).toEqual([{ rows: 60 }]);
});

test("drops what is in the file, with the same report as JSON, and then finds nothing", async () => {
  const { data } = JSON.parse((await archive("--drop", "--yes", "--json")).stdout) as {
    data: { archived: unknown[] };
  };
  expect(data.archived).toMatchObject([{ relation: "api.events", rows: 30, wasThere: true, dropped: true }]);
  expect(await count()).toEqual([{ rows: 30 }]);
  expect(await readdir(directory)).toHaveLength(2);
  expect((await archive("--drop", "--yes")).stdout).toBe("there is nothing to archive\n");
});

test("ends with 1 where the rows are not those of the file, and drops nothing", async () => {
  const session = await stack.server.connect("shop");
  await session.query("INSERT INTO api.events VALUES (1, '2025-12-02')");
  await session.close();
  const { exitCode, stdout } = await archive("--drop", "--yes");
  expect(exitCode).toBe(1);
  expect(stdout).toContain("somebody changed them after they were archived");
  expect(await count()).toEqual([{ rows: 31 }]);
});

test("Ctrl-C ends the statement on the server, leaves no half file, and the command with 130", async () => {
  const files = await readdir(directory);
  const holder = await stack.server.connect("shop");
  await holder.query("BEGIN; LOCK TABLE api.events");
  const entry = ["infra/toolchain/run.cjs", "test/integration/ops-entry.ts", stack.root];
  const args = ["archive", "--table", "api.events", "--before", "2026-01-15", "--to", directory];
  const child = spawn(process.execPath, [...entry, ...args], {
    cwd: projectRoot(),
    stdio: ["ignore", "pipe", "ignore"],
  });
  let stdout = "";
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  const exit = once(child, "close");
  const watcher = await stack.server.connect("shop");
  await eventually("it waits for the table", async () => {
    const [row] = await watcher.query(
      "SELECT FROM pg_stat_activity WHERE application_name = 'pgstead archive' AND wait_event_type = 'Lock'",
    );
    return row === undefined ? undefined : true;
  });
  child.kill("SIGINT");
  expect(await exit).toEqual([130, null]);
  expect(stdout).toContain("was cancelled: nothing is half done");
  await holder.close();
  await watcher.close();
  expect(await readdir(directory)).toEqual(files);
});
