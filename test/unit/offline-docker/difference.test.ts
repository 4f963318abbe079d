import { describe, expect, test } from "vitest";
import { secret, unknown, type PropertyMap } from "../../../components/providers/properties";
import { containerShape } from "../../../infra/toolchain/offline/docker/container-shape";
import { networkShape } from "../../../infra/toolchain/offline/docker/network";
import { diffAttributes } from "../../../infra/toolchain/offline/shared/difference";
import { keepSecrets, refreshedInputs } from "../../../infra/toolchain/offline/shared/inputs";

const state: PropertyMap = {
  ...{ name: "box", image: "sha256:1", restart: "no", networkMode: "bridge", start: true, mustRun: true },
  ...{ waitTimeout: 60, removeVolumes: true, containerReadRefreshTimeoutMilliseconds: 15_000 },
  ports: [
    { internal: 80, external: 49_153, ip: "0.0.0.0", protocol: "tcp" },
    { internal: 443, external: 443, ip: "0.0.0.0", protocol: "tcp" },
  ],
  volumes: [
    {
      containerPath: "/a",
      fromContainer: "",
      hostPath: "",
      readOnly: false,
      selinuxRelabel: "",
      volumeName: "v",
    },
  ],
  healthcheck: {
    tests: ["CMD", "true"],
    interval: "1m0s",
    timeout: "0s",
    startPeriod: "0s",
    startInterval: "0s",
    retries: 0,
  },
  capabilities: { adds: [], drops: ["CAP_CHOWN"] },
  ...{
    command: ["sleep"],
    envs: ["A=1"],
    user: "postgres",
    memory: 64,
    memorySwap: 128,
    logOpts: { a: "1" },
  },
};
const inputs: PropertyMap = {
  ...{ name: "box", image: "sha256:1", restart: "no", networkMode: "bridge", start: true, mustRun: true },
  ports: [{ internal: 443, external: 443 }, { internal: 80 }],
  volumes: [{ containerPath: "/a", volumeName: "v", __defaults: [] }],
  healthcheck: { tests: ["CMD", "true"], interval: "60s" },
  capabilities: { drops: ["chown"] },
  ...{ memory: 64, memorySwap: 128, logOpts: { a: "1" } },
};
const diff = (next: PropertyMap, old: PropertyMap = {}) =>
  diffAttributes(containerShape, { ...state, ...old }, { ...inputs, ...next }, []);

describe("differences of the offline docker plugin", () => {
  test("what means the same is none: order, ports of the engine's choice, durations, names of capabilities", () => {
    expect(diff({})).toMatchObject({ changed: false });
  });

  test("what an image may bring is none of nothing", () => {
    expect(diff({ user: "" }).changed).toBe(false);
    expect(diff({ user: "root" }).detailed).toEqual({ user: "update-replace" });
  });

  test("limits and the restart policy are updated, most else replaces", () => {
    const limits = {
      memory: 1,
      memorySwap: 2,
      cpuShares: 3,
      cpuSet: "0",
      restart: "always",
      maxRetryCount: 4,
    };
    expect(Object.values(diff(limits).detailed ?? {}).filter((kind) => kind.endsWith("-replace"))).toEqual(
      [],
    );
    const changed = diff({ ports: [{ internal: 80 }], readOnly: true, cpus: "2", logOpts: { a: "2" } });
    expect(changed).toMatchObject({
      detailed: {
        ...{
          ports: "update-replace",
          readOnly: "add-replace",
          cpus: "add-replace",
          logOpts: "update-replace",
        },
      },
      deleteBeforeReplace: true,
    });
  });

  test("memory alone differs for ever from what the engine makes of it", () => {
    expect(diff({ memorySwap: null }).detailed).toEqual({ memorySwap: "delete" });
  });

  test("an image that is not known yet differs", () => {
    expect(diff({ image: unknown }).detailed).toEqual({ image: "update-replace" });
  });

  test("a secret is no difference by itself", () => {
    expect(diff({ envs: [secret("A=1")] }).changed).toBe(false);
    expect(diff({ envs: [secret("A=2")] }).detailed).toEqual({ "envs[0]": "update-replace" });
  });

  test("a gateway that the engine chose is none", () => {
    const ipamConfigs = [{ subnet: "10.0.0.0/24", gateway: "10.0.0.1", ipRange: "", auxAddress: null }];
    const old = { name: "n", ipamDriver: "default", ipamConfigs };
    const wanted = (subnet: string) => ({ name: "n", ipamDriver: "default", ipamConfigs: [{ subnet }] });
    expect(diffAttributes(networkShape, old, wanted("10.0.0.0/24"), []).changed).toBe(false);
    expect(diffAttributes(networkShape, old, wanted("10.0.1.0/24"), []).detailed).toEqual({
      ipamConfigs: "update-replace",
    });
  });
});

describe("inputs after a refresh", () => {
  test("have the engine's values for what the program gave, at every depth", () => {
    const old = {
      healthcheck: { tests: ["CMD", "true"], interval: "5s", timeout: "0s", __defaults: ["timeout"] },
      logOpts: { a: "1" },
      memory: 64,
      __defaults: [],
    };
    const now = {
      ...state,
      memory: 32,
      logOpts: { a: "2", b: "3" },
      healthcheck: { tests: ["NONE"], interval: "5s", timeout: "1s" },
    };
    expect(refreshedInputs(old, now)).toEqual({
      healthcheck: { tests: ["NONE"], interval: "5s", timeout: "1s", __defaults: [] },
      logOpts: { a: "2" },
      memory: 32,
      __defaults: [],
    });
  });

  test("secrets inside of lists and maps stay secrets; where nobody can tell which one, all are", () => {
    const given = { uploads: [{ file: "/a", content: secret("x") }], envs: ["A=1", secret("B=2")] };
    expect(keepSecrets({ uploads: [{ file: "/a", content: "x" }], envs: ["A=1", "B=2"] }, given)).toEqual(
      given,
    );
    expect(keepSecrets({ envs: ["A=1", "C=3", "B=2"] }, given)).toEqual({
      envs: secret(["A=1", "C=3", "B=2"]),
    });
    expect(keepSecrets({ envs: ["A=1", "B=2"] }, { envs: ["A=1"] })).toEqual({ envs: ["A=1", "B=2"] });
  });
});
