import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AuditDeclaration } from "../../components/core/audit/model";
import { planAudit } from "../../components/core/audit/plan";
import { applyStatements } from "../../components/io/apply";
import { recordRestore } from "../../components/io/audit/record-restore";
import { readAuditCatalog } from "../../components/io/catalog/audit";
import type { Session } from "../../components/io/session";
import { deployStack, type DeployedStack } from "./ops-stack";

interface AuditJson {
  readonly data: { readonly more: boolean; readonly entries: readonly Record<string, unknown>[] };
}

const declaration: AuditDeclaration = {
  database: "shop",
  owner: "shop_audit",
  manager: "postgres",
  schemas: ["api"],
  tables: [],
  ddl: false,
  retention: { months: 24, days: 0 },
};

let stack: DeployedStack;
let admin: Session;

beforeAll(async () => {
  stack = await deployStack();
  const file = join(stack.root, "Pulumi.dev.yaml");
  const audit = "  pgstead:audit: { schemas: [api], ddl: false, retention: 24 months }\n";
  await writeFile(file, (await readFile(file, "utf8")) + audit);
  admin = await stack.server.connect("shop");
  await admin.query("CREATE ROLE shop_audit; CREATE SCHEMA audit AUTHORIZATION shop_audit");
  await admin.query(
    "GRANT USAGE ON SCHEMA api TO shop_app; GRANT ALL ON ALL TABLES IN SCHEMA api TO shop_app",
  );
  await mend();
  const login = { user: "shop_app", password: stack.passwords.shop_app ?? "" };
  const app = await stack.server.connect("shop", login);
  await app.query("SELECT set_config('app.user', 'carol', false)");
  await app.query("INSERT INTO api.orders VALUES (1, 'new'), (2, E'a\\u001b[31m')");
  await app.query("UPDATE api.orders SET body = 'paid' WHERE id = 1");
  await app.query("UPDATE api.orders SET id = 3 WHERE id = 2");
  await app.close();
  await admin.query("DELETE FROM api.orders WHERE id = 1");
});

afterAll(async () => {
  await admin.close();
  await stack.remove();
});

async function mend(): Promise<void> {
  const { statements } = planAudit(declaration, await readAuditCatalog(admin, declaration));
  await applyStatements(admin, statements);
}

async function entries(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const { stdout, exitCode } = await stack.ops("audit", "--json", ...args);
  expect(exitCode).toBe(0);
  return (JSON.parse(stdout) as AuditJson).data.entries;
}

