import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findMatchingTools } from "../support/client-tools";
import { deployStack, runNode, type DeployedStack, type OpsOutput } from "./ops-stack";

let stack: DeployedStack;
let home = "";
let backup = "";
beforeAll(async () => {
  stack = await deployStack();
  home = await mkdtemp(join(tmpdir(), "pgstead-ops-restore-"));
  await writeFile(
    join(stack.root, "Pulumi.dev.yaml"),
    `config:
  pgstead:disposable: true
  pgstead:database: { name: shop, schemas: { api: {} } }
  pgstead:backup: { directory: "${join(home, "backups")}", logical: { keep: { days: 1 } } }
`,
  );
  await sql(`INSERT INTO api.orders VALUES (1, 'one'), (2, 'two');
    CREATE TABLE api.users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text UNIQUE CHECK (mail <> ''),
      n serial, ordered int REFERENCES api.orders);
    CREATE INDEX users_lower ON api.users (lower(mail));
    CREATE TABLE api.visits (by int CONSTRAINT visits_by REFERENCES api.users);
    GRANT SELECT ON api.users TO shop_readonly; COMMENT ON TABLE api.users IS 'who';
    INSERT INTO api.users (mail, ordered) SELECT 'm' || n, 1 FROM generate_series(1, 30) AS n`);
  const taken = JSON.parse((await ops("backup", "--json")).stdout) as { data: { taken: { name: string }[] } };
  backup = taken.data.taken[0]?.name ?? "";
});
afterAll(async () => {
  await stack.remove();
  await rm(home, { recursive: true });
});

function ops(...args: readonly string[]): Promise<OpsOutput> {
  const PATH = `${findMatchingTools()}:${process.env.PATH ?? ""}`;
  return runNode("test/integration/ops-entry.ts", [stack.root, ...args], { PATH });
}

async function sql(text: string, database = "shop"): Promise<Record<string, unknown>[]> {
  const session = await stack.server.connect(database);
  try {
    return await session.query(text);
  } finally {
    await session.close();
  }
}

const rows = async (table: string, database?: string): Promise<unknown> =>
  (await sql(`SELECT count(*)::int AS n FROM ${table}`, database))[0]?.n;

describe("ops restore", () => {
  test("of one table brings it back under another name, with what belongs to it", async () => {
    const found = await ops("restore", backup, "--table", "api.users", "--as", "api.users_restored");
    expect(found).toMatchObject({ exitCode: 0 });
    expect(found.stdout).toContain("api.users_restored of shop has 30 rows");
    expect(found.stdout).toContain("its foreign key was left out: ALTER TABLE api.users ADD CONSTRAINT");
    const [row] =
      await sql(`SELECT has_table_privilege('shop_readonly', 'api.users_restored', 'SELECT') AS granted,
      obj_description('api.users_restored'::regclass) AS note,
      (SELECT array_agg(indexname::text ORDER BY indexname) FROM pg_indexes WHERE tablename = 'users_restored') AS indexes,
      pg_get_serial_sequence('api.users_restored', 'id') AS identity`);
    expect(row).toEqual({
      granted: true,
      note: "who",
      indexes: ["users_restored_lower", "users_restored_mail_key", "users_restored_pkey"],
      identity: "api.users_restored_id_seq",
    });
    await sql("INSERT INTO api.users_restored (mail) VALUES ('new')");
    const [last] = await sql("SELECT max(id) AS id, max(n) AS n FROM api.users_restored");
    expect(last).toEqual({ id: 31, n: 31 });
  });

  test("of one table that is there is refused, and one that is gone comes back with its foreign keys", async () => {
    const refused = await ops("restore", backup, "--table", "api.users");
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("--as api.users_restored");
    await sql("DROP TABLE api.users CASCADE");
    const found = await ops("restore", "latest", "--table", "api.users");
    expect(found).toMatchObject({ exitCode: 0 });
    expect(found.stdout).toContain("ALTER TABLE api.visits ADD CONSTRAINT visits_by");
    expect(await rows("api.users")).toBe(30);
    await expect(sql("UPDATE api.users SET ordered = 77")).rejects.toThrow("users_ordered_fkey");
  });

  test("without a terminal and without --confirm shows what would be lost, and does nothing", async () => {
    await sql("INSERT INTO api.orders VALUES (3, 'since')");
    const found = await ops("restore", backup);
    expect(found.exitCode).toBe(1);
    expect(found.stdout).toMatch(/api\.orders +3 +2/);
    expect(found.stdout).toContain("say `--confirm shop`");
    const wrong = await ops("restore", backup, "--confirm", "shopp");
    expect(wrong.exitCode).toBe(2);
    expect(await rows("api.orders")).toBe(3);
  });

  test("into another database leaves the live one alone, and a name that is taken is refused", async () => {
    expect(await ops("restore", "latest", "--into", "shop_copy")).toMatchObject({ exitCode: 0 });
    expect(await rows("api.orders", "shop_copy")).toBe(2);
    expect(await rows("api.orders")).toBe(3);
    const taken = await ops("restore", "latest", "--into", "shop_copy");
    expect(taken.exitCode).toBe(2);
    expect(taken.stderr).toContain("is there already");
  });

  test("with the name replaces the database, and is taken back, and removes the old one", async () => {
    const found = await ops("restore", backup, "--confirm", "shop");
    expect(found).toMatchObject({ exitCode: 0 });
    expect(await rows("api.orders")).toBe(2);
    expect((await ops("restore", "--list")).stdout).toMatch(/shop_before_\d{8}_\d{6} +shop +kept/);
    expect(await ops("restore", "--undo", "--confirm", "shop")).toMatchObject({ exitCode: 0 });
    expect(await rows("api.orders")).toBe(3);
    expect((await ops("restore", "--drop-old")).exitCode).toBe(1);
    expect(await ops("restore", "--drop-old", "--confirm", "shop")).toMatchObject({ exitCode: 0 });
    expect((await ops("restore", "--list")).stdout).not.toContain("shop_before_");
  });

  test("mistakes of the command line are told together, and a damaged backup is refused", async () => {
    const both = await ops("restore", "--list", "--undo", "x", "--as", "a.b");
    expect(both.exitCode).toBe(2);
    for (const text of ["--undo: stands beside --list", "x: stands beside", "--as: stands without --table"]) {
      expect(both.stderr).toContain(text);
    }
    await writeFile(join(home, "backups", backup, "globals.sql"), "--\n");
    const damaged = await ops("restore", backup, "--confirm", "shop");
    expect(damaged.exitCode).toBe(1);
    expect(damaged.stdout).toContain(`${backup} is damaged`);
    expect(await rows("api.orders")).toBe(3);
  });
});
