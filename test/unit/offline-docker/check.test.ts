import { describe, expect, test } from "vitest";
import { secret, unknown, type PropertyMap } from "../../../components/providers/properties";
import { containerShape } from "../../../infra/toolchain/offline/docker/container-shape";
import { networkShape } from "../../../infra/toolchain/offline/docker/network";
import { checkConfig, parseConfig } from "../../../infra/toolchain/offline/docker/provider-config";
import { volumeShape } from "../../../infra/toolchain/offline/docker/volume";
import { checkInputs } from "../../../infra/toolchain/offline/shared/check";

const checkContainer = (inputs: PropertyMap, old: PropertyMap = {}) =>
  checkInputs(containerShape, old, { name: "box", image: "sha256:1", ...inputs });
const refusedBy = (inputs: PropertyMap) => checkContainer(inputs).failures.map(({ property }) => property);

describe("inputs of the offline docker plugin", () => {
  test("defaults are added and named at every depth", () => {
    const { inputs, failures } = checkContainer({
      healthcheck: { tests: ["CMD", "true"], interval: "5s" },
      ports: [{ internal: 80 }],
      labels: [{ label: "a", value: "b" }],
      tmpfs: { "/tmp": "size=1m" },
    });
    expect(failures).toEqual([]);
    expect(inputs.__defaults).toEqual([
      ...["containerReadRefreshTimeoutMilliseconds", "mustRun", "networkMode", "removeVolumes", "restart"],
      ...["start", "waitTimeout"],
    ]);
    expect(inputs.healthcheck).toEqual({
      __defaults: ["startInterval", "startPeriod", "timeout"],
      ...{ tests: ["CMD", "true"], interval: "5s", timeout: "0s", startPeriod: "0s", startInterval: "0s" },
    });
    expect(inputs.ports).toEqual([
      { __defaults: ["ip", "protocol"], internal: 80, ip: "0.0.0.0", protocol: "tcp" },
    ]);
    expect(inputs.labels).toEqual([{ __defaults: [], label: "a", value: "b" }]);
    expect(inputs.tmpfs).toEqual({ "/tmp": "size=1m" });
  });

  test("old defaults stay, inside of lists as well", () => {
    const old = { ports: [{ internal: 80, ip: "127.0.0.1", __defaults: ["ip"] }] };
    expect(checkContainer({ ports: [{ internal: 80 }] }, old).inputs.ports).toMatchObject([
      { ip: "127.0.0.1" },
    ]);
  });

  test("secrets stay wrapped wherever they are, and what is not known is not judged", () => {
    const uploads = [{ file: "/etc/x", content: secret("hidden") }];
    const { inputs, failures } = checkContainer({
      ...{ image: unknown, uploads, envs: [secret("A=1"), unknown], labels: unknown },
      ports: [{ internal: unknown }],
    });
    expect(failures).toEqual([]);
    expect(inputs.uploads).toEqual([{ ...uploads[0], __defaults: [] }]);
    const whole = checkContainer({ uploads: secret([{ file: "/etc/x", content: "hidden" }]) });
    expect(whole.failures).toEqual([]);
    expect(whole.inputs.uploads).toEqual(secret([{ file: "/etc/x", content: "hidden", __defaults: [] }]));
  });

  test.each([
    ["privileged", { privileged: true }, "privileged"],
    ["mounts", { mounts: [{ target: "/a", type: "bind" }] }, "mounts"],
    ["devices", { devices: [] }, "devices"],
    ["attach", { attach: true }, "attach"],
    ["rm", { rm: false }, "rm"],
    [
      "networksAdvanced.ipv6Address",
      { networksAdvanced: [{ name: "n", ipv6Address: "::1" }] },
      "networksAdvanced[0].ipv6Address",
    ],
    [
      "volumes.fromContainer",
      { volumes: [{ containerPath: "/a", fromContainer: "b" }] },
      "volumes[0].fromContainer",
    ],
    ["uploads.owner", { uploads: [{ file: "/a", content: "b", owner: "c" }] }, "uploads[0].owner"],
  ])("%s is refused by name, with the way out", (_, inputs, property) => {
    const { failures } = checkContainer(inputs);
    expect(failures.map((failure) => failure.property)).toEqual([property]);
    expect(failures[0]?.reason).toMatch(
      /not supported by the offline edition of the docker plugin; [\s\S]*pulumi plugin install resource docker 5\.2\.0/,
    );
  });

  test("all mistakes are told at once, with their places and without the values of secrets", () => {
    const failures = checkContainer({
      ...{ restart: "sometimes", memory: -5, cpus: "many", command: "sleep", colour: "red", tmpfs: ["/tmp"] },
      ports: [{ internal: 80 }, { external: 81 }],
      uploads: [{ file: "etc/x", content: secret(12345), permissions: "rw" }],
      healthcheck: { tests: ["CMD", "true"], interval: "often" },
      volumes: { containerPath: "/a" },
      capabilities: [],
    }).failures;
    expect(failures.map(({ property }) => property)).toEqual([
      ...["restart", "memory", "cpus", "command", "colour", "tmpfs", "ports[1].internal"],
      ...["uploads[0].file", "uploads[0].content", "uploads[0].permissions", "healthcheck.interval"],
      ...["volumes", "capabilities"],
    ]);
    expect(JSON.stringify(failures)).not.toContain("12345");
  });

  test.each([
    ["start without mustRun", { start: false }, ["mustRun"]],
    ["a wait for what does not start", { start: false, mustRun: false, wait: true }, ["wait"]],
    ["a wait for no healthcheck", { wait: true, healthcheck: { tests: ["NONE"] } }, ["wait"]],
    ["an upload of nothing", { uploads: [{ file: "/a" }] }, ["uploads[0]"]],
    ["an upload of two things", { uploads: [{ file: "/a", content: "b", source: "c" }] }, ["uploads[0]"]],
    ["a soft limit above the hard one", { ulimits: [{ name: "nofile", soft: 2, hard: 1 }] }, ["ulimits[0]"]],
    ["less swap than memory", { memory: 64, memorySwap: 32 }, ["memorySwap"]],
  ])("%s cannot be", (_, inputs, properties) => {
    expect(refusedBy(inputs)).toEqual(properties);
  });

  test("a name is not made up, and a network and a volume have theirs", () => {
    expect(checkInputs(containerShape, {}, { image: "a" }).failures[0]?.reason).toContain(
      "makes up no names",
    );
    expect(checkInputs(networkShape, {}, {}).failures.map(({ property }) => property)).toEqual(["name"]);
    expect(checkInputs(volumeShape, {}, {}).failures.map(({ property }) => property)).toEqual(["name"]);
    expect(checkInputs(volumeShape, {}, { name: "a", cluster: {} }).failures).toHaveLength(1);
    expect(
      checkInputs(networkShape, {}, { name: "a", ingress: true, ipamDriver: "own" }).failures,
    ).toHaveLength(2);
  });
});