describe("ops audit", () => {
  test("says of a table without entries that it is not there, and which one may be meant", async () => {
    const { stdout, exitCode } = await stack.ops("audit", "--table", "api.oders");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("none: there is no table api.oders; did you mean api.orders?");
    const none = await stack.ops("audit", "--table", "api.orders", "--until", "2020-01-01", "--json");
    expect(JSON.parse(none.stdout)).toMatchObject({ data: { entries: [], missing: null } });
  });

  test("shows each change with who made it, and of a row what became of what", async () => {
    const { stdout, exitCode } = await stack.ops("audit", "--table", "api.orders");
    expect(exitCode).toBe(0);
    expect(stdout).toContain("Trail of shop, the newest first");
    expect(stdout).toMatch(
      /^ {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.* UPDATE api\.orders id=1 .*by carol \(claimed\) by shop_app \(pgstead, 127\.0\.0\.1\)$/m,
    );
    expect(stdout).toContain('    body: "new" → "paid"\n');
    expect(stdout).not.toContain("\u001b");
  });

  test("finds by user, key, time and operation, and says where there is more", async () => {
    expect((await entries("--user", "carol")).map(({ operation }) => operation)).toHaveLength(5);
    expect((await entries("--user", "postgres")).map(({ operation }) => operation)).toEqual(["DELETE"]);
    const ofOne = await entries("--key", "id=1");
    expect(ofOne.map(({ operation }) => operation)).toEqual(["DELETE", "UPDATE", "INSERT"]);
    expect(ofOne[1]).toMatchObject({
      table: "api.orders",
      key: { id: 1 },
      old: { body: "new" },
      new: { body: "paid" },
    });
    expect(await entries("--operation", "truncate")).toEqual([]);
    expect(await entries("--since", "2100-01-01")).toEqual([]);
    expect(await entries("--since", "1h", "--user", "carol")).toHaveLength(5);
    expect(await entries("--until", "2000-01-01")).toEqual([]);
    const { stdout } = await stack.ops("audit", "--json", "--limit", "2");
    const { data } = JSON.parse(stdout) as AuditJson;
    expect(data.entries).toHaveLength(2);
    expect(data.more).toBe(true);
  });

  test.each([
    [["--table", "orders"], "Write it with its schema"],
    [["--since", "last week"], "Write it such as 30min, 2h"],
    [["--operation", "select"], "It is one of insert"],
    [["--key", "42"], "Write it such as id=42"],
    [["--limit", "0"], "whole number from 1"],
    [["--database", "shoop"], "did you mean shop?"],
  ])("refuses %j", async (args, message) => {
    const { exitCode, stderr } = await stack.ops("audit", ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });

  test("tells of a restore, which whoever restores writes down", async () => {
    expect(
      await recordRestore(admin, "shop_audit", { command: "restore of backup 7", object: "database shop" }),
    ).toBe(true);
    const [entry] = await entries("--operation", "restore");
    expect(entry).toMatchObject({
      login: "postgres",
      command: "restore of backup 7",
      object: "database shop",
    });
    const { stdout } = await stack.ops("audit", "--operation", "restore");
    expect(stdout).toContain("RESTORE restore of backup 7 database shop");
  });
});

describe("ops audit maintain", () => {
  test("makes what is missing of a year, drops what is too old, and changes nothing the second time", async () => {
    const [last] = await admin.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relname ~ '^change_log_2' AND relkind = 'r' ORDER BY 1 DESC LIMIT 1",
    );
    await admin.query(`DROP TABLE audit.${last?.name ?? ""}`);
    await admin.query(`CREATE TABLE audit.change_log_2001_02 PARTITION OF audit.change_log
      FOR VALUES FROM ('2001-02-01 00:00:00+00') TO ('2001-03-01 00:00:00+00'); ALTER TABLE audit.change_log_2001_02 OWNER TO shop_audit`);
    const dry = await stack.ops("audit", "maintain", "--dry-run");
    expect(dry).toMatchObject({ exitCode: 0 });
    expect(dry.stdout).toContain('DROP TABLE "audit"."change_log_2001_02"');
    const { stdout } = await stack.ops("audit", "maintain", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      status: "good",
      data: {
        dryRun: false,
        trails: [
          {
            database: "shop",
            made: [
              expect.any(String),
              expect.stringContaining(last?.name ?? ""),
              expect.any(String),
            ] as unknown,
            dropped: ['DROP TABLE "audit"."change_log_2001_02"'],
            differences: [],
            monthsAhead: 12,
          },
        ],
      },
    });
    expect((await stack.ops("audit", "maintain")).stdout).toBe(
      "trail of shop: nothing to do; 12 months ahead\n",
    );
  });

  test("moves what came when there was no partition for it", async () => {
    await admin.query(`INSERT INTO audit.change_log (at, transaction, login, operation)
      VALUES ('2019-05-06', pg_current_xact_id(), 'somebody', 'DELETE')`);
    const keeps: AuditDeclaration = { ...declaration, retention: { months: 0, days: 9_000 } };
    const { statements } = planAudit(keeps, await readAuditCatalog(admin, keeps));
    await applyStatements(admin, statements);
    const rows = await admin.query(
      "SELECT tableoid::regclass::text AS place FROM audit.change_log WHERE at < '2020-01-01'",
    );
    expect(rows).toEqual([{ place: "audit.change_log_2019_05" }]);
    expect(planAudit(keeps, await readAuditCatalog(admin, keeps)).statements).toEqual([]);
    await admin.query("DROP TABLE audit.change_log_2019_05");
  });

  test("waits for nobody who uses the trail, and tries again", async () => {
    await admin.query(`CREATE TABLE audit.change_log_2001_02 PARTITION OF audit.change_log
      FOR VALUES FROM ('2001-02-01 00:00:00+00') TO ('2001-03-01 00:00:00+00'); ALTER TABLE audit.change_log_2001_02 OWNER TO shop_audit`);
    const other = await stack.server.connect("shop");
    await other.query("BEGIN");
    await other.query("SELECT FROM audit.change_log LIMIT 1");
    const maintaining = stack.ops("audit", "maintain");
    await admin.query("INSERT INTO api.orders VALUES (10, 'not held up')");
    await other.query("COMMIT");
    await other.close();
    expect((await maintaining).stdout).toContain("change_log_2001_02");
  });

  test("says what of a trail is not as declared, and ends with 1", async () => {
    await admin.query("ALTER TABLE api.orders DISABLE TRIGGER pgstead_audit_update");
    const { exitCode, stdout } = await stack.ops("audit", "maintain");
    expect(exitCode).toBe(1);
    expect(stdout).toContain("trail of shop: update is disabled: ALTER TABLE ONLY");
    await mend();
  });
});

test("status shows the trail, and warns when its partitions come to their end", async () => {
  expect((await stack.ops("status")).stdout).toMatch(/^ +shop +14 +12 +\d+/m);
  const names = await admin.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relname ~ '^change_log_2' AND relkind = 'r' ORDER BY 1",
  );
  for (const { name } of names.slice(2)) await admin.query(`DROP TABLE audit.${name}`);
  const { stdout } = await stack.ops("status");
  expect(stdout).toContain("trail shop.audit.change_log: its partitions end in 1 month");
});
