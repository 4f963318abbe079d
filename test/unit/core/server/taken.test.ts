import { expect, test } from "vitest";
import { resolveServerAccess } from "../../../../components/core/desired/server";
import { planServerAccess } from "../../../../components/core/server/access";
import { newServerCatalog, type ServerCatalog } from "../../../../components/core/server/model";

const desired = resolveServerAccess({
  databases: [
    {
      database: { name: "shop", owner: "shop_owner" },
      roles: [{ name: "shop_owner" }, { name: "shop_app", login: true }],
      schemas: [],
    },
  ],
  allowDataLoss: [],
  protect: false,
});
const empty = newServerCatalog("postgres");
const [born] = empty.databases;
const role = {
  ...{ login: false, connectionLimit: -1, inherit: true, createDatabase: false, createRole: false },
  ...{ replication: false, bypassRowLevelSecurity: false, superuser: false },
  ...{ validUntil: null, dependencies: [] },
};
const there = {
  ...empty,
  roles: ["shop_owner", "shop_app"].map((name) => ({ ...role, name })),
  databases: [...empty.databases, { ...born!, name: "shop" }],
};
const all = ["role shop_owner", "role shop_app", "database shop"];
const plan = (newcomers: readonly string[], actual: ServerCatalog = there) =>
  planServerAccess(desired, undefined, actual, { newcomers: new Set(newcomers) });

test("what is to be made and is there already is refused, all of it at once, and nothing else is planned", () => {
  const { statements, refusals } = plan(all);
  expect(statements).toEqual([]);
  expect(refusals.map(({ subject }) => subject)).toEqual(["database shop, role shop_app, role shop_owner"]);
  expect(refusals[0]?.hint).toContain("adopt");
});

test("what the state knows is mended, and what is not there is made", () => {
  expect(plan([]).refusals).toEqual([]);
  expect(
    plan([])
      .statements.map(({ sql }) => sql)
      .join("\n"),
  ).toContain('ALTER ROLE "shop_app" LOGIN');
  expect(plan(all, empty).refusals).toEqual([]);
  expect(plan(["role shop_app"]).refusals.map(({ subject }) => subject)).toEqual(["role shop_app"]);
});

test("what another stack has marked is told as that one's", () => {
  const marks = [{ what: "role shop_app", stack: "other/prod", since: "2026", by: "postgres" }];
  const owner = { ...there.owner, hasTable: true, marks };
  const { refusals } = planServerAccess(
    { ...desired, markedAs: "shop/prod" },
    undefined,
    { ...there, owner },
    {
      newcomers: new Set(all),
    },
  );
  expect(refusals.map(({ subject }) => subject)).toEqual(["database shop, role shop_owner", "role shop_app"]);
  expect(refusals[1]?.message).toContain("it belongs to stack other/prod");
});
