import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dataHome, projectRoot } from "../../components/io/places";
import { eventually } from "../support/eventually";
import { migrationText } from "../unit/core/migrations/judged";
import { deployStack, type DeployedStack } from "./ops-stack";

let stack: DeployedStack;
let directory = "";
beforeAll(async () => {
  stack = await deployStack();
  directory = await mkdtemp(join(tmpdir(), "pgstead-ops-drift-"));
  await change(
    "GRANT shop_owner TO shop_migrator WITH INHERIT FALSE, SET TRUE; ALTER ROLE shop_migrator SET role = shop_owner",
  );
  // What the stack has beside its migrations is none of theirs.
  await change("DROP VIEW api.recent; DROP TABLE api.orders; DROP FUNCTION api.one()");
});
afterAll(async () => {
  await stack.remove();
  await rm(directory, { recursive: true, force: true });
});

async function change(sql: string): Promise<Record<string, unknown>[]> {
  const session = await stack.server.connect("shop");
  return session.query(sql).finally(() => session.close());
}

interface Item {
  readonly kind: string;
  readonly resource: string;
  readonly subject?: string;
  readonly message: string;
  readonly mend?: readonly { sql: string; class: string }[];
}

interface Json {
  readonly status: string;
  readonly data: {
    readonly drift: readonly Item[];
    readonly unseen: readonly { what: string; reason: string }[];
    readonly notCompared: readonly { what: string; reason: string }[];
    readonly remarks: readonly { subject: string; message: string }[];
    readonly schemas: readonly { head: string | null; pending: number; cached: boolean }[];
  };
}

const drift = (...args: readonly string[]) => stack.ops("drift", "--dir", directory, ...args);
const json = async (...args: readonly string[]): Promise<Json> =>
  JSON.parse((await drift("--json", ...args)).stdout) as Json;
const ofSchema = ({ data }: Json): Item[] => data.drift.filter(({ resource }) => resource === "Schema shop");

test("without migrations, and before the first one, the schema is not compared, and drift says why", async () => {
  const none = await json();
  expect(none.data.notCompared).toEqual([
    {
      what: "Schema shop",
      reason: expect.stringMatching(/^no migration was ever applied to it: /) as unknown,
    },
  ]);
  const elsewhere = JSON.parse(
    (await stack.ops("drift", "--json", "--dir", join(directory, "none"))).stdout,
  ) as Json;
  expect(elsewhere.data.notCompared[0]?.reason).toContain("there is no ");
  expect(ofSchema(none)).toEqual([]);
});

test("what migrations made is no drift, and the expected schema is made once", async () => {
  await writeFile(
    join(directory, "0001-orders.sql"),
    migrationText(
      "CREATE TABLE api.orders (id int PRIMARY KEY, total numeric NOT NULL DEFAULT 0);\nCREATE VIEW api.big AS SELECT id FROM api.orders WHERE total > 100;",
      { down: "DROP VIEW api.big;\nDROP TABLE api.orders;" },
    ),
  );
  expect((await stack.ops("migrate", "upgrade", "--yes", "--dir", directory)).exitCode).toBe(0);
  const first = await json();
  expect(ofSchema(first)).toEqual([]);
  expect(first.data.unseen).toEqual([]);
  expect(first.data.schemas).toMatchObject([{ head: "0001-orders.sql", pending: 0, cached: false }]);
  expect((await json()).data.schemas).toMatchObject([{ cached: true }]);
});

test("a file that waits to be applied is no drift", async () => {
  const file = join(directory, "0002-note.sql");
  await writeFile(file, migrationText("ALTER TABLE api.orders ADD COLUMN note text;"));
  const found = await json();
  expect(ofSchema(found)).toEqual([]);
  expect(found.data.schemas).toMatchObject([{ head: "0001-orders.sql", pending: 1, cached: true }]);
  await rm(file);
});

test("changes by hand are named with what would mend them; --sql prints a script that does", async () => {
  await change("ALTER TABLE api.orders ALTER COLUMN total SET DEFAULT 7, ADD COLUMN by_hand text");
  await change("CREATE OR REPLACE VIEW api.big AS SELECT id FROM api.orders");
  const found = await json();
  expect(found.status).toBe("finding");
  expect(ofSchema(found)).toMatchObject([
    { subject: "column api.orders.by_hand", mend: [{ class: "data-loss" }] },
    { subject: "column api.orders.total", message: "default: expected 0, found 7" },
    { subject: "view api.big" },
  ]);
  const text = (await drift()).stdout;
  expect(text).toContain(
    "  column api.orders.total: default: expected 0, found 7\n      ALTER TABLE api.orders",
  );
  const careful = (await drift("--sql")).stdout;
  expect(careful).toContain("-- ALTER TABLE api.orders DROP COLUMN by_hand;");
  const whole = (await drift("--sql", "--allow-data-loss")).stdout;
  expect(whole).toMatch(/^ALTER TABLE api\.orders DROP COLUMN by_hand;/m);
  await change(whole);
  expect(ofSchema(await json())).toEqual([]);
});

