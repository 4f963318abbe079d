import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { migrationText } from "../unit/core/migrations/judged";
import { deployStack, type DeployedStack } from "./ops-stack";

let stack: DeployedStack;
let directory = "";
beforeAll(async () => {
  stack = await deployStack();
  await change(
    "GRANT shop_owner TO shop_migrator WITH INHERIT FALSE, SET TRUE; ALTER ROLE shop_migrator SET role = shop_owner",
  );
  await change("DROP VIEW api.recent; DROP TABLE api.orders; DROP FUNCTION api.one()");
});
afterAll(() => stack.remove());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "pgstead-ops-migrate-test-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function change(sql: string): Promise<Record<string, unknown>[]> {
  const session = await stack.server.connect("shop");
  return session.query(sql).finally(() => session.close());
}

const write = (file: string, up: string, parts: { down?: string; header?: string } = {}): Promise<void> =>
  writeFile(join(directory, file), migrationText(up, parts));

interface Json {
  readonly status: string;
  readonly data: {
    readonly applied: readonly string[];
    readonly reversed: readonly string[];
    readonly irreversible: string | null;
    readonly liveHead: string | null;
    readonly liveUnseen: string | null;
    readonly remarks: readonly { subject: string; message: string }[];
  };
  readonly findings: readonly { subject: string; message: string; hint: string }[];
}

async function run(...args: readonly string[]): Promise<Json> {
  const { stdout } = await stack.ops("migrate", "test", "--json", "--dir", directory, ...args);
  return JSON.parse(stdout) as Json;
}

const orders = "CREATE TABLE api.orders (id int PRIMARY KEY, note text, total numeric(9,2) NOT NULL);";

test("what goes up, down and up again without a trace is good, with the live schema beside it", async () => {
  await write("0001-orders.sql", orders, { down: "DROP TABLE api.orders;" });
  await write("0002-state.sql", "ALTER TABLE api.orders ADD COLUMN state text NOT NULL DEFAULT 'new';", {
    down: "ALTER TABLE api.orders DROP COLUMN state;",
  });
  expect((await stack.ops("migrate", "upgrade", "0001", "--yes", "--dir", directory)).exitCode).toBe(0);
  const good = await run();
  expect(good.findings).toEqual([]);
  expect(good).toMatchObject({
    status: "good",
    data: { irreversible: null, liveHead: "0001-orders.sql", liveUnseen: null, remarks: [] },
  });
  expect(good.data.reversed.map((path) => path.slice(-14))).toEqual([
    expect.stringContaining("0002-state.sql"),
    expect.stringContaining("001-orders.sql"),
  ]);
  await change("ALTER TABLE api.orders ADD COLUMN by_hand text");
  const drifted = await run();
  expect(drifted.findings).toMatchObject([
    {
      subject: "column api.orders.by_hand",
      message: expect.stringContaining("in the live database: ") as unknown,
    },
  ]);
  // What was tested was another database.
  expect(await change("SELECT count(*)::int AS rows FROM api.orders")).toEqual([{ rows: 0 }]);
  expect(
    (await stack.ops("migrate", "downgrade", "base", "--allow-data-loss", "--yes", "--dir", directory))
      .exitCode,
  ).toBe(0);
});

test("what a down part leaves behind, and what it forgets to bring back, is told of its file", async () => {
  await write("0001-orders.sql", `${orders}\nCREATE TYPE api.state AS ENUM ('new');`, {
    down: "DROP TABLE api.orders;",
  });
  await write(
    "0002-index.sql",
    "CREATE TABLE api.parcels (id int);\nALTER TABLE api.orders ADD CHECK (total >= 0);",
    {
      down: "DROP TABLE api.parcels;",
    },
  );
  const { findings, status } = await run("--no-live");
  expect(status).toBe("finding");
  expect(findings.map(({ subject, message }) => `${subject}: ${message}`)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(
        /^constraint orders_total_check on api\.orders: after .*0002-index\.sql and its down part: is left behind$/,
      ),
      expect.stringMatching(/^type api\.state: after .*0001-orders\.sql and its down part: is left behind$/),
      expect.stringMatching(/0001-orders\.sql:\d+: its up part fails: .*already exists/),
    ]) as unknown,
  );
});

