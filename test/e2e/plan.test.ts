import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConnectionUri } from "../../components/core/connection";
import { withSession } from "../../components/io/session";
import type { PlanData } from "../../infra/ops/plan/resolve";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
import { findClientTools } from "../support/client-tools";
import { eventually } from "../support/eventually";

const tools = findClientTools();

let checkout: Checkout;
let administrator: string;

beforeAll(async () => {
  checkout = await makeCheckout("plan");
  await checkout.run("infra/toolchain/start.ts");
  ({ administratorUri: administrator } = await checkout.outputs<{ administratorUri: string }>());
});

afterAll(async () => {
  await checkout.remove();
});

async function sql(...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  return withSession(parseConnectionUri(administrator), { database: "promptforge" }, async (session) => {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = await session.query(statement);
    return rows;
  });
}

function plan(exitCode: number, ...args: readonly string[]): Promise<Output> {
  return checkout.run("infra/ops/cli.ts", ["plan", ...args], { exitCode });
}

async function planJson(exitCode: number, ...args: readonly string[]): Promise<PlanData> {
  const { stdout } = await plan(exitCode, "--json", ...args);
  return (JSON.parse(stdout) as { data: PlanData }).data;
}

async function verifierOf(role: string): Promise<string> {
  const [row] = await sql(`SELECT rolpassword FROM pg_catalog.pg_authid WHERE rolname = '${role}'`);
  return String(row?.rolpassword);
}

test("a stack that is as declared has nothing to do", async () => {
  expect((await plan(0, "--expect-no-changes")).stdout).toBe("stack dev: nothing to do\n");
  expect((await planJson(0)).summary).toMatchObject({ statements: 0, refusals: 0 });
});

test.skipIf(tools === undefined)(
  "the script does what `up` would do: after psql has run it, nothing is left, and no secret was in it",
  async () => {
    const verifier = await verifierOf("promptforge_app");
    await sql(
      "ALTER ROLE promptforge_app NOLOGIN CREATEDB PASSWORD 'changed by hand'",
      "GRANT CONNECT ON DATABASE promptforge TO PUBLIC",
      "ALTER DEFAULT PRIVILEGES FOR ROLE promptforge_owner IN SCHEMA app REVOKE SELECT ON TABLES FROM promptforge_app_reader",
      "GRANT promptforge_owner TO promptforge_readonly",
    );
    const data = await planJson(1, "--expect-no-changes");
    expect(data.variables).toEqual([{ name: "promptforge_app_verifier", role: "promptforge_app" }]);
    expect(data.summary.statements).toBeGreaterThanOrEqual(5);
    const text = await plan(0);
    expect(text.stdout).toContain('ALTER ROLE "promptforge_app" LOGIN NOCREATEDB;  -- the server has');

    const { stdout: script } = await plan(0, "--sql");
    expect(`${script}${text.stdout}${JSON.stringify(data)}`).not.toMatch(/SCRAM-SHA-256\$/);
    const file = join(checkout.directory, "plan.sql");
    await writeFile(file, script);
    const psql = (...args: readonly string[]) =>
      tools?.run("psql", ["-X", "-d", administrator, ...args, "-f", file]);

    await expect(psql()).rejects.toThrow("the variable promptforge_app_verifier is not set");
    expect(await planJson(0)).toEqual(data);
    const variables = join(checkout.directory, "verifiers.psql");
    await writeFile(variables, `\\set promptforge_app_verifier '${verifier}'\n`, { mode: 0o600 });
    await psql("-f", variables);

    expect((await plan(0, "--expect-no-changes")).stdout).toBe("stack dev: nothing to do\n");
    expect(await verifierOf("promptforge_app")).toBe(verifier);
  },
);

test("a plan that is refused is a finding, and gives no script", async () => {
  await sql("CREATE TABLE audit.events (id int)");
  await checkout.configure(["pgstead:database", "schemas", "audit"], undefined);
  const { stdout } = await plan(1);
  expect(stdout).toContain("refused: schema promptforge.audit: it left the configuration and is not empty");
  expect(stdout).toContain('pgstead:allowDataLoss: ["schema promptforge.audit"]');
  const script = await plan(1, "--sql");
  expect(script.stdout).toBe("");
  expect(script.stderr).toContain("refused: it left the configuration");
});

test("the comment of a real preview tells the refusal, and ends with 1", async () => {
  const preview = await checkout.run("infra/toolchain/pulumi.ts", ["preview", "--json"], {
    exitCode: "any",
    env: { PGSTEAD_PLAN: "full" },
  });
  expect(preview.exitCode).not.toBe(0);
  const file = join(checkout.directory, "preview.json");
  await writeFile(file, preview.stdout);
  const { stdout } = await checkout.run("infra/ops/cli.ts", ["preview-comment", file], { exitCode: 1 });
  expect(stdout).toMatch(
    /^<!-- pgstead:preview stack=dev -->\n[^]*\*\*Refused: nothing of this will run\*\*/,
  );
});

test("a preview that fails for another reason cannot be planned, and says why", async () => {
  const file = join(checkout.directory, "infra", "index.ts");
  const program = await readFile(file, "utf8");
  await writeFile(file, `${program}\nthrow new pulumi.RunError("the moon is in the way");\n`);
  const refused = await plan(1);
  expect(refused.stdout).toContain("preview of stack dev: the moon is in the way");
  await checkout.configure(["pgstead:allowDataLoss"], ["schema promptforge.audit"]);
  const { stdout, stderr } = await plan(3);
  expect(stdout).toBe("");
  expect(stderr).toContain("stack dev cannot be planned: the moon is in the way\n");
  await writeFile(file, program);
});

test("a server that is stopped is told, and the steps that start it are planned", async () => {
  const [row] = await sql("SHOW data_directory");
  const [pid] = (await readFile(join(String(row?.data_directory), "postmaster.pid"), "utf8")).split("\n");
  process.kill(Number(pid), "SIGINT");
  await eventually("the server is gone", () =>
    sql("SELECT 1").then(
      () => undefined,
      () => true,
    ),
  );
  const { stdout } = await plan(1);
  expect(stdout).toContain("start the server  -- the server is not running");
  expect(stdout).toContain("compared with the state only: no answer from PostgreSQL");
  expect((await plan(1, "--sql")).stdout).toBe("");
});
