import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrationText } from "../unit/core/migrations/judged";
import { deployStack, type DeployedStack, type OpsOutput } from "./ops-stack";

let stack: DeployedStack;
let home = "";
beforeAll(async () => {
  stack = await deployStack();
  home = await mkdtemp(join(tmpdir(), "pgstead-ops-repeat-"));
  for (const name of ["migrations", "functions", "views"]) await mkdir(join(home, name));
  await change(
    "GRANT shop_owner TO shop_migrator WITH INHERIT FALSE, SET TRUE; ALTER ROLE shop_migrator SET role = shop_owner",
  );
});
afterAll(async () => {
  await stack.remove();
  await rm(home, { recursive: true, force: true });
});

async function change(sql: string): Promise<Record<string, unknown>[]> {
  const session = await stack.server.connect("shop");
  return session.query(sql).finally(() => session.close());
}

const migrate = (command: string, ...args: readonly string[]): Promise<OpsOutput> =>
  stack.ops("migrate", command, ...args, "--dir", join(home, "migrations"));
const write = (file: string, text: string): Promise<void> => writeFile(join(home, file), text);

interface Json {
  readonly data: Readonly<Record<string, unknown>>;
  readonly findings: readonly { subject: string; message: string; hint: string }[];
}

const json = async (command: string, ...args: readonly string[]): Promise<Json> =>
  JSON.parse((await migrate(command, ...args, "--json")).stdout) as Json;

// One story: each step stands on those before it.

test("lint judges them, and check and sql have them after the migrations", async () => {
  await write(
    "migrations/0001-parcels.sql",
    migrationText("CREATE TABLE api.parcels (id int PRIMARY KEY);", { down: "DROP TABLE api.parcels;" }),
  );
  await write("views/parcels.sql", "CREATE OR REPLACE VIEW api.parcel_ids AS SELECT id FROM api.parcels;\n");
  await write(
    "functions/count.sql",
    "CREATE OR REPLACE FUNCTION api.parcel_count() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM api.parcel_ids';\n",
  );
  const lint = await migrate("lint");
  expect(lint.stdout).toContain("1 migration, 2 repeatable files, 3 statements: 3 safe; nothing blocks");
  expect((await json("lint")).data.repeatables).toMatchObject([
    { name: "views/parcels.sql", makes: ["view api.parcel_ids"] },
    { name: "functions/count.sql", makes: ["function api.parcel_count()"] },
  ]);
  const check = await migrate("check");
  expect(check.exitCode).toBe(1);
  expect(check.stdout).toContain("views/parcels.sql: is to be applied: it never was (safe)");
  expect((await migrate("sql")).stdout).toMatch(
    /0001-parcels\.sql[^]*BEGIN;\n\n-- .*views\/parcels\.sql\nCREATE OR REPLACE VIEW[^]*count\.sql[^]*COMMIT;\n$/,
  );
});

test("upgrade shows them, applies them, and status, verify and history know them", async () => {
  const dry = await migrate("upgrade", "--dry-run");
  expect(dry.stdout).toMatch(
    /views\/parcels\.sql \(repeatable, it never was, safe\)\n {2}CREATE OR REPLACE VIEW/,
  );
  const { exitCode, stdout, stderr } = await migrate("upgrade", "--yes");
  expect(stdout).toBe("database shop: 1 migration, 2 repeatable files are done\n");
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/applied .*views\/parcels\.sql \(\d+ ms\)/);
  expect((await migrate("check")).exitCode).toBe(0);
  expect((await migrate("status")).stdout).toMatch(
    /Repeatable[^]*functions\/count\.sql +\S+ \S+ +shop_migrator/,
  );
  expect((await stack.ops("migrate", "history")).stdout).toMatch(/repeat +views\/parcels\.sql +done/);
  expect((await migrate("upgrade", "--yes")).stdout).toBe("nothing to do: database shop is there\n");
});

test("a run up to an earlier migration leaves them alone", async () => {
  await write(
    "migrations/0002-more.sql",
    migrationText("ALTER TABLE api.parcels ADD COLUMN more int;", { down: "SELECT 1;" }),
  );
  await write(
    "views/parcels.sql",
    "CREATE OR REPLACE VIEW api.parcel_ids AS SELECT id, more FROM api.parcels;\n",
  );
  expect((await json("upgrade", "1", "--dry-run")).data).toMatchObject({ steps: [], repeatables: [] });
  expect((await migrate("upgrade", "--yes")).stdout).toBe(
    "database shop: 1 migration, 1 repeatable file are done\n",
  );
});

test("what is made anew is shown before, and a stranger on it is refused before anything runs", async () => {
  await write(
    "views/parcels.sql",
    "CREATE OR REPLACE VIEW api.parcel_ids AS SELECT more, id FROM api.parcels;\n",
  );
  expect((await migrate("upgrade", "--dry-run")).stdout).toContain(
    "-- dropped and made anew, privileges included: view api.parcel_ids",
  );
  expect((await migrate("sql")).stdout).toContain(
    "-- a run drops first and makes anew, which this script does not: view api.parcel_ids",
  );
  await change("CREATE VIEW api.stranger AS SELECT id FROM api.parcel_ids");
  const refused = await migrate("upgrade", "--yes");
  expect(refused.exitCode).toBe(1);
  expect(refused.stdout).toContain("no repeatable file makes what depends on it: view api.stranger");
  await change("DROP VIEW api.stranger");
  expect((await migrate("upgrade", "--yes")).exitCode).toBe(0);
});

test("what the gate blocks does not run, and faults are told with their lines, all at once", async () => {
  await write(
    "functions/purge.sql",
    "CREATE OR REPLACE FUNCTION api.purge() RETURNS void LANGUAGE sql AS 'DELETE FROM api.parcels';\n",
  );
  const blocked = await migrate("upgrade", "--yes");
  expect(blocked.exitCode).toBe(1);
  expect(blocked.stdout).toContain("functions/purge.sql:1: review (function-body)");
  await write("functions/purge.sql", "DELETE FROM api.parcels;\n");
  await write("views/bad.sql", "CREATE VIEW api.bad AS SELECT 1;\n");
  const bad = await migrate("status");
  expect(bad.exitCode).toBe(2);
  expect(bad.stderr).toContain("functions/purge.sql:1: this statement cannot be applied again and again");
  expect(bad.stderr).toContain("views/bad.sql:1: view api.bad is made once");
  await rm(join(home, "functions/purge.sql"));
  await rm(join(home, "views/bad.sql"));
});

test("what is gone is a finding of verify, and what no file makes any more one of check, with its DROP", async () => {
  await change("DROP FUNCTION api.parcel_count()");
  expect((await json("verify")).findings).toMatchObject([{ message: "what it made is gone" }]);
  expect((await migrate("upgrade", "--yes")).exitCode).toBe(0);
  await rm(join(home, "functions/count.sql"));
  const check = await json("check");
  expect(check.findings).toEqual([
    {
      subject: "functions/count.sql",
      message: "does not make function api.parcel_count() any more, which is there still",
      hint: "drop it in a migration: DROP FUNCTION api.parcel_count();",
    },
  ]);
  expect((await migrate("status")).stdout).toContain("DROP FUNCTION api.parcel_count();");
});
