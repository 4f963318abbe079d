import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { plansOf, startOwnProvider } from "../support/own-provider";
import { certificateOf, filesOf } from "../support/own-volume";
import type { ProviderClient } from "../support/provider-client";

const endpoint = { host: "unix:///tmp/pgstead-no-engine.sock" };
const host: PropertyMap = {
  engine: endpoint,
  stack: "organization/pgstead/prod",
  name: "shop-prod",
  containers: ["shop-prod-server"],
  volumes: ["shop-prod-data"],
  networks: ["shop-prod"],
  ports: [],
  cpus: 1,
  memory: 1024,
};

let provider: ProviderClient;
beforeAll(async () => {
  provider = await startOwnProvider();
});
afterAll(() => provider.stop());

test("names that change are refused with the key, both names and the ways out", async () => {
  const resource = provider.resource("pgstead:index:DockerHost", "server");
  const { failures } = await resource.check({ ...host, name: "store-prod" }, host);
  expect(failures).toEqual([
    {
      property: "",
      reason: expect.stringMatching(
        /^pgstead:docker\.name: what this stack has begins with "shop-prod", and volumes cannot be renamed to "store-prod"; write "shop-prod" there again, or make another stack/,
      ) as string,
    },
  ]);
});

describe("an engine that does not answer", () => {
  test("is told by whichever resource misses it first, and by no other", async () => {
    const ask = (token: string, inputs: PropertyMap) =>
      provider
        .resource(token, "server")
        .diff({ id: "server", oldInputs: inputs, state: {}, inputs, ignoreChanges: [] });
    await ask("pgstead:index:DockerHost", host);
    const place = { endpoint, volume: "v", image: "x", label: "test" };
    const file = { "a.conf": { content: "x", mode: "0644" } };
    for (const { token, inputs } of [filesOf(place, file), certificateOf(place)]) await ask(token, inputs);
    const told = plansOf(provider).filter((text) => text.includes("does not answer"));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(
      /^plan: compared with the state only: Docker engine:\n.*\n {4}hint: is it running\?/,
    );
  });
});
