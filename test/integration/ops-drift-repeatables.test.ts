import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { migrationText } from "../unit/core/migrations/judged";
import { deployStack, type DeployedStack } from "./ops-stack";

let stack: DeployedStack;
let root = "";
const directory = (): string => join(root, "migrations");

const twice = (factor: number): string =>
  `CREATE OR REPLACE FUNCTION api.twice(n int, also int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n * ${factor} + also';\n`;

beforeAll(async () => {
  stack = await deployStack();
  root = await mkdtemp(join(tmpdir(), "pgstead-ops-drift-repeatables-"));
  await change(
    "GRANT shop_owner TO shop_migrator WITH INHERIT FALSE, SET TRUE; ALTER ROLE shop_migrator SET role = shop_owner",
  );
  await change("DROP VIEW api.recent; DROP TABLE api.orders; DROP FUNCTION api.one()");
  for (const part of ["migrations", "functions", "views"]) await mkdir(join(root, part));
  await writeFile(
    join(directory(), "0001-orders.sql"),
    migrationText("CREATE TABLE api.orders (id int PRIMARY KEY);", { down: "DROP TABLE api.orders;" }),
  );
  await writeFile(join(root, "functions", "twice.sql"), twice(2));
  await writeFile(
    join(root, "views", "doubled.sql"),
    "CREATE OR REPLACE VIEW api.doubled AS SELECT api.twice(id, 0) AS id FROM api.orders;\n",
  );
  expect((await stack.ops("migrate", "upgrade", "--yes", "--dir", directory())).exitCode).toBe(0);
});
afterAll(async () => {
  await stack.remove();
  await rm(root, { recursive: true, force: true });
});

async function change(sql: string): Promise<void> {
  const session = await stack.server.connect("shop");
  await session.query(sql).finally(() => session.close());
}

async function told(): Promise<string[]> {
  const { stdout } = await stack.ops("drift", "--json", "--dir", directory());
  const { data } = JSON.parse(stdout) as {
    data: { drift: { resource: string; subject?: string; message: string }[]; unseen: unknown[] };
  };
  expect(data.unseen).toEqual([]);
  const ofSchema = data.drift.filter(({ resource }) => resource === "Schema shop");
  return ofSchema.map(({ subject = "", message }) => `${subject}: ${message}`);
}

test("what repeatable files made is no drift, and what somebody made of it is", async () => {
  expect(await told()).toEqual([]);
  await change(twice(3));
  expect(await told()).toEqual([expect.stringMatching(/^function api\.twice\(.*: (body|definition)/)]);
  await change(twice(2));
  await change("DROP VIEW api.doubled");
  expect(await told()).toEqual([expect.stringMatching(/^view api\.doubled: is missing/)]);
  expect((await stack.ops("migrate", "upgrade", "--yes", "--dir", directory())).exitCode).toBe(0);
  expect(await told()).toEqual([]);
});

test("what a changed file made is not compared until it is applied", async () => {
  await writeFile(join(root, "functions", "twice.sql"), twice(4));
  await change(twice(3));
  expect(await told()).toEqual([]);
  await change("ALTER TABLE api.orders ADD COLUMN by_hand text");
  expect(await told()).toEqual([expect.stringMatching(/^column api\.orders\.by_hand: /)]);
  await change("ALTER TABLE api.orders DROP COLUMN by_hand");
  expect((await stack.ops("migrate", "upgrade", "--yes", "--dir", directory())).exitCode).toBe(0);
  expect(await told()).toEqual([]);
});

test("a test of the migrations applies them in the end, and says which of them fails", async () => {
  const test = async (): Promise<{ findings: { subject: string; message: string }[] }> =>
    JSON.parse((await stack.ops("migrate", "test", "--json", "--dir", directory())).stdout) as {
      findings: { subject: string; message: string }[];
    };
  expect((await test()).findings).toEqual([]);
  const file = join(root, "functions", "broken.sql");
  await writeFile(
    file,
    "CREATE OR REPLACE FUNCTION api.broken() RETURNS int LANGUAGE sql AS 'SELECT nothing';\n",
  );
  expect((await test()).findings).toMatchObject([
    { subject: expect.stringContaining("broken.sql") as unknown, message: expect.any(String) as unknown },
  ]);
  await rm(file);
});

test("what a migration makes first and a repeatable file keeps is not the migration's to take back", async () => {
  const inFile = (body: string): string =>
    `CREATE OR REPLACE FUNCTION api.key(of text) RETURNS text LANGUAGE sql AS ${body};\n`;
  await writeFile(
    join(directory(), "0002-keyed.sql"),
    migrationText(
      `DO $do$ BEGIN
        IF to_regprocedure('api.key(text)') IS NULL THEN
          CREATE FUNCTION api.key(of text) RETURNS text LANGUAGE sql AS $f$ SELECT 'first' $f$;
        END IF;
      END $do$;
      CREATE TABLE api.keyed (id text PRIMARY KEY DEFAULT api.key('a'));`,
      { down: "DROP TABLE api.keyed;" },
    ),
  );
  await writeFile(join(root, "functions", "key.sql"), inFile("$f$ SELECT 'then' $f$"));
  const findings = async (): Promise<unknown[]> =>
    (
      JSON.parse((await stack.ops("migrate", "test", "--json", "--dir", directory())).stdout) as {
        findings: unknown[];
      }
    ).findings;
  expect(await findings()).toEqual([]);
  expect((await stack.ops("migrate", "upgrade", "--yes", "--dir", directory())).exitCode).toBe(0);
  expect(await findings()).toEqual([]);
});
