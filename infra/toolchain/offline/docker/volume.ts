import type Docker from "dockerode";
import { problemError } from "../../../../components/core/problem";
import { sameValue, type PropertyMap } from "../../../../components/providers/properties";
import { asText, type Shape } from "../shared/attribute";
import type { Behaviour, Work } from "../shared/resource";
import type { Engine } from "./engine";
import { about, saidBy, type Subject } from "./failure";
import { fromLabels, labelsAttribute, orEmpty, orNothing, toLabels, toTexts } from "./labels";
import { officialPlugin } from "./version";
import { whileInUse } from "./waiting";

export const volumeShape: Shape = {
  plugin: officialPlugin,
  type: "Volume",
  attributes: {
    name: { kind: "text", required: true, replaces: true },
    labels: labelsAttribute,
    driver: { kind: "text", computed: true, replaces: true },
    driverOpts: { kind: "map", replaces: true },
  },
  refused: ["cluster"],
};

/** `docker:index/volume:Volume`: its id is its name. */
export function volumeBehaviour(engine: () => Engine): Behaviour<string> {
  return {
    shape: volumeShape,
    secretOutputs: [],
    planned: {},
    keyOf: (id) => id,
    idOf: (name) => name,
    create: (inputs, work) =>
      about(subjectOf(inputs.name, work), "created", () => createVolume(engine(), inputs, work)),
    // Every change makes it anew.
    update: (name) => Promise.resolve({ key: name }),
    delete: (name, _, work) =>
      about(subjectOf(name, work), "removed", () => removeVolume(engine(), name, work.signal)),
    read: (name, _kept, _occasion, work) =>
      about(subjectOf(name, work), "read", async () => {
        const found = await inspect(engine(), name, work.signal);
        return found === undefined ? undefined : outputsOf(found);
      }),
  };
}

/**
 * The engine itself takes a volume that exists for the one that is wanted, whatever is in it. One of other labels is
 * somebody else's, and the next run would replace it for the difference, with all that is in it.
 */
async function createVolume(engine: Engine, inputs: PropertyMap, { signal }: Work) {
  const name = asText(inputs.name);
  const Labels = toLabels(inputs.labels);
  const found = await inspect(engine, name, signal);
  if (found !== undefined && !sameValue(orEmpty(found.Labels), Labels)) {
    throw problemError(
      `volume "${name}"`,
      "exists already, with other labels than declared: it is not this stack's",
      `choose another name, or take it over as it is: pulumi import docker:index/volume:Volume <resource> ${name}`,
    );
  }
  const driver = typeof inputs.driver === "string" ? { Driver: inputs.driver } : {};
  const DriverOpts = toTexts(inputs.driverOpts);
  await engine.ask(signal, (docker, bound) =>
    docker.createVolume({ Name: name, Labels, DriverOpts, ...driver, ...bound }),
  );
  return { key: name };
}

function inspect(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): Promise<Docker.VolumeInspectInfo | undefined> {
  return engine.find(signal, (docker, bound) => docker.getVolume(name).inspect(bound));
}

async function removeVolume(engine: Engine, name: string, signal: AbortSignal): Promise<void> {
  const isInUse = (error: unknown): boolean => saidBy(error).includes("volume is in use");
  try {
    await whileInUse(
      isInUse,
      () => engine.ask(signal, (docker, bound) => docker.getVolume(name).remove({ force: true, ...bound })),
      signal,
    );
  } catch (error) {
    if (!isInUse(error)) throw error;
    const users = await engine.ask(signal, (docker, bound) =>
      docker.listContainers({ all: true, filters: { volume: [name] }, ...bound }),
    );
    const names = users.map(({ Names, Id }) => Names[0]?.replace("/", "") ?? Id.slice(0, 12)).join(", ");
    const hint = "remove these containers first: what is in the volume is theirs.";
    throw problemError(`volume "${name}"`, `is in use by ${names}`, hint, { cause: error });
  }
}

function outputsOf(volume: Docker.VolumeInspectInfo): PropertyMap {
  return {
    id: volume.Name,
    name: volume.Name,
    cluster: null,
    driver: volume.Driver,
    driverOpts: orNothing(volume.Options),
    labels: fromLabels(volume.Labels),
    mountpoint: volume.Mountpoint,
  };
}

function subjectOf(name: unknown, { secrets }: Work): Subject {
  return { type: "volume", name: String(name), secrets };
}
