import { afterAll, beforeAll, expect, test } from "vitest";
import { planAuditRemoval } from "../../components/core/audit/plan";
import { withoutMaintained, withoutTrail } from "../../components/core/schema/ignore";
import { keyOf, type SchemaSnapshot } from "../../components/core/schema/snapshot";
import { applyStatements } from "../../components/io/apply";
import { readAuditCatalog } from "../../components/io/catalog/audit";
import { readSchema } from "../../components/io/schema/read";
import { auditedDatabase, type AuditedDatabase } from "../support/audit";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: AuditedDatabase;

beforeAll(async () => {
  server = await startServer();
  shop = await auditedDatabase(server);
  await shop.migrator.query("CREATE TABLE app.orders (id int PRIMARY KEY, status text)");
  await shop.admin.query("CREATE VIEW audit.of_today AS SELECT 1 AS n");
});

afterAll(async () => {
  await shop.close();
  await server.stop();
});

const told = (snapshot: SchemaSnapshot, isDeclared: boolean): string[] =>
  withoutTrail(withoutMaintained(snapshot, ["audit"]), isDeclared)
    .objects.map(keyOf)
    .filter((key) => /audit|app\.orders/.test(key));

const ordersAlone = [
  "schema audit",
  "table app.orders",
  "column app.orders.id",
  "column app.orders.status",
  "constraint orders_pkey on app.orders",
  "index app.orders_pkey",
  "view audit.of_today",
  "column audit.of_today.n",
];

test("the trail is told by Audit alone, and what others have in its schema is told", async () => {
  const found = told(await readSchema(shop.admin), true).filter(
    (key) => !key.startsWith("default privileges"),
  );
  expect(found.toSorted()).toEqual(expect.arrayContaining(["table app.orders", "view audit.of_today"]));
  expect(found.filter((key) => !ordersAlone.includes(key))).toEqual([]);
});

test("what stays of a trail that is not declared any more is not told, and a trigger that stays is", async () => {
  const { declaration, admin } = shop;
  await applyStatements(
    admin,
    planAuditRemoval(declaration, await readAuditCatalog(admin, declaration)).statements,
  );
  const isTriggers = (key: string): boolean => /^(event )?trigger /.test(key);
  const ofTrail = (key: string): boolean => /change_log|record_/.test(key) || isTriggers(key);
  expect(told(await readSchema(admin), false).filter(ofTrail)).toEqual([]);
  await admin.query(`CREATE TRIGGER pgstead_audit_insert AFTER INSERT ON app.orders
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit.record_insert('table')`);
  expect(told(await readSchema(admin), false).filter(ofTrail)).toEqual([
    "trigger pgstead_audit_insert on app.orders",
  ]);
});
