import { expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { planStack } from "../../../infra/plan";

const rule = {
  type: "host",
  database: "all",
  user: "postgres",
  address: "127.0.0.1/32",
  method: "scram-sha-256",
};

function plan(raw: Record<string, unknown>) {
  const database = { name: "shop", schemas: { app: {} } };
  return planStack(parseConfig({ "pgstead:database": database, ...raw }, { stack: "dev" })).hostBasedAccess;
}

test("without rules the component gets who logs in, and chooses", () => {
  const roles = {
    app: { login: true },
    standby: { login: true, replication: true },
    group: {},
  };
  expect(plan({ "pgstead:roles": roles })).toEqual({
    managing: "postgres",
    logins: [
      { name: "shop", logins: ["shop_migrator", "shop_app", "shop_standby"] },
      { name: "postgres", logins: [] },
    ],
    replicators: ["shop_standby"],
  });
});

test("rules go to the component as they were declared", () => {
  const rules = plan({ "pgstead:server": { hba: [rule] } })?.rules;
  expect(rules).toEqual([{ ...rule, database: ["all"], user: ["postgres"] }]);
});

test("who watches the server logs in to its maintenance database as well", () => {
  const roles = { monitor: { login: true, profile: "monitor" } };
  expect(plan({ "pgstead:roles": roles })?.logins.at(-1)).toEqual({
    name: "postgres",
    logins: ["shop_monitor"],
  });
});

test("a server that is there already keeps its pg_hba.conf, unless rules are declared", () => {
  const existing = { "pgstead:target": "existing" };
  expect(plan({ ...existing, "pgstead:server": { host: "127.0.0.1" } })).toBeUndefined();
  expect(plan({ ...existing, "pgstead:server": { host: "127.0.0.1", hba: [rule] } })?.rules).toHaveLength(1);
});