test("what the configuration ignores is not told, and columns in another order are a remark", async () => {
  await change("CREATE TABLE api.import_1 (id int)");
  await change(
    "DROP VIEW api.big; ALTER TABLE api.orders DROP COLUMN total; ALTER TABLE api.orders DROP CONSTRAINT orders_pkey, DROP COLUMN id",
  );
  await change(
    "ALTER TABLE api.orders ADD COLUMN total numeric NOT NULL DEFAULT 0, ADD COLUMN id int PRIMARY KEY; CREATE VIEW api.big AS SELECT id FROM api.orders WHERE total > 100::numeric; ALTER VIEW api.big OWNER TO shop_owner",
  );
  const file = join(stack.root, "Pulumi.dev.yaml");
  const before = await readFile(file, "utf8");
  await writeFile(file, `${before}  pgstead:drift: { ignore: [{ kind: table, name: "api.import_*" }] }\n`);
  const found = await json();
  expect(ofSchema(found)).toEqual([]);
  expect(found.data.remarks).toEqual([
    { subject: "table api.orders", message: "its columns stand in another order: total, id" },
  ]);
  await writeFile(file, `${before}  pgstead:drift: { ignore: [{ kind: tabel, name: "*" }] }\n`);
  const wrong = await drift();
  expect(wrong.exitCode).toBe(2);
  expect(wrong.stderr).toContain("drift.ignore[0].kind");
  expect(wrong.stderr).toContain("drift.ignore[0].name");
  await writeFile(file, before);
  await change("DROP TABLE api.import_1");
});

test("a scratch database on the stack's own server gives the same, and is dropped", async () => {
  const groups = ["api", "public"].flatMap((schema) => [`shop_${schema}_reader`, `shop_${schema}_writer`]);
  await change(groups.map((group) => `CREATE ROLE ${group}`).join("; "));
  await change('CREATE DATABASE "pgstead_scratch_0123456789ab"'); // what a run that was killed has left
  const found = await json("--scratch", "same-server");
  expect(found.data.unseen).toEqual([]);
  expect(ofSchema(found)).toEqual([]);
  expect(await change("SELECT datname FROM pg_database WHERE datname LIKE 'pgstead_scratch%'")).toEqual([]);
});

test("a container of the server's image is for stacks that have one: refused before anything is asked", async () => {
  for (const command of [["drift"], ["migrate", "test"]]) {
    const refused = await stack.ops(...command, "--dir", directory, "--scratch", "container");
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain(
      "--scratch container: is for target docker, and the stack's is embedded",
    );
    expect(refused.stderr).toContain("hint: say --scratch embedded, or --scratch same-server");
  }
});

test("an edited file says nothing of what the database has: that is told, and is no drift", async () => {
  const file = join(directory, "0001-orders.sql");
  const before = await readFile(file, "utf8");
  await writeFile(file, before.replace("-- why: a test", "-- why: another"));
  const found = await json();
  expect(found.data.unseen).toMatchObject([
    { what: "Schema shop", reason: expect.stringContaining("was edited after it was applied") as unknown },
  ]);
  await writeFile(file, before);
});

test("Ctrl-C removes the scratch server, and what a kill leaves is removed by the next run", async () => {
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    // Another owner's text makes another key: the cache does not answer.
    await change(`CREATE ROLE cache_miss_${signal.toLowerCase()}`);
    const entry = ["infra/toolchain/run.cjs", "test/integration/ops-entry.ts", stack.root];
    const child = spawn(process.execPath, [...entry, "drift", "--dir", directory], {
      cwd: projectRoot(),
      stdio: "ignore",
    });
    const exit = once(child, "close");
    const made = async () => (await scratchServers()).filter((name) => name.startsWith(`${child.pid ?? 0}-`));
    await eventually("the scratch server is being made", async () =>
      (await made()).length > 0 ? true : undefined,
    );
    child.kill(signal);
    expect(await exit).toEqual(signal === "SIGINT" ? [130, null] : [null, "SIGKILL"]);
    // Of what was killed any next run removes what is left, those of other tests as well.
    if (signal === "SIGKILL") await json();
    expect(await made()).toEqual([]);
  }
});

/** Directories of scratch servers, other runs' among them. */
async function scratchServers(): Promise<string[]> {
  return readdir(join(dataHome(), "scratch")).catch(() => []);
}
