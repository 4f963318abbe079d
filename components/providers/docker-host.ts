import {
  describeRootless,
  planHost,
  pullWords,
  startWords,
  type ActualHost,
  type DesiredHost,
} from "../core/docker/host";
import { isEmptyPlan, type Plan } from "../core/statement";
import { startContainer } from "../io/docker/container";
import { connectDocker, type DockerEndpoint } from "../io/docker/engine";
import { EngineUnreachableError } from "../io/docker/failure";
import { pullImage, readHost, removeImages } from "../io/docker/host";
import { readAhead } from "../io/docker/volume-files";
import type { ResourceRequest, ResourceType } from "./contract";
import { assertNoRefusals } from "./guard";
import { InputCheck } from "./inputs";
import { reveal, revealMap, sameValue, type PropertyMap, type PropertyValue } from "./properties";
import { noteUnreachable, showPlan, showUnreachable } from "./show-plan";

/** Images of a stack, in the order in which they can be removed. */
const imageKinds = ["ops", "monitoring", "postgres"];

/**
 * A Docker engine as the place of a stack. It is looked at before anything is made: names that somebody else has, ports
 * in use, an engine that is too old. When the stack goes, it removes the images that were built for it.
 */
export const dockerHostType: ResourceType = {
  check({ newInputs, oldInputs }) {
    const check = new InputCheck(newInputs)
      .known(
        "engine",
        "stack",
        "name",
        "containers",
        "volumes",
        "networks",
        "ports",
        "cpus",
        "memory",
        "readAhead",
        "pulled",
      )
      .text("stack")
      .text("name")
      .list("containers")
      .list("volumes")
      .list("networks")
      .list("ports");
    const renamed = refuseRename(oldInputs.name, newInputs.name);
    // Of no property: the engine would print the resource's own name for it.
    if (renamed !== undefined) check.fail("", renamed);
    return Promise.resolve({ inputs: newInputs, failures: check.failures });
  },

  async diff(request) {
    const { inputs, oldInputs } = request;
    const { engine, readAhead: soon = [] } = declared(inputs);
    readAhead(engine, soon);
    const plan = await look(request, declared(request.oldInputs).containers);
    const detailed = Object.fromEntries(
      ["engine", "stack", "containers", "volumes", "networks", "ports", "cpus", "memory", "pulled"]
        .filter((property) => !sameValue(oldInputs[property], inputs[property]))
        .map((property) => [property, "update"] as const),
    );
    const live = isEmptyPlan(plan) ? {} : { live: "update" as const };
    const all = { ...detailed, ...live };
    return { changed: Object.keys(all).length > 0, detailed: all, ofOutputs: ["live"] };
  },

  async create(request) {
    const plan = await look(request, undefined);
    if (!request.preview) {
      assertNoRefusals(plan.refusals);
      await pull(request.inputs, plan);
    }
    return { id: declared(request.inputs).name, state: stateOf(request.inputs, plan) };
  },

  async update(request) {
    const plan = await look(request, declared(request.oldInputs).containers, !request.preview);
    if (request.preview) return stateOf(request.inputs, plan);
    assertNoRefusals(plan.refusals);
    await pull(request.inputs, plan);
    const { engine, containers } = declared(request.inputs);
    const planned = new Set(plan.statements.map(({ sql }) => sql));
    for (const name of containers.filter((container) => planned.has(startWords(container)))) {
      await startContainer(connectDocker(engine), name);
    }
    return stateOf(request.inputs, plan);
  },

  read: ({ id, inputs, state }) => Promise.resolve({ id, inputs, state }),

  async delete({ inputs, log }) {
    const { engine, name, stack } = declared(inputs);
    const images = { prefix: name, stack, kinds: imageKinds };
    const kept = await removeImages(connectDocker(engine), images);
    for (const text of kept) await log("info", `an image stays: ${text}`);
  },
};

/** Gets what the plan says is to be got: before anything is made that needs it. */
async function pull(inputs: PropertyMap, { statements }: Plan): Promise<void> {
  const { engine, pulled = [] } = declared(inputs);
  const planned = new Set(statements.map(({ sql }) => sql));
  for (const { image } of pulled.filter((one) => planned.has(pullWords(one.image)))) {
    await pullImage(connectDocker(engine), image);
  }
}

/** Nothing that a stack has can be renamed; its data would stay behind under the old name. */
function refuseRename(before: PropertyValue | undefined, now: PropertyValue | undefined): string | undefined {
  if (before === undefined || sameValue(before, now)) return undefined;
  const [old, wanted] = [JSON.stringify(reveal(before)), JSON.stringify(reveal(now))];
  return `pgstead:docker.name: what this stack has begins with ${old}, and volumes cannot be renamed to ${wanted}; write ${old} there again, or make another stack of that name (\`npm run ops -- new-stack\`) and bring the data over`;
}

type Declared = DesiredHost & { readonly engine: DockerEndpoint; readonly readAhead?: readonly string[] };

function declared(inputs: PropertyMap): Declared {
  return revealMap(inputs) as unknown as Declared;
}

/** An engine that does not answer is a refusal where it is to make something, and told where all may be as it was. */
async function look(
  request: ResourceRequest & { readonly inputs: PropertyMap },
  known: readonly string[] | undefined,
  isActing = false,
): Promise<Plan> {
  const desired = declared(request.inputs);
  let actual: ActualHost;
  try {
    actual = await readHost(connectDocker(desired.engine), desired, desired.engine);
  } catch (error) {
    if (!(error instanceof EngineUnreachableError)) throw error;
    if (known === undefined) {
      noteUnreachable();
      return {
        statements: [],
        refusals: error.problems.map(({ message, hint }) => ({ subject: "Docker engine", message, hint })),
      };
    }
    if (isActing) throw error;
    await showUnreachable(request, error);
    return { statements: [], refusals: [] };
  }
  const rootless = describeRootless(actual);
  if (known === undefined && rootless !== undefined) await request.log("warning", rootless);
  const plan = planHost(desired, actual, known);
  await showPlan(request, plan, null);
  return plan;
}

function stateOf(inputs: PropertyMap, plan: Plan): PropertyMap {
  return { ...inputs, refusals: plan.refusals.map((refusal) => ({ ...refusal })) };
}
