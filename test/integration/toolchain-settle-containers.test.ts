import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseCommand } from "../../infra/toolchain/arguments";
import { createContext, type ToolchainContext } from "../../infra/toolchain/context";
import { settleContainers } from "../../infra/toolchain/docker/settle-containers";
import type { PulumiEnvironment } from "../../infra/toolchain/environment";
import { makeMachine, type Machine } from "./toolchain-fakes";

let machine: Machine;
let context: ToolchainContext;
let engine: Server;
/** What the engine has: containers by id, volumes by name. */
let there: Set<string>;
let said: string[];

beforeEach(async () => {
  machine = await makeMachine();
  const project = join(machine.home, "project");
  await mkdir(project);
  await writeFile(join(project, "Pulumi.yaml"), "name: pgstead\nruntime: nodejs\n");
  await writeFile(join(project, "Pulumi.prod.yaml"), "config:\n  pgstead:target: docker\n");
  await writeFile(join(project, "Pulumi.ci.yaml"), "config:\n  pgstead:target: embedded\n");
  await writeState(["server", "ops"]);
  // Says what it was asked; knows the state that the test wrote.
  await machine.script(
    "pulumi",
    `echo "$@" >> "$HOME/asked"
if [ "$1 $2" = "stack export" ]; then exec cat "$HOME/state.json"; fi
if [ -e "$HOME/locked" ]; then echo "the stack is currently locked" >&2; exit 255; fi`,
  );
  said = [];
  context = { ...createContext(machine.env, project), say: (line) => void said.push(line) };
  there = new Set(["server-id", "ops-id", "data"]);
  engine = createServer(({ url = "" }, response) => {
    const name = /\/(?:containers|volumes)\/([^/?]+)/.exec(url)?.[1] ?? "";
    response.statusCode = there.has(name) ? 200 : 404;
    response.setHeader("content-type", "application/json");
    const container = { Id: name, Image: "", Config: { Labels: {} }, State: {}, RestartCount: 0 };
    response.end(JSON.stringify(there.has(name) ? container : { message: `no such thing: ${name}` }));
  });
  engine.listen(join(machine.home, "docker.sock"));
  await once(engine, "listening");
});
afterEach(async () => {
  engine.close();
  engine.closeAllConnections();
  await machine.remove();
});

const urn = (name: string) => `urn:pulumi:prod::pgstead::docker:index/container:Container::${name}`;

async function writeState(containers: readonly string[]): Promise<void> {
  const provider = "urn:pulumi:prod::pgstead::pulumi:providers:docker::pgstead";
  const host = `unix://${join(machine.home, "docker.sock")}`;
  const object = (name: string, type: string, id: string) => ({
    urn: urn(name),
    type: `docker:index/${type}`,
    id,
    provider: `${provider}::p1`,
    inputs: { name: `pgstead-prod-${name}` },
  });
  const resources = [
    { urn: provider, type: "pulumi:providers:docker", id: "p1", inputs: { host } },
    object("data", "volume:Volume", "data"),
    ...containers.map((name) => object(name, "container:Container", `${name}-id`)),
  ];
  const state = { version: 3, deployment: containers.length === 0 ? null : { resources } };
  await writeFile(join(machine.home, "state.json"), JSON.stringify(state));
}

/** Gives what Pulumi was asked. */
async function forget(...args: readonly string[]): Promise<string[]> {
  const command = parseCommand(args);
  const environment: PulumiEnvironment = {
    cli: { program: join(machine.path, "pulumi") } as PulumiEnvironment["cli"],
    login: { kind: "user", reason: "" },
    env: machine.env,
  };
  await settleContainers(context, environment, { command, args });
  return machine.lines("asked");
}

const asked = "stack export --stack prod --non-interactive";

describe("containers that somebody removed by hand", () => {
  test("are forgotten before `up`, each in one line, and the others stay", async () => {
    there.delete("ops-id");
    expect(await forget("up", "--stack", "prod", "--yes")).toEqual([
      asked,
      `refresh --yes --skip-preview --stack prod --non-interactive --target ${urn("ops")}`,
    ]);
    expect(said).toEqual([
      "container pgstead-prod-ops is gone: forgetting it, so that this run makes it again; its volumes keep the data",
    ]);
  });

  test("are forgotten before `destroy`, with the configuration that it was given", async () => {
    there.delete("ops-id");
    there.delete("server-id");
    const file = join(context.project, "Pulumi.prod.yaml");
    const lines = await forget("destroy", "--stack", "prod", "--config-file", file);
    const targets = `--target ${urn("server")} --target ${urn("ops")}`;
    expect(lines[1]).toBe(
      `refresh --yes --skip-preview --stack prod --non-interactive --config-file=${file} ${targets}`,
    );
    expect(said.join("\n")).toContain("forgetting it, as there is nothing left to remove");
  });

  test("that a run leaves alone stay, and one that looks at all of them by itself is left to it", async () => {
    there.delete("ops-id");
    await forget("up", "--stack", "prod", "--target", urn("server"));
    expect(await forget("up", "--stack", "prod", "--refresh")).toEqual([asked]);
    expect(said).toEqual([]);
  });

  test("whose state cannot be changed stop the run, with what Pulumi said", async () => {
    there.delete("ops-id");
    await writeFile(join(machine.home, "locked"), "");
    await expect(forget("up", "--stack", "prod")).rejects.toThrow(
      /could not take them out of the state: the stack is currently locked\n.*hint: /,
    );
  });
});

describe("nothing is changed and nothing is said", () => {
  afterEach(() => {
    expect(said).toEqual([]);
  });

  test("where all of them are there", async () => {
    expect(await forget("up", "--stack", "prod")).toEqual([asked]);
  });

  test("of other targets and commands: Pulumi is not even asked", async () => {
    for (const args of [
      ["up", "--stack", "ci"],
      ["up", "--stack", "nowhere"],
      ["preview", "--stack", "prod"],
      ["refresh", "--stack", "prod"],
      ["up", "--stack", "prod", "--cwd", "elsewhere"],
    ])
      expect(await forget(...args)).toEqual([]);
  });

  test("of a stack without a state, or whose state cannot be read", async () => {
    await writeState([]);
    await forget("up", "--stack", "prod");
    await writeFile(join(machine.home, "state.json"), "error: no stack named 'prod' found");
    expect(await forget("up", "--stack", "prod")).toEqual([asked, asked]);
  });

  test("where the engine does not answer", async () => {
    there.clear();
    engine.close();
    engine.closeAllConnections();
    expect(await forget("up", "--stack", "prod")).toEqual([asked]);
  });
});

test("an engine that has none of the volumes either may be another one: nothing is forgotten", async () => {
  there.clear();
  expect(await forget("up", "--stack", "prod")).toEqual([asked]);
  expect(said).toEqual([
    expect.stringMatching(/is it another one\? .*`npm run pulumi -- refresh --stack prod` forgets them/),
  ]);
});
