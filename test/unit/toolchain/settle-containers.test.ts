import { describe, expect, test } from "vitest";
import { parseCommand } from "../../../infra/toolchain/arguments";
import { touchedContainers } from "../../../infra/toolchain/docker/settle-containers";
import type { Deployment } from "../../../infra/toolchain/interrupted";
import { dockerObjects } from "../../../infra/toolchain/docker/state-containers";

const urn = (name: string) =>
  `urn:pulumi:prod::pgstead::pgstead:index:DockerServer$docker:index/container:Container::${name}`;

describe("the containers that a command may change", () => {
  const touched = (...args: readonly string[]): readonly string[] | undefined => {
    const isTouched = touchedContainers({ command: parseCommand(args), args });
    return isTouched === undefined ? undefined : ["server", "ops"].filter((name) => isTouched(urn(name)));
  };

  test.each([
    [["up", "-s", "prod"]],
    [["update", "--yes"]],
    [["destroy"]],
    [["dn", "--refresh=false"]],
    [["up", "--message", "--refresh"]],
  ])("of %j are all of them", (args) => {
    expect(touched(...args)).toEqual(["server", "ops"]);
  });

  test.each([
    [["preview"]],
    [["refresh"]],
    [["stack", "output"]],
    [["up", "--help"]],
    [["up", "--refresh"]],
    [["up", "-r"]],
    [["up", "--refresh=true"]],
    [["destroy", "--preview-only"]],
  ])("of %j are none, or the command looks at them by itself", (args) => {
    expect(touched(...args)).toBeUndefined();
  });

  test.each([
    [["--target", urn("server")], ["server"]],
    [
      ["-t", urn("server"), "--target", urn("ops")],
      ["server", "ops"],
    ],
    [[`--target=**::ops`], ["ops"]],
    [["--target-replace", "**Container::server"], ["server"]],
    [["--target", "urn:pulumi:*::pgstead::*$*:index/container:Container::server"], []],
    [["--target", "urn:pulumi:*::pgstead::*:*:*$*:*:Container::server"], ["server"]],
    [["--target", "**::network"], []],
    [
      ["--target", "**::network", "--target-dependents"],
      ["server", "ops"],
    ],
    [["--exclude", urn("ops")], ["server"]],
  ])("of `up` with %j are %j", (options, names) => {
    expect(touched("up", ...options)).toEqual(names);
  });

  test("of `destroy` are those that depend on its targets as well", () => {
    expect(touched("destroy", "--target", "**::network")).toEqual(["server", "ops"]);
    expect(touched("destroy", "-x", urn("ops"))).toEqual(["server"]);
  });
});

