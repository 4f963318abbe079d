import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readStackConfig } from "../../../infra/ops/stack";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pgstead-stack-"));
  const write = (stack: string, text: string) => writeFile(join(root, `Pulumi.${stack}.yaml`), text);
  await write("prod", "config:\n  pgstead:database: { name: shop }\n  aws:region: x\n");
  await write("broken", "config:\n  pgstead:database: { name: shop\n");
  await write("list", "config: [1]\n");
  await write("wrong", "config:\n  pgstead:database: { nam: shop }\n  pgstead:server: { port: 1 }\n");
  await write("empty", "");
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe("the settings of a stack", () => {
  test("are read from its file, as the program does", async () => {
    const config = await readStackConfig(root, "prod");
    expect(config).toMatchObject({ stack: "prod", databases: [{ name: "shop" }] });
  });

  test("belong to the stack's own name, whatever stands before it", async () => {
    expect(await readStackConfig(root, "acme/pgstead/prod")).toMatchObject({ stack: "prod" });
  });

  test.each([
    ["prdo", /no Pulumi\.prdo\.yaml[^]*did you mean --stack prod\?/],
    ["zzzzzzzz", /stack init zzzzzzzz[^]*broken, empty, list, prod, wrong/],
    ["../prod", /not the name of a stack/],
    ["..", /not the name of a stack/],
    ["a b", /not the name of a stack/],
    ["", /not the name of a stack/],
    ["broken", /Pulumi\.broken\.yaml is not YAML/],
    ["list", /`config` is not a map/],
    ["wrong", /port[^]*nam/],
    ["empty", /pgstead:database/],
  ])("of %j are refused", async (stack, message) => {
    await expect(readStackConfig(root, stack)).rejects.toThrow(message);
  });
});
