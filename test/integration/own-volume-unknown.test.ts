import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unknown, type PropertyMap } from "../../components/providers/properties";
import { startOwnProvider } from "../support/own-provider";
import type { ProviderClient } from "../support/provider-client";

let provider: ProviderClient;
beforeAll(async () => {
  provider = await startOwnProvider();
});
afterAll(() => provider.stop());

const place = { volume: "pgt-files", image: "x", label: "test", endpoint: { host: "unix:///tmp/no-engine" } };
const owner = { uid: 999, gid: 999 };

/** What the engine asks of everything that is made from a thing that is about to be replaced. */
async function ask(type: string, oldInputs: PropertyMap, change: PropertyMap) {
  const resource = provider.resource(`pgstead:index:${type}`, "server");
  const inputs = { ...oldInputs, ...change };
  expect((await resource.check(inputs)).failures).toEqual([]);
  const comparison = { id: "server", oldInputs, state: {}, inputs, ignoreChanges: [] };
  return resource.diff(comparison);
}

describe("with inputs that a replacement makes unknown as a whole", () => {
  test("a certificate goes where its volume goes", async () => {
    const certificate = { names: ["localhost"], place: { ...place, owner } };
    expect(await ask("Certificate", certificate, { place: unknown })).toMatchObject({
      changed: true,
      replaces: ["place"],
    });
  });

  test("files are written anew where their contents change, and replaced where their volume is", async () => {
    const file = { content: "x", mode: "0400", secret: true };
    const files = { ...place, owner, directoryMode: "0750", files: { "ca.key": file } };
    expect(await ask("Files", files, { files: unknown })).toMatchObject({
      changed: true,
      diffs: ["files"],
      replaces: [],
    });
    expect(await ask("Files", files, { volume: unknown })).toMatchObject({ replaces: ["volume"] });
  });
});
