import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConnectionUri } from "../../components/core/connection";
import { openSession } from "../../components/io/session";
import { preview } from "../support/changes";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
import { migrationText } from "../unit/core/migrations/judged";

let checkout: Checkout;

beforeAll(async () => {
  checkout = await makeCheckout();
  await checkout.configure(["pgstead:roles", "report"], {
    login: true,
    grants: [{ on: { table: "app.orders" }, privileges: ["SELECT"] }],
  });
});
afterAll(async () => {
  await checkout.remove();
});

const file = (name: string): string => join(checkout.directory, "sql", "migrations", name);

async function write(name: string, up: string, down?: string): Promise<void> {
  await mkdir(join(checkout.directory, "sql", "migrations"), { recursive: true });
  await writeFile(file(name), migrationText(up, down === undefined ? {} : { down }));
}

const pulumi = (...args: readonly string[]): Promise<Output> =>
  checkout.run("infra/toolchain/pulumi.ts", args, { exitCode: "any" });
const migrate = (...args: readonly string[]): Promise<Output> =>
  checkout.run("infra/ops/cli.ts", ["migrate", ...args], { exitCode: "any" });

async function asRole(key: string, sql: string): Promise<Record<string, unknown>[]> {
  const { uris } = await checkout.outputs<{ uris: Record<string, string> }>();
  const { database, ...target } = parseConnectionUri(uris[key]!);
  const session = await openSession(target, { database });
  return session.query(sql).finally(() => session.close());
}

// One story: each step stands on those before it.

test("the preview of a new stack shows the SQL of its migrations, and the grants that come after them", async () => {
  await write(
    "0001-orders.sql",
    "CREATE TABLE app.orders (\n  id bigint PRIMARY KEY,\n  body text\n);",
    "DROP TABLE app.orders;",
  );
  await write(
    "0002-seen.sql",
    "ALTER TABLE app.orders ADD COLUMN seen boolean;",
    "ALTER TABLE app.orders DROP COLUMN seen;",
  );
  const { text, exitCode } = await pulumi("preview");
  expect(exitCode).toBe(0);
  expect(text).toContain(
    "ALTER TABLE app.orders ADD COLUMN seen boolean;  -- sql/migrations/0002-seen.sql:6",
  );
  expect(text).toMatch(
    /GRANT SELECT ON TABLE "app"\."orders" TO "promptforge_report"; {2}-- declared in grants of promptforge_report; after sql\/migrations\/0001-orders\.sql/,
  );
});

test("up applies them; the next preview is empty, and a reader reads what they made", async () => {
  await checkout.pulumi("up", "--yes");
  expect((await preview(checkout)).changes).toEqual([]);
  expect(await asRole("readonly", "SELECT id FROM app.orders")).toEqual([]);
  expect(await asRole("report", "SELECT id FROM app.orders")).toEqual([]);
  await expect(asRole("readonly", "INSERT INTO app.orders (id) VALUES (1)")).rejects.toMatchObject({
    code: "42501",
  });
});

test("an applied file that was edited is refused by name", async () => {
  const text = await readFile(file("0001-orders.sql"), "utf8");
  await writeFile(file("0001-orders.sql"), text.replace("body text", "body varchar"));
  const refused = await pulumi("preview");
  expect(refused.exitCode).not.toBe(0);
  expect(refused.text).toContain(
    "sql/migrations/0001-orders.sql: was edited after it was applied by promptforge_migrator",
  );
  await writeFile(file("0001-orders.sql"), text);
});

test("a loss is refused until the stack allows it, and a failure stops there with file and line", async () => {
  await write(
    "0003-body.sql",
    '-- pgstead:allow drop-column reason="nobody reads it any more"\nALTER TABLE app.orders DROP COLUMN body;',
    "ALTER TABLE app.orders ADD COLUMN body text;",
  );
  const refused = await pulumi("preview");
  expect(refused.exitCode).not.toBe(0);
  expect(refused.text).toContain('pgstead:allowDataLoss: ["migration promptforge/0003-body.sql"]');
  await checkout.configure(["pgstead:allowDataLoss"], ["migration promptforge/0003-body.sql"]);
  await write("0004-broken.sql", "CREATE TABLE app.half (id int);\nINSERT INTO app.half SELECT 1 / 0;");
  const failed = await pulumi("up", "--yes");
  expect(failed.exitCode).not.toBe(0);
  expect(failed.text).toContain("sql/migrations/0004-broken.sql:7: division by zero (22012)");
  expect(failed.text).toContain("done before it, and stays: 0003-body.sql");
  expect((await migrate("current")).stdout).toBe("0003-body.sql\n");
  await rm(file("0004-broken.sql"));
  await checkout.pulumi("up", "--yes");
  expect((await preview(checkout)).changes).toEqual([]);
});

test("what is taken back by hand is drift, and no more once the command wrote the target", async () => {
  const stackFile = join(checkout.directory, "Pulumi.dev.yaml");
  const before = await readFile(stackFile, "utf8");
  const down = await migrate("downgrade", "-1", "--yes");
  expect(down.exitCode).toBe(0);
  expect(down.stderr).toContain('Pulumi.dev.yaml: pgstead:migrations.target is "0002" now');
  expect((await preview(checkout)).changes).toEqual([]);
  await writeFile(stackFile, before);
  const drifted = await preview(checkout);
  expect(drifted.changes).toEqual(["update pgstead:index:Migrations promptforge"]);
  expect(drifted.messages).toContain("0003-body.sql was applied at the last `up`, and was taken back since");
});
