import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConnectionUri } from "../../components/core/connection";
import { openSession } from "../../components/io/session";
import { preview } from "../support/changes";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";

const pulumiScript = "infra/toolchain/pulumi.ts";
let checkout: Checkout;

beforeAll(async () => {
  checkout = await makeCheckout();
  await checkout.configure(["pgstead:disposable"], false);
  await checkout.configure(["pgstead:database"], undefined);
  await checkout.configure(["pgstead:roles"], undefined);
  await checkout.configure(["pgstead:databases"], {
    orders: { extensions: ["pg_trgm"], schemas: { app: {} }, roles: { app: { login: true } } },
    billing: { schemas: { app: {} }, roles: { app: { login: true } } },
  });
  await checkout.pulumi("up", "--yes", "--skip-preview");
});

afterAll(async () => {
  await checkout.configure(["pgstead:disposable"], true);
  await checkout.run(pulumiScript, ["up", "--yes", "--skip-preview"], { exitCode: "any" });
  await checkout.remove();
});

async function refused(...args: string[]): Promise<Output> {
  const output = await checkout.run(pulumiScript, args, { exitCode: "any" });
  expect(output.exitCode).not.toBe(0);
  return output;
}

async function count(database: string, sql: string): Promise<unknown> {
  const { uris } = await checkout.outputs<{ uris: Record<string, Record<string, string>> }>();
  const { database: name, ...target } = parseConnectionUri(uris[database]!.app!);
  const session = await openSession(target, { database: name });
  const [row] = await session.query<{ n: number }>(sql);
  await session.close();
  return row?.n;
}

test("several databases in one stack have roles of their own", async () => {
  expect((await preview(checkout)).changes).toEqual([]);
  expect(
    await count(
      "orders",
      "SELECT count(*)::int AS n FROM pg_roles WHERE rolname ~ '^(orders|billing)_' AND rolname !~ '_(reader|writer)$'",
    ),
  ).toBe(6);
  const { roles } = await checkout.outputs<{ roles: Record<string, Record<string, string>> }>();
  expect(roles.billing).toEqual({ app: "billing_app", migrator: "billing_migrator" });
});

test("destroy is refused before anything is touched, and names what is protected", async () => {
  const { text } = await refused("destroy", "--yes");
  expect(text).toContain("protected");
  expect(text).toMatch(/Database::(orders|billing)/);
  expect(await count("billing", "SELECT 1 AS n")).toBe(1);
});

test("a change of encoding, locale or template is refused, with what to do instead", async () => {
  await checkout.configure(["pgstead:databases", "orders", "template"], "template1");
  const { text } = await refused("up", "--yes");
  expect(text).toContain("database orders: its template cannot change from template0 to template1");
  expect(text).toContain("declare a new database beside it, copy the data");
  await refused("up", "--yes", "--skip-preview");
  await checkout.configure(["pgstead:databases", "orders", "template"], undefined);
  expect((await preview(checkout)).changes).toEqual([]);
});

test("a database that leaves the configuration needs its word, and unprotecting as well", async () => {
  await checkout.configure(["pgstead:databases", "billing"], undefined);
  const first = await refused("preview");
  expect(first.text).toContain('pgstead:allowDataLoss: ["database billing"]');
  const urn = /npm run pulumi -- state unprotect --stack dev '(urn:[^']+Database::billing)'/.exec(
    first.text,
  )?.[1];
  await checkout.configure(["pgstead:allowDataLoss"], ["database billing"]);
  const second = await refused("up", "--yes", "--skip-preview");
  expect(second.text).toContain("protected");
  await checkout.pulumi("state", "unprotect", urn ?? "", "--yes");
  await checkout.pulumi("up", "--yes", "--skip-preview");
  expect(await count("orders", "SELECT count(*)::int AS n FROM pg_database WHERE datname = 'billing'")).toBe(
    0,
  );
  expect(await count("orders", "SELECT count(*)::int AS n FROM pg_roles WHERE rolname ~ '^billing_'")).toBe(
    0,
  );
  await checkout.configure(["pgstead:allowDataLoss"], undefined);
  expect((await preview(checkout)).changes).toEqual([]);
});

test("a role that owns objects does not leave silently, and the run does not end in a failed deletion", async () => {
  const { administratorUri } = await checkout.outputs<{ administratorUri: string }>();
  const { database: _maintenance, ...target } = parseConnectionUri(administratorUri);
  const session = await openSession(target, { database: "orders" });
  await session.query("CREATE TABLE public.mine (n int)");
  await session.query("ALTER TABLE public.mine OWNER TO orders_app");
  await checkout.configure(["pgstead:databases", "orders", "roles", "app"], undefined);
  const { text } = await refused("preview");
  await session.query("DROP TABLE public.mine");
  await session.close();
  expect(text).toContain("role orders_app: it left the configuration and cannot be dropped");
  await checkout.configure(["pgstead:databases", "orders", "roles", "app"], { login: true });
});

test("a restart that is not allowed is refused", async () => {
  const other = checkout.port === 31_999 ? 31_998 : checkout.port + 1;
  await checkout.configure(["pgstead:server", "port"], other);
  const { text } = await refused("preview");
  expect(text).toContain('pgstead:server.restart: "allow"');
  await checkout.configure(["pgstead:server", "port"], checkout.port);
});
