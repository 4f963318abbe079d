import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConnectionUri } from "../../components/core/connection";
import { openSession } from "../../components/io/session";
import { preview } from "../support/changes";
import { makeCheckout, type Checkout } from "../support/checkout";

interface Outputs {
  readonly uris: Readonly<Record<string, string>>;
  readonly administratorUri: string;
}

let checkout: Checkout;
let outputs: Outputs;

beforeAll(async () => {
  checkout = await makeCheckout("audit");
  await checkout.configure(["pgstead:audit"], {
    schemas: ["app"],
    tables: { "app.cards": { exclude: ["number"] } },
    retention: "24 months",
  });
  await checkout.run("infra/toolchain/start.ts");
  outputs = await checkout.outputs<Outputs>();
});

afterAll(async () => {
  await checkout.remove();
});

async function sql(login: string, text: string): Promise<Record<string, unknown>[]> {
  const uri = login === "administrator" ? outputs.administratorUri : (outputs.uris[login] ?? "");
  const session = await openSession(parseConnectionUri(uri), { database: "promptforge" });
  try {
    return await session.query(text);
  } finally {
    await session.close();
  }
}

async function drift(exitCode: number): Promise<{ readonly sql?: string }[]> {
  const { stdout } = await checkout.run("infra/ops/cli.ts", ["drift", "--json"], { exitCode });
  return (JSON.parse(stdout) as { data: { drift: { sql?: string }[] } }).data.drift;
}

test("one `up` makes the trail, and what a migration makes afterwards is in it from its first row", async () => {
  await sql(
    "migrator",
    "CREATE TABLE app.orders (id int PRIMARY KEY, status text); CREATE TABLE app.cards (id int PRIMARY KEY, number text)",
  );
  await sql("app", "INSERT INTO app.orders VALUES (1, 'new'); INSERT INTO app.cards VALUES (1, '4111')");
  expect(
    await sql(
      "readonly",
      "SELECT login, operation, table_name, new FROM audit.change_log WHERE operation <> 'DDL' ORDER BY id",
    ),
  ).toEqual([
    { login: "promptforge_app", operation: "INSERT", table_name: "orders", new: { id: 1, status: "new" } },
    { login: "promptforge_app", operation: "INSERT", table_name: "cards", new: { id: 1 } },
  ]);
  expect((await preview(checkout)).changes).toEqual([]);
  expect(await drift(0)).toEqual([]);
});

test("nobody of the stack can touch the trail, which its readers alone see", async () => {
  for (const login of ["app", "migrator", "readonly", "backup"]) {
    await expect(sql(login, "DELETE FROM audit.change_log")).rejects.toMatchObject({ code: "42501" });
  }
  await expect(sql("app", "SELECT FROM audit.change_log")).rejects.toMatchObject({ code: "42501" });
});

test("what somebody does to it by hand shows in a plain preview and as drift, and `up` mends it", async () => {
  await sql(
    "administrator",
    `ALTER TABLE app.orders DISABLE TRIGGER pgstead_audit_update;
     CREATE ROLE mallory; GRANT INSERT ON audit.change_log TO mallory;
     CREATE OR REPLACE FUNCTION audit.record_delete() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`,
  );
  const { changes, messages } = await preview(checkout);
  expect(changes).toEqual(["update pgstead:index:Audit promptforge"]);
  expect(messages).toContain('ALTER TABLE ONLY "app"."orders" ENABLE ALWAYS TRIGGER "pgstead_audit_update"');
  expect(messages).toMatch(
    /CREATE OR REPLACE FUNCTION "audit"\."record_delete"\(\) RETURNS trigger … \(\d+ lines/,
  );
  expect(messages).toContain('REVOKE INSERT ON TABLE "audit"."change_log" FROM "mallory"');
  expect((await drift(1)).length).toBeGreaterThan(2);
  await checkout.pulumi("up", "--yes", "--skip-preview");
  expect((await preview(checkout)).changes).toEqual([]);
  await sql("administrator", "DROP ROLE mallory");
});

test("what leaves the configuration loses its triggers, says so, and keeps its trail", async () => {
  const [before] = await sql(
    "administrator",
    "SELECT count(*)::int FROM audit.change_log WHERE operation <> 'DDL'",
  );
  await checkout.configure(["pgstead:audit"], { schemas: [] });
  const { messages } = await preview(checkout);
  expect(messages).toContain(
    'DROP TRIGGER "pgstead_audit_delete" ON "app"."orders";  -- audit of app.orders is not declared: the trail keeps what it has',
  );
  await checkout.pulumi("up", "--yes", "--skip-preview");
  await sql("app", "INSERT INTO app.orders VALUES (2, 'unseen')");
  const [after] = await sql(
    "administrator",
    "SELECT count(*)::int FROM audit.change_log WHERE operation <> 'DDL'",
  );
  expect(after).toEqual(before);
  await checkout.configure(["pgstead:audit"], undefined);
  const refused = await checkout.run("infra/toolchain/pulumi.ts", ["preview"], { exitCode: "any" });
  expect(refused.exitCode).not.toBe(0);
  expect(refused.text).toMatch(
    /role promptforge_audit: it left the configuration[\s\S]*?to end the auditing write pgstead:audit: \{ schemas: \[\] \}/,
  );
  expect(refused.text).not.toContain("retired: reassign");
});