describe("configuration of the offline docker plugin", () => {
  test("takes what is given before the environment", () => {
    const env = { DOCKER_HOST: "tcp://there:2376" };
    expect(parseConfig({}, env)).toEqual({ host: "tcp://there:2376" });
    expect(parseConfig({ host: "ssh://me@here" }, env)).toEqual({ host: "ssh://me@here" });
    expect(parseConfig({}, {})).toEqual({});
    const material = { caMaterial: "a", certMaterial: "b", keyMaterial: secret("c") };
    expect(parseConfig(material, {})).toEqual({ ca: "a", cert: "b", key: "c" });
  });

  test("refuses what would lead to another engine than the official plugin takes", () => {
    expect(() => parseConfig({}, { DOCKER_CONTEXT: "remote" })).toThrow(/context "remote" is not supported/);
    expect(parseConfig({}, { DOCKER_CONTEXT: "default" })).toEqual({});
    expect(() => parseConfig({ certPath: "/no/such/place" }, {})).toThrow(/certificate cannot be read/);
  });

  test.each([
    ["context", { context: "remote" }, ["context"]],
    ["registryAuth", { registryAuth: '[{"address":"a"}]' }, ["registryAuth"]],
    ["sshOpts", { sshOpts: '["-i","key"]' }, ["sshOpts"]],
    ["a misspelt one", { hots: "unix:///a" }, ["hots"]],
    ["half of a certificate", { caMaterial: "a" }, ["certMaterial"]],
    [
      "two certificates",
      { caMaterial: "a", certMaterial: "b", keyMaterial: "c", certPath: "/d" },
      ["certPath"],
    ],
  ])("%s is refused by name", (_, inputs, properties) => {
    expect(checkConfig(inputs).failures.map(({ property }) => property)).toEqual(properties);
  });

  test("nothing is added, and empty settings say nothing", () => {
    const inputs = { host: unknown, version: "5.2.0", sshOpts: "[]", disableDockerDaemonCheck: "true" };
    expect(checkConfig(inputs)).toEqual({ inputs, failures: [] });
  });
});
