import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { parseCommand } from "../../../infra/toolchain/arguments";
import { createContext, type ToolchainContext } from "../../../infra/toolchain/context";
import {
  needsEngine,
  prepareDockerStack,
  readDockerStack,
  runsProgram,
} from "../../../infra/toolchain/docker/docker-stack";

const made: string[] = [];
afterEach(async () => {
  for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function project(files: Readonly<Record<string, string>>): Promise<ToolchainContext> {
  const directory = await mkdtemp(join(tmpdir(), "pgstead-stack-"));
  made.push(directory);
  await mkdir(join(directory, "home"));
  for (const [name, text] of Object.entries({ "Pulumi.yaml": "name: pgstead\n", ...files }))
    await writeFile(join(directory, name), text);
  return { ...createContext({ PULUMI_HOME: join(directory, "home") }, directory), say: () => undefined };
}

const prepare = (context: ToolchainContext, kind: "dev" | "user", ...args: string[]) =>
  prepareDockerStack(context, { kind, reason: "" }, parseCommand(args), args);

const dockerStack = "config:\n  pgstead:target: docker\n";

describe("what a stack's file says of the engine", () => {
  test.each([
    ["", undefined],
    ["config: [", undefined],
    ["config:\n  pgstead:target: embedded\n", undefined],
    [dockerStack, {}],
    [
      `${dockerStack}  pgstead:docker: { host: "ssh://db1", certPath: certs, baseImage: debian:x, name: shop }\n`,
      { host: "ssh://db1", certPath: "certs", baseImage: "debian:x" },
    ],
    [`${dockerStack}  pgstead:docker: { host: 7 }\n`, {}],
  ])("%j", (text, expected) => {
    expect(readDockerStack(text)).toEqual(expected);
  });
});

test.each([
  ["up", true],
  ["preview", true],
  ["up --help", false],
  ["destroy", false],
  ["destroy --run-program", true],
  ["refresh", false],
  ["stack output", false],
])("pulumi %s runs the program: %s", (line, expected) => {
  const args = line.split(" ");
  expect(runsProgram(parseCommand(args), args)).toBe(expected);
});

test.each([
  ["up", true],
  ["refresh", true],
  ["refresh --preview-only", true],
  ["destroy", true],
  ["up --preview-only", false],
  ["up --help", false],
  ["preview", false],
  ["stack output", false],
])("pulumi %s can do nothing without the engine: %s", (line, expected) => {
  const args = line.split(" ");
  expect(needsEngine(parseCommand(args), args)).toBe(expected);
});

describe("an engine that does not answer", () => {
  const dead = `${dockerStack}  pgstead:docker: { host: "unix:///tmp/pgstead-no-engine.sock" }\n`;

  test.each(["refresh", "destroy"])("ends pulumi %s with one error and what to do", async (line) => {
    const context = await project({ "Pulumi.prod.yaml": dead });
    await expect(prepare(context, "user", ...line.split(" "), "--stack", "prod")).rejects.toThrow(
      /^Docker engine:\n {2}does not answer \(.*pgstead-no-engine\.sock\)\n {4}hint: is it running\?/,
    );
  });

  test("is not asked where its address is none, or the stack is of another target", async () => {
    const wrong = dead.replace("unix:///tmp/pgstead-no-engine.sock", "nonsense");
    const context = await project({
      "Pulumi.prod.yaml": wrong,
      "Pulumi.dev.yaml": "config:\n  pgstead:target: embedded\n",
    });
    expect(await prepare(context, "user", "refresh", "--stack", "prod")).toEqual({});
    expect(await prepare(context, "dev", "refresh")).toEqual({});
  });
});

describe("before the program of a stack of target docker runs", () => {
  // The project has no operations code: whoever looks for the bundle says so.
  const wanted = "the program of the ops container is missing";

  test.each([
    ["the dev stack", "Pulumi.dev.yaml", "dev", "up"],
    ["a stack that is named", "Pulumi.prod.yaml", "user", "up --stack organization/pgstead/prod"],
    ["a file that is named", "other.yaml", "user", "preview --config-file other.yaml"],
    ["a file that is named in one word", "other.yaml", "dev", "preview --config-file=other.yaml"],
  ] as const)("the bundle is made: %s", async (_, file, kind, line) => {
    const context = await project({ [file]: dockerStack });
    await expect(prepare(context, kind, ...line.split(" "))).rejects.toThrow(wanted);
  });

  test.each([
    ["of another target", "config:\n  pgstead:target: embedded\n", "up"],
    ["that does not run", dockerStack, "stack output"],
    ["of another directory", dockerStack, "up --cwd elsewhere"],
  ])("nothing is made for a program %s", async (_, text, line) => {
    const context = await project({ "Pulumi.dev.yaml": text });
    expect(await prepare(context, "dev", ...line.split(" "))).toEqual({});
  });
});
