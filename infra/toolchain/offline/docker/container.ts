import { problemError } from "../../../../components/core/problem";
import { unknown, type PropertyMap } from "../../../../components/providers/properties";
import type { Behaviour, Change, Made, Work } from "../shared/resource";
import { containerOutputs } from "./container-outputs";
import { createRequest, endpoint, limits } from "./container-request";
import { inspectContainer, NotRunningError, startContainer } from "./container-run";
import { containerShape, ineffective, updatable } from "./container-shape";
import { uploadArchive } from "./container-uploads";
import type { ContainerValues } from "./container-values";
import type { Engine } from "./engine";
import { makeInPlace } from "./left-over";
import { about, saidBy, statusOf, type Subject } from "./failure";

/** Outputs that are known only when a container is there. */
const planned: PropertyMap = {
  ...{ bridge: unknown, containerLogs: unknown, exitCode: unknown, networkDatas: unknown },
  ...{ ipcMode: unknown, runtime: unknown, platform: unknown },
};

/** `docker:index/container:Container`: its id is the engine's. */
export function containerBehaviour(engine: () => Engine): Behaviour<string> {
  return {
    shape: containerShape,
    secretOutputs: [],
    planned,
    keyOf: (id) => id,
    idOf: (id) => id,
    create: (inputs, work) => {
      const values = valuesOf(inputs);
      const subject = { ...subjectOf(values, work), engine: engine().host };
      return about(subject, "created", () => createContainer(engine(), values, work));
    },
    update: (id, change, work) => {
      const subject = subjectOf(valuesOf(change.after), work);
      return about(subject, "updated", () => updateContainer(engine(), id, change, work));
    },
    delete: (id, state, work) => {
      const values = valuesOf(state);
      return about(subjectOf(values, work), "removed", () => deleteContainer(engine(), id, values, work));
    },
    read: (id, kept, occasion, work) =>
      about(subjectOf({ name: id, ...kept }, work), "read", async () => {
        const found = await inspectContainer(engine(), id, work.signal);
        if (found === undefined) return undefined;
        const outputs = containerOutputs(found, kept, occasion);
        // A container that stopped shows as one that need not run: the next run then starts it again.
        const isStopped = occasion === "asked" && !found.State.Running;
        return isStopped ? { ...outputs, mustRun: false } : outputs;
      }),
  };
}

/**
 * Nothing that is half made stays: it holds nothing yet, and its name would be in the way of the next run. A container
 * that runs and is not healthy stays, and so does one whose run was cancelled while it was waited for.
 */
async function createContainer(engine: Engine, values: ContainerValues, work: Work): Promise<Made<string>> {
  const { signal } = work;
  const request = createRequest(values);
  const { id } = await makeInPlace(
    engine,
    {
      what: `container ${values.name}`,
      labels: request.Labels ?? {},
      make: () => engine.ask(signal, (docker, bound) => docker.createContainer({ ...request, ...bound })),
      async find(docker, bound) {
        const { Id, Config } = await docker.getContainer(values.name).inspect(bound);
        return { Id, labels: Config.Labels };
      },
      remove: (docker, old, bound) => docker.getContainer(old).remove({ force: true, ...bound }),
    },
    work,
  );
  try {
    await connect(engine, id, values, signal);
    if (values.uploads?.length) {
      const archive = uploadArchive(values.uploads);
      await engine.ask(signal, (docker, bound) =>
        docker.getContainer(id).putArchive(archive, { path: "/", ...bound }),
      );
    }
  } catch (error) {
    await discard(engine, id);
    throw error;
  }
  if (values.start === false) return { key: id };
  return started(engine, id, values, work);
}

