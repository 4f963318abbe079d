import { expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { planStack } from "../../../infra/plan";
import { resolveServerAccess } from "../../../components/core/desired/server";

const configOf = (app: object, change: object = {}) =>
  parseConfig(
    {
      "pgstead:database": { name: "shop", schemas: { api: { writers: ["app"] } } },
      "pgstead:roles": { app: { login: true, rotation: "dual", connectionLimit: 5, ...app } },
      ...change,
    },
    { stack: "dev" },
  );

test("both logins are declared alike, are let in, and clients are given the current one", () => {
  for (const [passwordVersion, current] of [
    [1, "shop_app"],
    [2, "shop_app_2"],
  ] as const) {
    const { databases, hostBasedAccess } = planStack(configOf({ passwordVersion }));
    const [shop] = databases;
    expect(shop?.logins.app).toBe(current);
    expect(shop?.schemas.find(({ name }) => name === "api")?.writers).toEqual(["shop_app", "shop_app_2"]);
    expect(hostBasedAccess?.logins[0]?.logins).toEqual(expect.arrayContaining(["shop_app", "shop_app_2"]));
    const { roles } = resolveServerAccess({
      databases: databases.map(({ database, roles, schemas }) => ({ database, roles, schemas })),
      allowDataLoss: [],
      protect: false,
    });
    const [first, second] = roles.filter(({ name }) => name.startsWith("shop_app"));
    expect({ ...second, name: "shop_app" }).toEqual(first);
    expect(first).toMatchObject({ login: true, connectionLimit: 5 });
  }
});

test("the former one does not log in any more where the turn is finished, and stays a role", () => {
  const [shop] = planStack(configOf({ rotation: "dual-finished", passwordVersion: 2 })).databases;
  const logins = shop?.roles.filter(({ name }) => name.startsWith("shop_app"));
  expect(logins).toMatchObject([
    { name: "shop_app", login: false, turn: { is: "former" } },
    { name: "shop_app_2", login: true, turn: { is: "current" } },
  ]);
});

test("a retired role takes both logins along", () => {
  const [shop] = planStack(
    configOf({ retired: "reassign", login: false }, { "pgstead:database": { name: "shop" } }),
  ).databases;
  const left = shop?.roles.filter(({ name }) => name.startsWith("shop_app"));
  expect(left?.map(({ name, retired, turn }) => [name, retired, turn])).toEqual([
    ["shop_app", "reassign", undefined],
    ["shop_app_2", "reassign", undefined],
  ]);
});

test("a rule of pg_hba.conf that names one of two logins is told, as the other's turn would lock out", () => {
  const rule = (...user: string[]) => ({
    "pgstead:server": {
      hba: [{ type: "host", database: "all", user, address: "127.0.0.1/32", method: "scram-sha-256" }],
    },
  });
  expect(() => configOf({}, rule("shop_app"))).toThrow(
    /the logins of app take turns, and shop_app_2 is not named/,
  );
  expect(() => configOf({}, rule("shop_app", "shop_app_2"))).not.toThrow();
});
