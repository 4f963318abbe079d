import { expect, test } from "vitest";
import { EmbeddedServer, Roles, Tuning, type Connection, type TuningArgs } from "../../components";
import { record, secretPaths } from "../support/recorded-program";

const tuned = [
  { name: "shared_buffers", value: "64MB", reason: "1/16 of memory: 1GB / 16" },
  { name: "work_mem", value: "4MB", reason: "at least 4MB" },
];

async function declare(
  change: Partial<TuningArgs> = {},
  capabilities: Partial<Connection["capabilities"]> = {},
) {
  const { resources } = await record(() => {
    const server = new EmbeddedServer("server", { port: 54320, disposable: true, checkout: "/checkout" });
    const connection = {
      ...server.connection,
      capabilities: { ...server.connection.capabilities, ...capabilities },
    };
    const tuning = new Tuning("server", { connection, tuned, ...change });
    new Roles("shop", { connection, roles: [{ name: "shop_owner" }], dependsOn: [tuning.resource] });
    return tuning;
  });
  const own = resources.filter(({ urn }) => urn === "pgstead:index:Settings::server");
  return { own, resources };
}

test("settings go to one resource, the user's own before the formulas', and each formula with its reason", async () => {
  const { own } = await declare({ settings: { work_mem: "16MB" }, restart: "allow" });
  expect(own).toHaveLength(1);
  expect(own[0]).toMatchObject({
    parent: "pg:index:Tuning::server",
    deletedWith: "pgstead:index:EmbeddedServer::server",
    inputs: {
      settings: { shared_buffers: "64MB", work_mem: "16MB" },
      reasons: { shared_buffers: "1/16 of memory: 1GB / 16" },
      restart: "allow",
      control: { kind: "embedded" },
    },
  });
  expect(own[0]?.inputs.reasons).not.toHaveProperty("work_mem");
  expect(secretPaths(own[0]!.inputs)).toEqual(["connection.password"]);
});

test("a restart is refused unless somebody allows it", async () => {
  const { own } = await declare();
  expect(own[0]?.inputs).toMatchObject({ restart: "refuse" });
});

test("a managing login without superuser is one that sets what it was granted", async () => {
  const of = async (capabilities: Partial<Connection["capabilities"]>) =>
    (await declare({}, capabilities)).own[0]?.inputs;
  expect(await of({})).not.toHaveProperty("limited");
  expect(await of({ isSuperuser: false })).toMatchObject({
    limited: { login: "postgres", isManaged: false },
  });
  expect(await of({ isSuperuser: false, isManaged: true })).toMatchObject({ limited: { isManaged: true } });
});
