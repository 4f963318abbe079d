import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quoteIdentifier } from "../../components/core/identifier";
import { decideRepeatables } from "../../components/core/repeatables/decide";
import { planMigrations } from "../../components/core/migrations/plan-migrations";
import { findMigrations } from "../../components/io/migrations/find-migrations";
import { projectRoot } from "../../components/io/places";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { parsePreview } from "../../infra/ops/plan/preview";
import { resolvePlan, type PlanData, type PlannedStatement } from "../../infra/ops/plan/resolve";
import { renderScript } from "../../infra/ops/plan/script";
import { findClientTools } from "../support/client-tools";
import { migratedDatabase } from "../support/migrations";
import { writeParts } from "../support/own-migrations";
import { startServer, type TestServer } from "../support/server";

const tools = findClientTools();

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

afterAll(async () => {
  await server.stop();
});

/** Runs a script with psql, as a user would. */
async function run(script: string, variables: Readonly<Record<string, string>> = {}): Promise<string> {
  const file = join(server.instance.directory, "plan.sql");
  await writeFile(file, script);
  const set = Object.entries(variables).flatMap(([name, value]) => ["-v", `${name}=${value}`]);
  const place = ["-h", server.host, "-p", String(server.port), "-U", server.superuser, "-d", "postgres"];
  return (
    (await tools?.run("psql", ["-X", ...place, ...set, "-f", file], { PGPASSWORD: server.password })) ?? ""
  );
}

async function ask(database: string, sql: string): Promise<unknown[]> {
  const session = await server.connect(database);
  try {
    const rows = await session.query<Record<string, unknown>>(sql);
    return rows.map((row) => Object.values(row)[0]);
  } finally {
    await session.close();
  }
}

function planOf(database: string, ...statements: readonly Partial<PlannedStatement>[]): PlanData {
  const complete = statements.map((statement) => ({
    sql: "SELECT 1",
    reason: "a test",
    risk: "none" as const,
    kind: "schema" as const,
    ...statement,
  }));
  const resource = { resource: "Access x", urn: "u", op: "update", database, statements: complete };
  return {
    summary: {
      statements: complete.length,
      risks: { none: 0, access: 0, lock: 0, restart: 0, "data-loss": 0, review: 0 },
      refusals: 0,
    },
    resources: [{ ...resource, refusals: [], undeclared: [] }],
    changes: [],
    variables: [],
    warnings: [],
  };
}

describe.skipIf(tools === undefined)("the script of a plan, run by psql", () => {
  test("makes on an empty server what a new stack declares, with the verifiers that it was given", async () => {
    const file = join(projectRoot(), "test", "fixtures", "preview", "new-plan.json");
    const data = resolvePlan(parsePreview(readFileSync(file, "utf8")));
    const password = generatePassword();
    const variables = Object.fromEntries(data.variables.map(({ name }) => [name, scramVerifier(password)]));
    expect(Object.keys(variables)).toContain("promptforge_app_verifier");
    await run(renderScript("dev", data), variables);
    const login = await server.connect("promptforge", { user: "promptforge_app", password });
    expect(await login.query("SELECT session_user")).toEqual([{ session_user: "promptforge_app" }]);
    await login.close();
    const schemas =
      "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname IN ('app', 'audit') ORDER BY 1";
    expect(await ask("promptforge", schemas)).toEqual(["app", "audit"]);
  });

  test.each(["plain", "with space", "a=b", "it's", 'say "hi"', "back\\slash", "-dash", "postgresql://x"])(
    "connects to database %s",
    async (name) => {
      await ask("postgres", `CREATE DATABASE ${quoteIdentifier(name)}`);
      await run(renderScript("dev", planOf(name, { sql: 'CREATE SCHEMA "of:the\'plan"' })));
      const found = await ask(
        name,
        "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname LIKE 'of:%'",
      );
      expect(found).toEqual(["of:the'plan"]);
    },
  );

  test("a transaction that fails leaves nothing, and what comes after it is not run", async () => {
    const statements = [
      { sql: "CREATE SCHEMA half" },
      { sql: "CREATE SCHEMA pg_not_allowed", reason: "not\nallowed; DROP" },
      { sql: "VACUUM", transactional: false },
      { sql: "CREATE SCHEMA later" },
    ];
    await expect(run(renderScript("dev", planOf("postgres", ...statements)))).rejects.toThrow(
      "pg_not_allowed",
    );
    expect(
      await ask("postgres", "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname IN ('half', 'later')"),
    ).toEqual([]);
  });

  test("what runs in no transaction, or in another database, runs so", async () => {
    const statements = [
      { sql: "CREATE DATABASE other", transactional: false },
      { sql: "CREATE SCHEMA there", database: "other" },
      { sql: "restart the server", step: true as const },
      { sql: "CREATE SCHEMA here" },
    ];
    await run(renderScript("dev", planOf("postgres", ...statements)));
    expect(
      await ask("other", "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname = 'there'"),
    ).toEqual(["there"]);
    expect(
      await ask("postgres", "SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname = 'here'"),
    ).toEqual(["here"]);
  });
});

test.skipIf(tools === undefined)(
  "migrations run in the script as the owner, each with its record, so that nothing is pending after it",
  async () => {
    const shop = await migratedDatabase(server);
    await writeParts(shop, ["CREATE TABLE app.orders (id bigint);", "CREATE TABLE app.lines (id bigint);"]);
    await shop.write("0003-index.sql", "CREATE INDEX CONCURRENTLY orders_id ON app.orders (id);", {
      header: "-- transaction: none\n",
    });
    await shop.repeat("views/ids.sql", "CREATE OR REPLACE VIEW app.ids AS SELECT id FROM app.orders;");
    const session = await shop.open();
    const place = { directory: shop.directory, shown: "sql/migrations" };
    const declared = {
      database: shop.name,
      owner: shop.owner,
      downgrade: "refuse",
      allowDataLoss: [],
    } as const;
    const { statements } = planMigrations(
      declared,
      await findMigrations({ place, owner: shop.owner }, session),
    );
    const script = renderScript(
      "dev",
      planOf(shop.name, ...statements.map(({ redacted: _redacted, ...rest }) => rest)),
    );
    await run(script);
    await session.close();
    expect((await shop.decision()).steps).toEqual([]);
    expect(
      await ask(shop.name, "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'orders'"),
    ).toEqual([shop.owner]);
    const { steps } = decideRepeatables(await shop.repeatables(), (await shop.history()).repeatables ?? []);
    expect(steps).toEqual([]);
    expect(
      await ask(shop.name, "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'ids'"),
    ).toEqual([shop.owner]);
    await shop.remove();
  },
);

test("a database that psql cannot name is refused", () => {
  expect(() => renderScript("dev", planOf("two\nlines", {}))).toThrow("line break");
});
