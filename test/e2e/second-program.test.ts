import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSession } from "../../components/io/session";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";

let checkout: Checkout;
let env: NodeJS.ProcessEnv;

/** The wrapper with a login of the user's own, in the directory of a program that is built from the components. */
function pulumi(...args: string[]): Promise<Output> {
  const words = ["--cwd", "test/fixtures/second-program", ...args];
  return checkout.run("infra/toolchain/pulumi.ts", words, { env });
}

beforeAll(async () => {
  checkout = await makeCheckout();
  const home = dirname(checkout.directory);
  await mkdir(join(home, "backend"));
  env = {
    PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
    PULUMI_HOME: join(home, "pulumi"),
    PULUMI_CONFIG_PASSPHRASE: "of a test",
  };
  await pulumi("stack", "init", "trial");
  await pulumi("config", "set", "port", String(checkout.port), "--stack", "trial");
});

afterAll(async () => {
  await pulumi("destroy", "--yes", "--stack", "trial");
  await checkout.remove();
});

test("the components make a server, a database, roles and schemas in a program of one's own", async () => {
  await pulumi("up", "--yes", "--stack", "trial");
  const { stdout } = await pulumi("stack", "output", "--json", "--show-secrets", "--stack", "trial");
  const { port, passwords } = JSON.parse(stdout) as { port: number; passwords: Record<string, string> };
  expect(port).toBe(checkout.port);
  const target = { host: "127.0.0.1", port, user: "shop_api", password: passwords.shop_api! };
  const session = await openSession(target, { database: "shop" });
  const rows = await session.query(
    "SELECT n.nspname::text AS schema, e.extname::text AS extension FROM pg_namespace n JOIN pg_extension e ON e.extnamespace = n.oid WHERE e.extname = 'pg_trgm'",
  );
  await session.close();
  expect(rows).toEqual([{ schema: "api", extension: "pg_trgm" }]);
});

test("a limit is raised by its Access alone, and then nothing is left to do", async () => {
  await pulumi("config", "set", "limit", "9", "--stack", "trial");
  const changed = await pulumi("up", "--yes", "--skip-preview", "--stack", "trial");
  expect(changed.text).toContain('ALTER ROLE "shop_api" CONNECTION LIMIT 9;');
  expect(changed.text).toMatch(/~ 1 updated/);
  const again = await pulumi("preview", "--expect-no-changes", "--stack", "trial");
  expect(again.text).toContain("unchanged");
});
