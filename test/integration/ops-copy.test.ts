import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectionUri } from "../../components/core/connection";
import type { CopyPlan } from "../../components/core/move/plan";
import { usualBackups } from "../../components/core/backup/plan";
import { takeFirst } from "../../components/io/backup-gate/take-first";
import { findMatchingTools } from "../support/client-tools";
import { startServer, type TestServer } from "../support/server";
import { runNode, type OpsOutput } from "./ops-stack";

let prod: TestServer;
let staging: TestServer;
let root = "";
let repository = "";

const secret = "ada.lovelace@example.org";
const masking = `{ app.people.email: "'user' || id || '@example.com'", app.people.name: "NULL", app.visits.note: "md5(note)" }`;

async function sql(server: TestServer, text: string, database = "shop"): Promise<Record<string, unknown>[]> {
  const session = await server.connect(database);
  return session.query<Record<string, unknown>>(text).finally(() => session.close());
}

const stackFile = (name: string, body: string): Promise<void> =>
  writeFile(join(root, `Pulumi.${name}.yaml`), `config:\n${body}`);
const prodFile = (rules: string): Promise<void> =>
  stackFile(
    "prod",
    `  pgstead:database: { name: shop, schemas: { app: {} }, masking: ${rules} }
  pgstead:backup: { directory: "${repository}", logical: {} }
`,
  );

const content = `
CREATE SCHEMA app; CREATE SCHEMA audit;
CREATE ROLE shop_reader LOGIN PASSWORD 'of prod alone'; CREATE ROLE only_in_prod LOGIN PASSWORD 'of prod alone';
CREATE TABLE app.people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, name text,
  shown text GENERATED ALWAYS AS (email || '!') STORED);
INSERT INTO app.people (email, name)
  SELECT CASE n WHEN 1 THEN '${secret}' ELSE 'someone' || n || '.lovelace@example.org' END, 'Ada Lovelace' FROM generate_series(1, 3000) AS n;
CREATE TABLE app.visits (id bigint, person bigint REFERENCES app.people, note text, at date) PARTITION BY RANGE (at);
CREATE TABLE app.visits_2026 PARTITION OF app.visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO app.visits SELECT n, n, 'met ${secret} ' || repeat(md5(n::text), 100), '2026-06-01' FROM generate_series(1, 200) AS n;
ALTER TABLE app.people ENABLE ROW LEVEL SECURITY; ALTER TABLE app.people FORCE ROW LEVEL SECURITY;
CREATE POLICY none ON app.people USING (false);
CREATE MATERIALIZED VIEW app.shown AS SELECT email, shown FROM app.people;
CREATE TABLE audit.change_log (id bigint, old_row jsonb);
INSERT INTO audit.change_log SELECT id, jsonb_build_object('email', email) FROM app.people;
CREATE FUNCTION app.trail() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO audit.change_log VALUES (OLD.id, to_jsonb(OLD)); RETURN NEW; END $$;
CREATE TRIGGER trail AFTER UPDATE ON app.people FOR EACH ROW EXECUTE FUNCTION app.trail();
ALTER TABLE app.people ENABLE ALWAYS TRIGGER trail;
GRANT SELECT ON app.people TO shop_reader, only_in_prod;
ALTER DATABASE shop SET work_mem = '5MB';
ANALYZE`;

beforeAll(async () => {
  [prod, staging] = await Promise.all([startServer(), startServer()]);
  root = await mkdtemp(join(tmpdir(), "pgstead-copy-test-"));
  repository = join(root, "backups");
  await sql(prod, "CREATE DATABASE shop", "postgres");
  await sql(prod, content);
  await sql(
    staging,
    "CREATE ROLE shop_reader LOGIN PASSWORD 'of staging'; CREATE ROLE shop_owner",
    "postgres",
  );
  await sql(staging, "CREATE DATABASE shop OWNER shop_owner", "postgres");
  await sql(staging, "CREATE TABLE public.kept (id int); INSERT INTO public.kept VALUES (1)");
  await prodFile(masking);
  const plain = "  pgstead:database: { name: shop, schemas: { app: {} } }\n";
  await stackFile("staging", `${plain}  pgstead:protect: false\n`);
  await stackFile("guarded", plain);
  const { host, port, superuser: user, password } = prod;
  const login = { host, port, user, password };
  await writeOutputs("prod", prod);
  await writeOutputs("staging", staging);
  const waiting = { say: () => Promise.resolve(), signal: new AbortController().signal };
  process.env.PATH = [findMatchingTools(), process.env.PATH].join(delimiter);
  await takeFirst(
    { repository, database: "shop", login, stack: "prod", version: "0.0.0", plan: usualBackups },
    waiting,
  );
});
afterAll(async () => {
  await Promise.all([prod.stop(), staging.stop()]);
  await rm(root, { recursive: true });
});

