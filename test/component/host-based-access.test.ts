import { expect, test } from "vitest";
import { EmbeddedServer, HostBasedAccess, type Connection, type HostBasedAccessArgs } from "../../components";
import { record, secretPaths, valueOf } from "../support/recorded-program";

const logins = [{ name: "shop", logins: ["shop_app"] }];

async function declare(
  change: Partial<HostBasedAccessArgs> = {},
  capabilities: Partial<Connection["capabilities"]> = {},
) {
  const { resources, result } = await record(() => {
    const server = new EmbeddedServer("server", { port: 54320, disposable: true, checkout: "/checkout" });
    const connection = {
      ...server.connection,
      capabilities: { ...server.connection.capabilities, ...capabilities },
    };
    return new HostBasedAccess("server", { connection, managing: "postgres", logins, ...change });
  });
  const own = resources.filter(({ urn }) => urn === "pgstead:index:HostBasedAccess::server");
  return { own, result };
}

test("the rules go to one resource, with those that reject everybody else", async () => {
  const { own } = await declare();
  expect(own).toHaveLength(1);
  expect(own[0]).toMatchObject({
    parent: "pg:index:HostBasedAccess::server",
    deletedWith: "pgstead:index:EmbeddedServer::server",
    inputs: { logins, rollbackSeconds: 10 },
  });
  const { rules } = own[0]!.inputs as { readonly rules: readonly { readonly method: string }[] };
  expect(rules.map(({ method }) => method)).toEqual(["scram-sha-256", "scram-sha-256", "reject", "reject"]);
  expect(secretPaths(own[0]!.inputs)).toEqual(["connection.password"]);
});

test("declared rules take the place of the default, in their order", async () => {
  const rule = { type: "local", database: ["all"], user: ["postgres"], method: "peer" } as const;
  const { own } = await declare({ rules: [rule], rollbackSeconds: 30 });
  expect(own[0]?.inputs).toMatchObject({ rules: [rule, {}, {}], rollbackSeconds: 30 });
});

test("where the file cannot be written, rules that are declared are refused, and none is nothing", async () => {
  const cannot = { canWriteHba: false };
  const without = await declare({}, cannot);
  expect(without.own).toEqual([]);
  expect(await valueOf(without.result.refusals)).toEqual([]);
  const declared = await declare({ rules: [] }, cannot);
  expect(declared.own).toEqual([]);
  expect(await valueOf(declared.result.refusals)).toMatchObject([{ subject: "pg_hba.conf" }]);
});
