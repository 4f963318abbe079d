import { expect, test } from "vitest";
import type {
  GrantDeclaration,
  PrivilegesDeclaration,
} from "../../../../components/core/privileges/declaration";
import { planObjectsAccess, type ObjectsCatalog } from "../../../../components/core/privileges/objects";

const nothing: ObjectsCatalog = { acls: [], objects: [], owned: [], all: {}, blind: [], unreachable: [] };
const declare = (...grants: readonly GrantDeclaration[]): PrivilegesDeclaration => ({
  database: "shop",
  owner: "shop_owner",
  manager: "postgres",
  authoritative: false,
  schemas: [{ name: "app" }],
  roles: [{ name: "app", grants }],
});
const file = "sql/migrations/0001-orders.sql";
const orders = { kind: "r", schema: "app", name: "orders" } as const;

test("a grant on what a pending file makes is planned after that file", () => {
  const plan = planObjectsAccess(
    declare(
      { on: { table: "app.orders" }, privileges: ["SELECT"] },
      { on: { table: "app.orders" }, privileges: ["UPDATE"], columns: ["status"] },
    ),
    nothing,
    [{ file, makes: [orders] }],
  );
  expect(plan.statements.map(({ sql, reason }) => `${sql} -- ${reason}`)).toEqual([
    `GRANT SELECT ON TABLE "app"."orders" TO "app" -- declared in grants of app; after ${file}`,
    `GRANT UPDATE ("status") ON TABLE "app"."orders" TO "app" -- declared in grants of app; after ${file}`,
  ]);
  expect(plan.undeclared).toEqual([]);
  expect(plan.notes).toEqual([`after ${file}: what they make has its privileges from the default ones`]);
});

test("a file that leaves the schema to the search path counts, and one of another schema does not", () => {
  const grant: GrantDeclaration = { on: { function: "app.price(integer)" }, privileges: ["EXECUTE"] };
  const plan = (schema?: string) =>
    planObjectsAccess(declare(grant), nothing, [
      { file, makes: [{ kind: "f", name: "price", ...(schema === undefined ? {} : { schema }) }] },
    ]).statements.map(({ sql }) => sql);
  expect(plan()).toEqual(['GRANT EXECUTE ON ROUTINE "app"."price"(integer) TO "app"']);
  expect(plan("app")).toHaveLength(1);
  expect(plan("other")).toEqual([]);
});

test("a grant on what no file is known to make says which files may", () => {
  const plan = planObjectsAccess(declare({ on: { table: "app.hidden" }, privileges: ["SELECT"] }), nothing, [
    { file, makes: [orders] },
  ]);
  expect(plan.statements).toEqual([]);
  expect(plan.undeclared).toMatchObject([
    { subject: "table app.hidden", message: expect.stringContaining(`where ${file} makes it`) as unknown },
  ]);
});
