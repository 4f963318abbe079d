import {
  planReplacement,
  type ActualReplacement,
  type ContainerSpec,
  type DesiredReplacement,
} from "../core/docker/replacement";
import type { Ulimit } from "../core/docker/ulimits";
import type { Plan } from "../core/statement";
import { readContainer } from "../io/docker/container";
import { connectDocker, type DockerEndpoint } from "../io/docker/engine";
import { EngineUnreachableError } from "../io/docker/failure";
import { tryLimits } from "../io/docker/limits";
import { stopServerContainer } from "../io/docker/server";
import { dataDirectory, readFileIn } from "../io/docker/start-failure";
import type { ResourceRequest, ResourceType } from "./contract";
import { assertNoRefusals } from "./guard";
import { InputCheck } from "./inputs";
import { isUnknown, revealMap, sameValue, type PropertyMap, type PropertyValue } from "./properties";
import { showPlan, showUnreachable } from "./show-plan";

/**
 * Stands before the server's container: whatever would replace that is announced as a restart, or refused, and the
 * server is stopped with a checkpoint first, as the container's own removal kills it.
 */
export const serverReplacement: ResourceType = {
  check({ newInputs }) {
    const check = new InputCheck(newInputs)
      .known("engine", "container", "image", "spec", "ulimits", "major", "restart", "memory")
      .text("container")
      .text("image")
      .integer("major", 10, 99)
      .integer("memory", 1, 17_179_869_184)
      .oneOf("restart", "allow", "refuse");
    return Promise.resolve({ inputs: newInputs, failures: check.failures });
  },

  async diff(request) {
    const { inputs, oldInputs } = request;
    const plan = await look(request, oldInputs);
    const changed = ["image", "spec", "major", "container"].filter(
      (name) => !sameValue(oldInputs[name], inputs[name]),
    );
    const detailed = Object.fromEntries(changed.map((name) => [name, "update" as const]));
    const live = plan.refusals.length > 0 && changed.length === 0 ? { live: "update" as const } : {};
    const all = { ...detailed, ...live };
    return { changed: Object.keys(all).length > 0, detailed: all, ofOutputs: ["live"] };
  },

  async create(request) {
    const plan = await look(request, undefined);
    if (!request.preview) assertNoRefusals(plan.refusals);
    return { id: declared(request.inputs).container, state: stateOf(request.inputs, plan) };
  },

  async update(request) {
    const plan = await look(request, request.oldInputs);
    if (request.preview) return stateOf(request.inputs, plan);
    assertNoRefusals(plan.refusals);
    const { engine, container, spec, ulimits = [] } = declared(request.inputs);
    if (plan.statements.length > 0) {
      const docker = connectDocker(engine);
      await tryLimits(docker, spec.image ?? "", ulimits);
      await request.log("info", `stopping the server in ${container} with a checkpoint`);
      await stopServerContainer(docker, container);
    }
    return stateOf(request.inputs, plan);
  },

  read: ({ id, inputs, state }) => Promise.resolve({ id, inputs, state }),
  delete: () => Promise.resolve(),
};

type Declared = DesiredReplacement & {
  readonly engine: DockerEndpoint;
  readonly ulimits?: readonly Ulimit[];
};

function declared(inputs: PropertyMap): Declared {
  return { ...(revealMap(inputs) as unknown as Declared), spec: specOf(inputs) };
}

/** An image that is not known yet is another one than the last. */
function specOf(inputs: PropertyMap): ContainerSpec {
  const { spec, image } = revealMap(inputs) as { readonly spec: ContainerSpec; readonly image: string };
  return { ...spec, image: isUnknown(image) ? "" : image };
}

async function look(
  request: ResourceRequest & { readonly inputs: PropertyMap },
  oldInputs: PropertyMap | undefined,
): Promise<Plan> {
  const desired = declared(request.inputs);
  const last = oldInputs === undefined ? undefined : specOf(oldInputs);
  let actual: ActualReplacement;
  try {
    actual = await readActual(desired, oldInputs?.major);
  } catch (error) {
    if (!(error instanceof EngineUnreachableError)) throw error;
    await showUnreachable(request, error);
    return { statements: [], refusals: [] };
  }
  const plan = planReplacement(desired, last, actual);
  await showPlan(request, plan, null);
  return plan;
}

/** @param lastMajor as the last run declared it, with which a server that runs was started */
async function readActual(
  { engine, container, major }: Declared,
  lastMajor: PropertyValue | undefined,
): Promise<ActualReplacement> {
  const docker = connectDocker(engine);
  const status = await readContainer(docker, container);
  if (status.kind === "absent") return { container: "absent", major: undefined };
  // Its data can be of no other version, and a file costs the engine as much time as twenty other questions.
  if (status.running && lastMajor === major) return { container: "running", major };
  const version = await readFileIn(docker, container, `${dataDirectory}/PG_VERSION`);
  return {
    container: status.running ? "running" : "stopped",
    major: version === undefined ? undefined : Number.parseInt(version, 10),
  };
}

function stateOf(inputs: PropertyMap, plan: Plan): PropertyMap {
  return { ...inputs, refusals: plan.refusals.map((refusal) => ({ ...refusal })) };
}
