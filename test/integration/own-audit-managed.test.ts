import { afterAll, beforeAll, expect, test } from "vitest";
import { planAuditRemoval } from "../../components/core/audit/plan";
import { applyStatements } from "../../components/io/apply";
import { readAuditCatalog } from "../../components/io/catalog/audit";
import { auditedDatabase, type AuditedDatabase } from "../support/audit";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: AuditedDatabase;

beforeAll(async () => {
  server = await startServer();
  shop = await auditedDatabase(server, {
    manager: "manager",
    before:
      "CREATE TABLE app.orders (id int PRIMARY KEY, status text); ALTER TABLE app.orders OWNER TO trail1_owner; GRANT ALL ON app.orders TO trail1_app",
  });
});

afterAll(async () => {
  await shop.close();
  await server.stop();
});

test("a login without superuser makes the trail, and is told what takes one", async () => {
  await shop.app.query("INSERT INTO app.orders VALUES (1, 'new')");
  expect((await shop.trail()).map(({ operation, login }) => [operation, login])).toEqual([
    ["INSERT", `${shop.name}_app`],
  ]);
  const { statements, refusals, undeclared = [] } = await shop.plan();
  expect({ statements, refusals }).toEqual({ statements: [], refusals: [] });
  expect(undeclared.map(({ subject }) => subject)).toEqual([
    "tables made later",
    "triggers",
    "changes of the schema",
  ]);
  expect(await shop.admin.query("SELECT FROM pg_event_trigger")).toEqual([]);
});

test("application, reader and owner cannot change the trail there either", async () => {
  for (const session of [shop.app, shop.migrator, shop.reader]) {
    for (const sql of [
      "DELETE FROM audit.change_log",
      "UPDATE audit.change_log SET login = 'x'",
      "TRUNCATE audit.change_log",
      "INSERT INTO audit.change_log_rest (at) VALUES (now())",
      "DROP TABLE audit.change_log",
      "SELECT audit.record_truncate()",
      `SET ROLE ${shop.name}_audit`,
    ]) {
      await expect(session.query(sql)).rejects.toMatchObject({ code: "42501" });
    }
  }
});

test("what a table's owner turns off, or makes, shows in the next plan and is mended by it", async () => {
  await shop.migrator.query(
    "ALTER TABLE app.orders DISABLE TRIGGER ALL; CREATE TABLE app.later (id int PRIMARY KEY)",
  );
  const { statements } = await shop.apply();
  expect(statements.filter(({ sql }) => sql.includes("app")).map(({ reason }) => reason)).toEqual([
    ...Array.from({ length: 4 }, () => "schema app is audited"),
    "also on a replica and in a restore",
    "insert is disabled, update is disabled, delete is disabled, truncate is disabled",
  ]);
  expect((await shop.plan()).statements).toEqual([]);
});

test("what ends the auditing takes the triggers, and leaves the trail", async () => {
  await shop.clear();
  await shop.app.query("UPDATE app.orders SET status = 'seen'");
  const catalog = await readAuditCatalog(shop.admin, shop.declaration);
  await applyStatements(shop.admin, planAuditRemoval(shop.declaration, catalog).statements);
  await shop.app.query("UPDATE app.orders SET status = 'unseen'");
  expect(await shop.admin.query("SELECT FROM pg_trigger WHERE tgname LIKE 'pgstead%'")).toEqual([]);
  expect((await shop.trail()).map(({ new: now }) => now?.status)).toEqual(["seen"]);
});
