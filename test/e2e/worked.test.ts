import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConnectionUri } from "../../components/core/connection";
import { openSession } from "../../components/io/session";
import { preview } from "../support/changes";
import { makeCheckout, type Checkout } from "../support/checkout";
import { findClientTools } from "../support/client-tools";
import { temporaryDirectory } from "../support/server";

interface Outputs {
  readonly uris: Readonly<Record<string, string>>;
  readonly administratorUri: string;
}

const tools = findClientTools();
let checkout: Checkout;
let outputs: Outputs;
let directory: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  checkout = await makeCheckout("worked");
  await checkout.run("infra/toolchain/start.ts");
  outputs = await checkout.outputs<Outputs>();
});

afterAll(async () => {
  await checkout.remove();
  await rm(directory, { recursive: true, force: true });
});

async function sql(uri: string, ...statements: readonly string[]): Promise<void> {
  const session = await openSession(parseConnectionUri(uri), { database: "promptforge" });
  for (const statement of statements) await session.query(statement);
  await session.close();
}

/** The login as libpq's variables: no password in an argument. */
function login(uri: string): NodeJS.ProcessEnv {
  const { host, port, user, password } = parseConnectionUri(uri);
  const names = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password };
  return { ...names, PGDATABASE: "promptforge" };
}

async function expectNothing(): Promise<void> {
  expect(await preview(checkout)).toMatchObject({ changes: [], messages: "" });
  const { stdout } = await checkout.run("infra/ops/cli.ts", ["drift", "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ status: "good", data: { drift: [], unseen: [] } });
}

test("a server that only worked shows no difference: writes, temporary tables, VACUUM FULL, REINDEX, ANALYZE", async () => {
  const { migrator = "", app = "" } = outputs.uris;
  await sql(
    migrator,
    "CREATE TABLE app.events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text)",
  );
  await sql(
    app,
    "INSERT INTO app.events (body) SELECT 'x' FROM generate_series(1, 1000)",
    "CREATE TEMP TABLE work AS SELECT * FROM app.events",
    "UPDATE app.events SET body = 'y' WHERE id % 2 = 0",
  );
  await sql(
    outputs.administratorUri,
    "VACUUM FULL",
    "REINDEX (CONCURRENTLY) DATABASE promptforge",
    "ANALYZE",
    "CHECKPOINT",
    "SELECT pg_catalog.pg_stat_reset()",
  );
  await expectNothing();
});

test.skipIf(tools === undefined)("after pgbench and vacuumdb there is no difference", async () => {
  const migrator = login(outputs.uris.migrator ?? "");
  await tools?.run("pgbench", ["--initialize", "--quiet"], migrator);
  await tools?.run("pgbench", ["--transactions=50", "--client=2"], migrator);
  await tools?.run("vacuumdb", ["--full", "--analyze"], login(outputs.administratorUri));
  await expectNothing();
});

test.skipIf(tools === undefined)("after a dump and its restore there is no difference", async () => {
  const administrator = login(outputs.administratorUri);
  const file = join(directory, "promptforge.dump");
  await tools?.run("pg_dump", ["--format=custom", `--file=${file}`], administrator);
  const restore = ["--clean", "--if-exists", "--exit-on-error", "--single-transaction"];
  await tools?.run("pg_restore", [...restore, "--dbname=promptforge", file], administrator);
  await expectNothing();
});
