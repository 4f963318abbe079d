import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { findLogin } from "../../../infra/ops/find-login";

const one = parseConfig(
  { "pgstead:database": { name: "shop" }, "pgstead:roles": { app: { login: true }, group: {} } },
  { stack: "dev" },
);
const two = parseConfig(
  {
    "pgstead:databases": {
      shop: { roles: { app: { login: true } } },
      billing: { roles: { app: { login: true }, report: { login: true } } },
    },
  },
  { stack: "dev" },
);

describe("the role of a connection", () => {
  test("is found by its key and by its name on the server", () => {
    expect(findLogin(one, { role: "app" }).role.name).toBe("shop_app");
    expect(findLogin(one, { role: "shop_app" }).role.key).toBe("app");
    expect(findLogin(two, { role: "billing_app" }).database.name).toBe("billing");
    expect(findLogin(two, { role: "app", database: "billing" }).role.name).toBe("billing_app");
    expect(findLogin(two, { role: "report" }).database.name).toBe("billing");
  });

  test.each([
    [one, { role: "ap" }, /ap is not declared[^]*did you mean app\?/],
    [one, { role: "administrator" }, /known here: migrator, app/],
    [one, { role: "group" }, /group does not log in[^]*login: true/],
    [one, { role: "owner" }, /owner does not log in/],
    [one, {}, /--role[^]*is missing[^]*migrator, app/],
    [two, { role: "app" }, /--database[^]*billing, shop/],
    [two, { role: "app", database: "shopp" }, /shopp is not declared[^]*did you mean shop\?/],
  ])("is refused, with what to write instead (%#)", (config, wanted, message) => {
    expect(() => findLogin(config, wanted)).toThrow(message);
  });
});
