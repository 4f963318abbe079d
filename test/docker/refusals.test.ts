import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseCommand } from "../../infra/toolchain/arguments";
import { createContext } from "../../infra/toolchain/context";
import { prepareEnvironment } from "../../infra/toolchain/environment";
import { run } from "../../infra/toolchain/process";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";

let under: DockerStackUnderTest;

beforeAll(async () => {
  under = await makeDockerStack();
}, 300_000);

afterAll(() => under.remove(), 300_000);

async function refused(env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { exitCode, text } = await under.pulumi(["preview"], { exitCode: "any", env });
  expect(exitCode).not.toBe(0);
  return text;
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(port, "127.0.0.1", () => {
      resolve(server);
    });
  });
}

describe("before anything is made, a preview tells", () => {
  const dead = { DOCKER_HOST: "unix:///tmp/pgstead-no-engine.sock" };

  test("an engine that does not run, once for all of the stack", async () => {
    const text = await refused(dead);
    expect(text.match(/Docker engine: does not answer/g)).toHaveLength(1);
    expect(text.match(/does not answer/g)).toHaveLength(1);
    expect(text).toContain("is it running?");
  });

  test.each([["up"], ["refresh"], ["destroy"]])(
    "an engine that does not run ends %s before it begins, with the same words",
    async (command) => {
      const { stdout, stderr } = await under.pulumi([command, "--yes"], { exitCode: 2, env: dead });
      expect(stdout).toBe("");
      expect(stderr).toMatch(
        /^pgstead: Docker engine:\n {2}does not answer \(.*\)\n {4}hint: is it running\?.*\n$/m,
      );
    },
  );

  test("a container and a volume of somebody else, and a port in use, all of them", async () => {
    const { docker, name, port } = under;
    const container = await docker.createContainer({
      name: `${name}-server`,
      Image: "debian:trixie-slim",
      Entrypoint: ["true"],
    });
    await docker.createVolume({
      Name: `${name}-data`,
      Labels: { "pgstead.stack": "acme/pgstead/other" },
    });
    const listener = await listen(port);
    try {
      const text = await refused();
      expect(text).toContain(`container ${name}-server: there is one that pgstead did not make`);
      expect(text).toContain(`volume ${name}-data: it belongs to the stack acme/pgstead/other`);
      expect(text).toContain(`port ${port} on 127.0.0.1: another program has it`);
      expect(text).toContain("pgstead:docker.name");
    } finally {
      await container.remove({ force: true });
      await docker.getVolume(`${name}-data`).remove();
      await new Promise((resolve) => listener.close(resolve));
    }
  });

  test("an address that the engine's host does not have", async () => {
    await under.configure(["pgstead:docker", "publish"], ["192.0.2.7"]);
    expect(await refused()).toContain("192.0.2.7: the engine's host has no such address");
    await under.configure(["pgstead:docker", "publish"], ["127.0.0.1"]);
  });
});

test("plain Pulumi without the operations code says how to build it", async () => {
  const { directory } = under.checkout;
  await rm(join(directory, "infra", "images", "ops", "build"), { recursive: true, force: true });
  const context = createContext(under.env, directory);
  const { cli, env } = await prepareEnvironment(context, parseCommand(["preview", "--stack", "prod"]));
  const args = ["preview", "--stack", "prod", "--non-interactive"];
  const { exitCode, stdout } = await run(cli.program, args, { cwd: directory, env });
  expect(exitCode).not.toBe(0);
  expect(stdout).toContain("the operations code of the image ops is not built: it is missing");
  expect(stdout).toContain("npm run build:ops");
});

test("the committed file of the production stack has no encryption of anybody, and is safe by default", async () => {
  const committed = parseDocument(await readFile("Pulumi.prod.yaml", "utf8")).toJS() as Record<
    string,
    unknown
  >;
  expect(Object.keys(committed)).toEqual(["config"]);
  expect(committed.config).toMatchObject({
    "pgstead:target": "docker",
    "pgstead:protect": true,
    "pgstead:server": { restart: "refuse" },
  });
  expect(committed.config).not.toHaveProperty("pgstead:allowDataLoss");
  expect(committed.config).not.toHaveProperty("pgstead:disposable");
});
