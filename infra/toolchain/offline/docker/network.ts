import type Docker from "dockerode";
import { problemError } from "../../../../components/core/problem";
import { unknown, type PropertyMap, type PropertyValue } from "../../../../components/providers/properties";
import { asText, type Shape } from "../shared/attribute";
import type { Behaviour, Work } from "../shared/resource";
import type { Engine } from "./engine";
import { about, saidBy, type Subject } from "./failure";
import { fromLabels, labelsAttribute, toLabels, toTexts } from "./labels";
import { officialPlugin } from "./version";
import { makeInPlace } from "./left-over";
import { whileInUse } from "./waiting";

export const networkShape: Shape = {
  plugin: officialPlugin,
  type: "Network",
  attributes: {
    name: { kind: "text", required: true, replaces: true },
    labels: labelsAttribute,
    driver: { kind: "text", computed: true, replaces: true },
    options: { kind: "map", computed: true, replaces: true },
    internal: { kind: "flag", computed: true, replaces: true },
    attachable: { kind: "flag", replaces: true },
    ipv6: { kind: "flag", replaces: true },
    ipamDriver: { kind: "text", default: "default", only: ["default"], replaces: true },
    ipamConfigs: {
      kind: "objects",
      set: true,
      computed: true,
      replaces: true,
      inner: {
        attributes: {
          subnet: { kind: "text" },
          // Newer engines fill it in.
          gateway: { kind: "text", computed: true },
          ipRange: { kind: "text" },
        },
        refused: ["auxAddress"],
      },
    },
  },
  refused: ["ingress", "ipamOptions"],
};

/** `docker:index/network:Network`: its id is the engine's. */
export function networkBehaviour(engine: () => Engine): Behaviour<string> {
  return {
    shape: networkShape,
    secretOutputs: [],
    planned: { scope: unknown, ingress: false, ipamOptions: null },
    keyOf: (id) => id,
    idOf: (id) => id,
    create: (inputs, work) =>
      about(subjectOf(inputs.name, work), "created", async () => {
        const options = createOptions(inputs);
        const made = await makeInPlace(
          engine(),
          {
            what: `network ${options.Name}`,
            labels: options.Labels ?? {},
            make: () =>
              engine().ask(work.signal, (docker, bound) => docker.createNetwork({ ...options, ...bound })),
            async find(docker) {
              const { Id, Labels } = await docker.getNetwork(options.Name).inspect();
              return { Id, labels: Labels ?? {} };
            },
            remove: (docker, old, bound) => docker.getNetwork(old).remove(bound),
          },
          work,
        );
        return { key: made.id };
      }),
    // Every change makes it anew.
    update: (id) => Promise.resolve({ key: id }),
    delete: (id, state, work) =>
      about(subjectOf(state.name, work), "removed", () => removeNetwork(engine(), id, work.signal)),
    read: (id, kept, _, work) =>
      about(subjectOf(kept.name ?? id, work), "read", async () => {
        const found = await inspect(engine(), id, work.signal);
        return found === undefined ? undefined : outputsOf(found);
      }),
  };
}

function createOptions(inputs: PropertyMap): Docker.NetworkCreateOptions {
  const { driver, options, labels, ipamConfigs, ipamDriver } = inputs;
  const configs = Array.isArray(ipamConfigs) ? (ipamConfigs as readonly PropertyMap[]) : [];
  return {
    Name: asText(inputs.name),
    // Without it the engine makes a second network of the same name, and neither can be told from the other.
    CheckDuplicate: true,
    Internal: inputs.internal === true,
    Attachable: inputs.attachable === true,
    EnableIPv6: inputs.ipv6 === true,
    Labels: toLabels(labels),
    Options: toTexts(options),
    ...(typeof driver === "string" ? { Driver: driver } : {}),
    IPAM: {
      Driver: asText(ipamDriver),
      Config: configs.map(({ subnet, gateway, ipRange }) => ({
        ...given("Subnet", subnet),
        ...given("Gateway", gateway),
        ...given("IPRange", ipRange),
      })),
    },
  };
}

function given(name: string, value: PropertyValue | undefined): Record<string, string> {
  return typeof value === "string" && value !== "" ? { [name]: value } : {};
}

function inspect(
  engine: Engine,
  id: string,
  signal: AbortSignal,
): Promise<Docker.NetworkInspectInfo | undefined> {
  return engine.find(signal, (docker) => docker.getNetwork(id).inspect());
}

/** One that is gone already is fine; one with containers in it is not. */
async function removeNetwork(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  const isInUse = (error: unknown): boolean => saidBy(error).includes("has active endpoints");
  try {
    await whileInUse(
      isInUse,
      async () => {
        await engine.find(signal, (docker) => docker.getNetwork(id).remove());
      },
      signal,
    );
  } catch (error) {
    if (!isInUse(error)) throw error;
    const found = await inspect(engine, id, signal);
    const names = Object.values(found?.Containers ?? {}).map(({ Name }) => Name);
    const hint = "remove these containers, or disconnect them (`docker network disconnect`), first.";
    const message = `is in use by ${names.join(", ")}`;
    throw problemError(`network "${found?.Name ?? id}"`, message, hint, { cause: error });
  }
}

function outputsOf(network: Docker.NetworkInspectInfo): PropertyMap {
  return {
    id: network.Id,
    name: network.Name,
    attachable: network.Attachable,
    driver: network.Driver,
    ingress: network.Ingress,
    internal: network.Internal,
    ipamConfigs: (network.IPAM?.Config ?? []).map((config) => ({
      auxAddress: null,
      gateway: config.Gateway ?? "",
      ipRange: config.IPRange ?? "",
      subnet: config.Subnet ?? "",
    })),
    ipamDriver: network.IPAM?.Driver ?? "default",
    ipamOptions: null,
    ipv6: network.EnableIPv6,
    labels: fromLabels(network.Labels),
    options: network.Options ?? {},
    scope: network.Scope,
  };
}

function subjectOf(name: unknown, { secrets }: Work): Subject {
  return { type: "network", name: String(name), secrets };
}