async function started(
  engine: Engine,
  id: string,
  values: ContainerValues,
  work: Work,
): Promise<Made<string>> {
  try {
    await startContainer(engine, id, values, work);
    return { key: id };
  } catch (error) {
    const isRefused = statusOf(error) !== undefined;
    if (isRefused || error instanceof NotRunningError) {
      await discard(engine, id);
      throw error;
    }
    return { key: id, problem: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** In networks of its own a container is in no other; the engine has put it into the one of its mode. */
async function connect(
  engine: Engine,
  id: string,
  values: ContainerValues,
  signal: AbortSignal,
): Promise<void> {
  const networks = values.networksAdvanced ?? [];
  if (networks.length === 0) return;
  if ((values.networkMode ?? "bridge") === "bridge") {
    await engine.ask(signal, (docker) =>
      docker.getNetwork("bridge").disconnect({ Container: id, Force: false }),
    );
  }
  for (const network of networks) {
    await engine.ask(signal, (docker) =>
      docker.getNetwork(network.name).connect({ Container: id, EndpointConfig: endpoint(network) }),
    );
  }
}

async function updateContainer(
  engine: Engine,
  id: string,
  { after, changed }: Change,
  work: Work,
): Promise<Made<string>> {
  const values = valuesOf(after);
  if (updatable.some((name) => changed.includes(name))) {
    await engine.ask(work.signal, (docker, bound) =>
      docker.getContainer(id).update({ ...limits(values), ...bound }),
    );
  }
  const vain = changed.filter((name) => ineffective.includes(name));
  if (vain.length > 0) {
    await work.log(
      "warning",
      `${vain.join(" and ")} of a container that exists cannot be changed, and the docker plugin does not replace it for that: it stays as it is. The resource option replaceOnChanges: ${JSON.stringify(vain)} replaces it.`,
    );
  }
  const found = await inspectContainer(engine, id, work.signal);
  const isDown = found !== undefined && !found.State.Running;
  const isStarting = found?.State.Health !== undefined && found.State.Health.Status !== "healthy";
  if (values.start === false || values.mustRun === false) return { key: id };
  if (isDown || (values.wait === true && isStarting)) return again(engine, id, values, work);
  return { key: id };
}

/** A container that stopped is started, one that was not healthy is waited for; neither is removed for failing. */
async function again(engine: Engine, id: string, values: ContainerValues, work: Work): Promise<Made<string>> {
  try {
    await startContainer(engine, id, values, work);
    return { key: id };
  } catch (error) {
    if (statusOf(error) !== undefined) throw error;
    return { key: id, problem: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** One that is gone already is an error, as with the official plugin: the state was wrong. */
async function deleteContainer(
  engine: Engine,
  id: string,
  values: ContainerValues,
  work: Work,
): Promise<void> {
  const grace = values.destroyGraceSeconds ?? 0;
  const container = { force: true, v: values.removeVolumes !== false };
  if (grace > 0) {
    await engine.ask(
      work.signal,
      (docker, bound) => stopOf(docker.getContainer(id), { t: grace, ...bound }),
      {
        within: grace * 1000 + 30_000,
      },
    );
  }
  try {
    await engine.ask(work.signal, (docker, bound) =>
      docker.getContainer(id).remove({ ...container, ...bound }),
    );
  } catch (error) {
    if (!saidBy(error).includes("is already in progress")) throw error;
    await untilGone(engine, id, values, work);
  }
}

/** The engine's answer to "it is stopped already" is a status of its own, and no error. */
async function stopOf(
  container: { stop(options: { t: number; abortSignal: AbortSignal }): Promise<unknown> },
  options: { readonly t: number; readonly abortSignal: AbortSignal },
): Promise<void> {
  await container.stop(options).catch((error: unknown) => {
    if (statusOf(error) !== 304) throw error;
  });
}

async function untilGone(
  engine: Engine,
  id: string,
  { name }: ContainerValues,
  { signal }: Work,
): Promise<void> {
  for (let second = 0; second < 60; second++) {
    if ((await inspectContainer(engine, id, signal)) === undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  const hint = "the engine's log tells what holds it.";
  throw problemError(`container "${name}"`, "is being removed since a minute, and still there", hint);
}

/** Also when the run was cancelled: what is half made is in nobody's state. */
async function discard(engine: Engine, id: string): Promise<void> {
  const { signal } = new AbortController();
  await engine
    .ask(signal, (docker, bound) => docker.getContainer(id).remove({ force: true, v: true, ...bound }))
    .catch(() => undefined); // the reason for it is what counts
}

function valuesOf(map: PropertyMap): ContainerValues {
  return map as unknown as ContainerValues;
}

function subjectOf({ name }: Pick<ContainerValues, "name">, { secrets }: Work): Subject {
  return { type: "container", name, secrets };
}