describe("the containers of a state", () => {
  const provider = {
    urn: "urn:pulumi:prod::pgstead::pulumi:providers:docker::pgstead",
    type: "pulumi:providers:docker",
    id: "p1",
    inputs: { host: "ssh://deploy@db1.example.com" },
  };
  const of = (name: string, type: string, more: Readonly<Record<string, unknown>> = {}) => ({
    urn: urn(name),
    type: `docker:index/${type}`,
    id: `id-of-${name}`,
    provider: `${provider.urn}::p1`,
    inputs: { name: `pgstead-prod-${name}` },
    ...more,
  });
  const server = of("server", "container:Container");
  const data = of("data", "volume:Volume");
  const read = (deployment: Deployment | undefined, env: NodeJS.ProcessEnv = {}) =>
    dockerObjects(deployment, { env, project: "/checkout" });

  test("are told with the engine that they are on, and with its volumes", () => {
    const other = { urn: "urn:x", type: "pgstead:index:Files", provider: server.provider };
    expect(read({ resources: [provider, other, server, data] })).toEqual([
      {
        endpoint: { host: "ssh://deploy@db1.example.com" },
        containers: [{ urn: server.urn, id: "id-of-server", name: "pgstead-prod-server" }],
        volumes: [{ urn: data.urn, id: "id-of-data", name: "pgstead-prod-data" }],
        leftOvers: [],
      },
    ]);
  });

  test("are none without a state, without containers, and of those that Pulumi deleted itself", () => {
    expect(read(undefined)).toEqual([]);
    expect(read({})).toEqual([]);
    expect(read({ resources: [provider, data] })).toEqual([]);
    const { id: _id, ...without } = server;
    expect(read({ resources: [provider, without] })).toEqual([]);
    for (const more of [{ pendingReplacement: true }, { external: true }, { id: "" }]) {
      expect(read({ resources: [provider, { ...server, ...more }] })).toEqual([]);
    }
    // One that is still to be deleted would fail.
    expect(read({ resources: [provider, { ...server, delete: true }] })).toHaveLength(1);
  });

  test("are asked of the environment's engine where the state names none", () => {
    const engine = (inputs: Readonly<Record<string, unknown>>, env = {}) =>
      read({ resources: [{ ...provider, inputs }, server] }, env)[0]?.endpoint;
    expect(engine({})).toEqual({});
    expect(engine({}, { DOCKER_HOST: "unix:///run/docker.sock" })).toEqual({
      host: "unix:///run/docker.sock",
    });
    const tls = { host: "tcp://db1:2376", certPath: "../certificates" };
    expect(engine(tls)).toEqual({ host: "tcp://db1:2376", certPath: "/checkout/certificates" });
    expect(engine({ certPath: "/etc/docker" })).toEqual({ certPath: "/etc/docker" });
  });

  test("are left alone where the state does not tell their engine in clear", () => {
    const secret = {
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      ciphertext: "x",
    };
    for (const inputs of [{ host: secret }, { certPath: secret }, { context: "far" }, { keyMaterial: "x" }]) {
      expect(read({ resources: [{ ...provider, inputs }, server] })).toEqual([]);
    }
    expect(read({ resources: [provider, server] }, { DOCKER_CONTEXT: "far" })).toEqual([]);
    expect(read({ resources: [provider, server] }, { DOCKER_CONTEXT: "default" })).toHaveLength(1);
  });
});

describe("what a killed run was making", () => {
  const provider = { urn: "urn:engine", type: "pulumi:providers:docker", id: "p1", inputs: {} };
  const labels = [{ label: "pgstead.stack", value: "organization/pgstead/prod" }];
  const making = (
    type: string,
    inputs: Readonly<Record<string, unknown>> = { labels },
    kind = "creating",
  ) => ({
    type: kind,
    resource: {
      urn: urn("server"),
      type: `docker:index/${type}`,
      provider: "urn:engine::p1",
      inputs: { name: "pgstead-prod", ...inputs },
    },
  });
  const leftOvers = (pending: Deployment["pending_operations"], resources: Deployment["resources"] = []) =>
    dockerObjects(
      {
        resources: [provider, ...resources],
        ...(pending === undefined ? {} : { pending_operations: pending }),
      },
      { env: {}, project: "/checkout" },
    ).flatMap((engine) => engine.leftOvers);

  test("is a container or a network with the label of the stack, under the name that it was given", () => {
    const found = { urn: urn("server"), name: "pgstead-prod", stack: "organization/pgstead/prod" };
    expect(leftOvers([making("container:Container")])).toEqual([{ kind: "container", ...found }]);
    expect(leftOvers([making("network:Network")])).toEqual([{ kind: "network", ...found }]);
  });

  test("is nothing that was made since, that holds data, that has no label, or that was not being made", () => {
    const container = making("container:Container");
    const made = { ...container.resource, id: "x" };
    expect(leftOvers([container], [made])).toEqual([]);
    expect(leftOvers([container], [{ ...made, pendingReplacement: true }])).toHaveLength(1);
    expect(leftOvers([making("volume:Volume")])).toEqual([]);
    expect(leftOvers([making("container:Container", {})])).toEqual([]);
    expect(leftOvers([making("container:Container", { labels }, "updating")])).toEqual([]);
    const elsewhere = { ...container.resource, provider: "urn:other::p1" };
    expect(leftOvers([{ type: "creating", resource: elsewhere }])).toEqual([]);
    expect(leftOvers(undefined)).toEqual([]);
  });
});