function writeOutputs(stack: string, { host, port, superuser: user, password }: TestServer): Promise<void> {
  const administratorUri = connectionUri({ host, port, user, password }, "postgres");
  const outputs = { host, port, version: "17", database: "shop", roles: {}, uris: {}, administratorUri };
  return writeFile(join(root, `outputs.${stack}.json`), JSON.stringify(outputs));
}

const copy = (...args: readonly string[]): Promise<OpsOutput> =>
  runNode("test/integration/ops-entry.ts", [root, "copy", "--from", "prod", ...args]);

/** Nothing of the target has changed, and nothing is beside it. */
async function expectUntouched(): Promise<void> {
  expect(await sql(staging, "SELECT count(*)::int AS n FROM public.kept")).toEqual([{ n: 1 }]);
  expect(await databases()).toEqual(["postgres", "shop"]);
}

const databases = async (): Promise<unknown[]> =>
  (await sql(staging, "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1", "postgres")).map(
    ({ datname }) => datname,
  );

describe("a copy is refused, and changes nothing,", () => {
  test("to the same stack, a protected one, or one that holds real data", async () => {
    const same = await copy("--to", "prod", "--confirm", "shop");
    expect(same).toMatchObject({ exitCode: 2 });
    expect(same.stderr).toContain("is the stack that the data comes from");
    expect((await copy("--to", "guarded", "--confirm", "shop")).stderr).toContain("is protected");
    await stackFile(
      "real",
      `  pgstead:protect: false\n  pgstead:database: { name: shop, schemas: { app: {} }, masking: ${masking} }\n`,
    );
    expect((await copy("--to", "real", "--confirm", "shop")).stderr).toContain("what it holds is real");
  });

  test("without its confirmation where nobody can type it, or with another name", async () => {
    const asked = await copy("--to", "staging");
    expect(asked).toMatchObject({ exitCode: 2, stdout: "" });
    expect(asked.stderr).toContain("say --confirm shop");
    const other = await copy("--to", "staging", "--confirm", "shopp");
    expect(other).toMatchObject({ exitCode: 2 });
    expect(other.stderr).toContain("shopp is not the database that is replaced");
    await expectUntouched();
  });

  test("where somebody types another name, who was shown what would happen", async () => {
    const { exitCode, stdout, stderr } = await runNode(
      "test/integration/ops-entry.ts",
      [root, "copy", "--from", "prod", "--to", "staging"],
      { PGSTEAD_TEST_TYPED: "shopp" },
    );
    expect(exitCode).toBe(1);
    expect(stdout).toContain("what was typed is not its name");
    expect(stderr).toMatch(/it would replace what is there, which has \d/);
    await expectUntouched();
  });

  test("where it is only to be told: rows, who is there, and what looks personal without a rule", async () => {
    await prodFile('{ app.people.email: "NULL", app.visits.note: "NULL" }');
    await sql(
      staging,
      "CREATE SUBSCRIPTION incoming CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false)",
    );
    const { exitCode, stdout } = await copy("--to", "staging", "--dry-run", "--json");
    await prodFile(masking);
    await sql(staging, "ALTER SUBSCRIPTION incoming SET (slot_name = NONE); DROP SUBSCRIPTION incoming");
    expect(exitCode).toBe(0);
    const { data } = JSON.parse(stdout) as { data: { plan: CopyPlan; moved: unknown } };
    expect(data.moved).toBeNull();
    expect(data.plan).toMatchObject({
      masking: [
        { column: "app.people.email", rows: "3000" },
        { column: "app.visits.note", rows: "200" },
      ],
      looksPersonal: ["app.people.name"],
      leftOut: ["setting work_mem of the other database"],
      roles: { made: ["only_in_prod"] },
    });
    expect(data.plan.roles.there).toContain("shop_reader");
    expect(data.plan.age).toBeGreaterThanOrEqual(0);
    expect(data.plan.replaced).toMatchObject({ subscriptions: ["incoming"], slots: [] });
    expect(data.plan.replaced?.size).toBeGreaterThan(1_000_000);
    await expectUntouched();
  });

  test("from a backup that is not there", async () => {
    const { exitCode, stderr } = await copy(
      "--to",
      "staging",
      "--backup",
      "shop_full_20200101_000000",
      "--dry-run",
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain("has no backup shop_full_20200101_000000");
  });

  test("with a rule for a table or column that is not there, is a key, or is no expression", async () => {
    const refusedBy = async (rules: string): Promise<string> => {
      await prodFile(rules);
      const { exitCode, stdout, stderr } = await copy("--to", "staging", "--confirm", "shop");
      expect(exitCode).toBeGreaterThan(0);
      await expectUntouched();
      return `${stdout}${stderr}`;
    };
    expect(await refusedBy('{ app.nobody.email: "NULL" }')).toContain("there is no such table in the backup");
    expect(await refusedBy('{ app.people: "NULL" }')).toContain("names no column");
    expect(await refusedBy(`{ app.people.email: "md5(" }`)).toContain("is no expression");
    expect(await refusedBy(`{ app.people.email: "1), name = (2" }`)).toContain("is more than one expression");
    const more = await refusedBy(
      '{ app.people.mail: "NULL", app.people.shown: "NULL", app.people.id: "1", app.visits.person: "1" }',
    );
    expect(more).toContain("app.people.mail: there is no such column");
    expect(more).toContain("app.people.shown: is generated");
    expect(more).toContain("app.people.id: is an identity");
    expect(more).toContain("app.visits.person: is part of foreign key");
    expect(await refusedBy(`{ app.people.email: "'the same'" }`)).toContain("duplicate key");
    await prodFile(masking);
  });

  test("where nothing is masked and nobody said so", async () => {
    await stackFile(
      "bare",
      `  pgstead:database: { name: shop, schemas: { app: {} } }\n  pgstead:backup: { directory: "${repository}" }\n`,
    );
    const found = await runNode("test/integration/ops-entry.ts", [
      ...[root, "copy", "--from", "bare", "--to", "staging", "--confirm", "shop"],
    ]);
    expect(found.stderr).toContain("declares no masking");
  });
});

describe("a copy", () => {
  test("is masked before anybody can connect, whole, and in no file of the database is what was masked", async () => {
    const [name = ""] = (await readdir(repository)).filter((one) => one.startsWith("shop_full_"));
    // As a person types it.
    const done = await runNode(
      "test/integration/ops-entry.ts",
      [root, "copy", "--from", "prod", "--to", "staging", "--backup", name, "--json"],
      { PGSTEAD_TEST_TYPED: "shop" },
    );
    expect(done).toMatchObject({ exitCode: 0 });
    const people = await sql(
      staging,
      "SELECT count(*)::int AS n, count(name)::int AS names, min(email) AS email, min(shown) AS shown FROM app.people WHERE id = 1",
    );
    expect(people).toEqual([{ n: 1, names: 0, email: "user1@example.com", shown: "user1@example.com!" }]);
    const counts = `SELECT (SELECT count(*)::int FROM app.people) AS people, (SELECT count(*)::int FROM app.visits) AS visits,
      (SELECT count(*)::int FROM audit.change_log) AS trail,
      (SELECT count(*)::int FROM app.shown WHERE email LIKE 'user%@example.com') AS shown`;
    expect(await sql(staging, counts)).toEqual([{ people: 3000, visits: 200, trail: 0, shown: 3000 }]);
    await sql(staging, "CHECKPOINT", "postgres");
    expect(await filesWith(staging, "lovelace@example.org")).toEqual([]);
    await sql(prod, "CHECKPOINT", "postgres");
    expect((await filesWith(prod, "lovelace@example.org")).length).toBeGreaterThan(3);
    const { data } = JSON.parse(done.stdout) as { data: { moved: { kept: string; roles: string[] } } };
    expect(data.moved.roles).toEqual(["only_in_prod"]);
    expect(await databases()).toEqual(["postgres", "shop", data.moved.kept]);
  });

  test("leaves logins of the target as they are, and lets none of the other stack in", async () => {
    const roles = await sql(
      staging,
      "SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname IN ('only_in_prod', 'shop_reader') ORDER BY 1",
      "postgres",
    );
    expect(roles).toEqual([
      { rolname: "only_in_prod", rolcanlogin: false },
      { rolname: "shop_reader", rolcanlogin: true },
    ]);
    const limit = await sql(
      staging,
      "SELECT datconnlimit FROM pg_database WHERE datname = 'shop'",
      "postgres",
    );
    expect(limit).toEqual([{ datconnlimit: -1 }]);
  });
});

/** Files of the database that hold a text, whatever the server still knows of it. */
async function filesWith(server: TestServer, text: string): Promise<string[]> {
  const [row] = await sql(
    server,
    "SELECT current_setting('data_directory') AS directory, oid::text FROM pg_database WHERE datname = 'shop'",
  );
  const directory = join(String(row?.directory), "base", String(row?.oid));
  const found: string[] = [];
  for (const name of await readdir(directory)) {
    if ((await readFile(join(directory, name))).includes(text)) found.push(name);
  }
  return found;
}
