import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConnectionUri } from "../../components/core/connection";
import { openSession } from "../../components/io/session";
import { preview } from "../support/changes";
import { makeCheckout, type Checkout } from "../support/checkout";

let checkout: Checkout;

beforeAll(async () => {
  checkout = await makeCheckout();
  await checkout.configure(["pgstead:database"], undefined);
  await checkout.configure(["pgstead:roles"], undefined);
  await checkout.configure(["pgstead:databases"], {
    orders: { schemas: { app: {} }, roles: { app: { login: true } } },
    billing: { extensions: ["pg_trgm"], schemas: { app: {} }, roles: { app: { login: true } } },
  });
  await checkout.pulumi("up", "--yes", "--skip-preview");
});

afterAll(async () => {
  await checkout.remove();
});

async function sql(database: string, statement: string): Promise<Record<string, unknown>[]> {
  const { administratorUri } = await checkout.outputs<{ administratorUri: string }>();
  const { database: _maintenance, ...target } = parseConnectionUri(administratorUri);
  const session = await openSession(target, { database });
  try {
    return await session.query(statement);
  } finally {
    await session.close();
  }
}

test("a database of a disposable stack leaves with all that is in it, once that is allowed", async () => {
  await sql("billing", "CREATE TABLE app.invoices AS SELECT 1 AS id");
  await checkout.configure(["pgstead:databases", "billing"], undefined);
  const refused = await checkout.run("infra/toolchain/pulumi.ts", ["preview"], { exitCode: "any" });
  expect(refused.exitCode).not.toBe(0);
  expect(refused.text).toContain('pgstead:allowDataLoss: ["database billing"]');
  await checkout.configure(["pgstead:allowDataLoss"], ["database billing"]);
  await checkout.pulumi("up", "--yes", "--skip-preview");
  const left = await sql(
    "postgres",
    "SELECT datname::text AS name FROM pg_database WHERE NOT datistemplate ORDER BY 1",
  );
  expect(left).toEqual([{ name: "orders" }, { name: "postgres" }]);
  expect((await preview(checkout)).changes).toEqual([]);
});

test("another name of a role is another role, and the old one leaves", async () => {
  await checkout.configure(["pgstead:databases", "orders", "roles", "app"], { login: true, name: "clerk" });
  expect((await preview(checkout)).changes).toEqual([
    "create pgstead:index:Credential clerk",
    "create postgresql:index/role:Role clerk",
    "delete pgstead:index:Credential orders_app",
    "delete postgresql:index/role:Role orders_app",
    "update pgstead:index:Access orders",
    "update pgstead:index:Access orders-objects",
    "update pgstead:index:Access server",
    "update pgstead:index:HostBasedAccess server",
  ]);
  await checkout.pulumi("up", "--yes", "--skip-preview");
  const roles = await sql(
    "postgres",
    "SELECT rolname::text AS name FROM pg_roles WHERE rolname IN ('clerk', 'orders_app')",
  );
  expect(roles).toEqual([{ name: "clerk" }]);
  const { uris } = await checkout.outputs<{ uris: Record<string, Record<string, string>> }>();
  expect(parseConnectionUri(uris.orders!.app!).user).toBe("clerk");
});

test("what was dropped by hand and leaves the configuration too does not stop the run", async () => {
  await checkout.configure(["pgstead:databases", "orders", "roles", "report"], { login: true });
  await checkout.configure(["pgstead:databases", "orders", "extensions"], ["citext"]);
  await checkout.pulumi("up", "--yes", "--skip-preview");
  await sql("orders", "DROP EXTENSION citext");
  await sql("orders", "DROP OWNED BY orders_report");
  await sql("orders", "DROP ROLE orders_report");
  await checkout.configure(["pgstead:databases", "orders", "roles", "report"], undefined);
  await checkout.configure(["pgstead:databases", "orders", "extensions"], undefined);
  await checkout.pulumi("up", "--yes");
  expect((await preview(checkout)).changes).toEqual([]);
});