test("a way back that loses rows is told, unless the file says that it loses data", async () => {
  await write("0001-orders.sql", orders, { down: "DROP TABLE api.orders;" });
  const lossy = "ALTER TABLE api.orders DROP COLUMN note;";
  const back = { down: "ALTER TABLE api.orders ADD COLUMN note text;" };
  await write("0002-lossy.sql", `-- pgstead:allow drop-column reason="nobody reads it"\n${lossy}`, back);
  const said = await run("--no-live");
  expect(said.findings).toEqual([]);
  expect(said.data.remarks).toMatchObject([
    { message: "its down part does not bring back the rows of api.orders, as its up part says" },
  ]);
  await write("0002-lossy.sql", "UPDATE api.orders SET note = 'gone' WHERE id > 0;", { down: "SELECT 1;" });
  const silent = await run("--no-live");
  expect(silent.findings).toMatchObject([
    { message: "its down part does not bring back the rows of api.orders" },
  ]);
});

test("an irreversible file ends the way down, and what follows it is tested all the same", async () => {
  await write("0001-orders.sql", orders, { down: "DROP TABLE api.orders;" });
  await writeFile(
    join(directory, "0002-final.sql"),
    migrationText("ALTER TABLE api.orders ADD COLUMN state text;", {
      header: "-- irreversible: it stays\n",
    }).replace(/-- migrate:down[^]*$/, ""),
  );
  await write("0003-parcels.sql", "CREATE TABLE api.parcels (id int);", { down: "DROP TABLE api.parcels;" });
  const { data, findings } = await run("--no-live");
  expect(findings).toEqual([]);
  expect(data.reversed).toHaveLength(1);
  expect(data.irreversible).toContain("0002-final.sql");
});

test("a file that does not take made-up rows is tested without them; one that fails ends the test", async () => {
  await write("0001-orders.sql", orders, { down: "DROP TABLE api.orders;" });
  await write("0002-check.sql", "ALTER TABLE api.orders ADD CHECK (total > 1000);", {
    down: "ALTER TABLE api.orders DROP CONSTRAINT orders_total_check;",
  });
  const refused = await run("--no-live");
  expect(refused.findings).toEqual([]);
  expect(refused.data.remarks).toMatchObject([
    {
      message: expect.stringContaining("not tested with rows, as it does not take made-up ones: ") as unknown,
    },
  ]);
  await write("0003-wrong.sql", "ALTER TABLE api.nowhere ADD COLUMN x int;", { down: "SELECT 1;" });
  const failed = await run("--no-live");
  expect(failed.findings).toMatchObject([
    { message: expect.stringContaining("its up part fails: ") as unknown },
  ]);
  expect(await scratchOf()).toEqual([]);
});

test("on the stack's own server it works in a database of its own, and drops it", async () => {
  await change(
    ["api", "public"]
      .flatMap((schema) => [`CREATE ROLE shop_${schema}_reader`, `CREATE ROLE shop_${schema}_writer`])
      .join("; "),
  );
  await write("0001-orders.sql", orders, { down: "DROP TABLE api.orders;" });
  const { findings, data } = await run("--scratch", "same-server");
  expect(findings).toEqual([]);
  expect(data.applied).toHaveLength(1);
  expect(await change("SELECT datname FROM pg_database WHERE datname LIKE 'pgstead_scratch%'")).toEqual([]);
  for (const place of ["same-server", "container"]) {
    const args = ["--no-live", "--scratch", place, "--dir", directory];
    const contradiction = await stack.ops("migrate", "test", ...args);
    expect(contradiction.exitCode).toBe(2);
    expect(contradiction.stderr).toContain(`contradicts --scratch ${place}`);
  }
});

/** Databases that a test may have left on the stack's server. */
async function scratchOf(): Promise<unknown[]> {
  return change("SELECT datname FROM pg_database WHERE datname ~ '^(pgstead_scratch|copy)_'");
}
