import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { neededPlugins, type StackTexts } from "../../../infra/toolchain/plugins/needed-plugins";
import { plugins } from "../../../infra/toolchain/versions";

const needed = (texts: Partial<StackTexts>): string[] =>
  neededPlugins({ file: "", state: "", isAny: false, ...texts }).map(({ name }) => name);

describe("the plugins of the dev stack", () => {
  test("are without docker, unless its file names the target", () => {
    expect(needed({ file: "config:\n  pgstead:target: embedded\n" })).toEqual(["postgresql"]);
    expect(needed({ file: "config:\n  pgstead:target: docker\n" })).toEqual(["postgresql", "docker"]);
    expect(needed({ file: "" })).toEqual(["postgresql"]);
  });

  test("have docker as long as the state holds something of it", () => {
    const state = '{"resources":[{"type":"pulumi:providers:docker"}]}';
    expect(needed({ file: "config:\n  pgstead:target: embedded\n", state })).toEqual([
      "postgresql",
      "docker",
    ]);
  });

  test("have command only where a host is reached over SSH, or the state holds something of it", () => {
    const server = "{ host: db1.example.com, user: deploy }";
    const file = `config:\n  pgstead:target: existing\n  pgstead:server:\n    ssh: ${server}\n`;
    expect(needed({ file })).toEqual(["postgresql", "command"]);
    const state = '{"resources":[{"type":"pulumi:providers:command"}]}';
    expect(needed({ state })).toEqual(["postgresql", "command"]);
  });

  test("are those of every target where the command has a file of its own", () => {
    expect(needed({ isAny: true })).toEqual(["postgresql", "docker", "command"]);
  });

  test("are found for a file that is no YAML, which is complained about elsewhere", () => {
    expect(needed({ file: "config: [" })).toEqual(["postgresql"]);
  });

  test("have the versions of the npm packages", () => {
    for (const { name, version } of plugins) {
      const installed = createRequire(__filename)(`@pulumi/${name}/package.json`) as { version: string };
      expect([name, version]).toEqual([name, installed.version]);
    }
  });
});
