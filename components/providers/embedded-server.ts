import { join } from "node:path";
import {
  embeddedSteps,
  planEmbedded,
  renderEmbeddedPlan,
  type EmbeddedPlan,
  type EmbeddedStatus,
} from "../core/embedded-server";
import type { Refusal } from "../core/statement";
import { findPackage } from "../io/embedded/binaries";
import { assertSameData, readDiskIdentifier, refuseOtherData } from "../io/embedded/control-file";
import { instanceAt, removeInstance, type Instance } from "../io/embedded/instance";
import { refusePort } from "../io/embedded/port";
import { readPort, readServerStatus, stopServer } from "../io/embedded/server";
import { defaultDataDirectory } from "../io/places";
import type { DiffRequest, ReadResult, ResourceRequest, ResourceType } from "./contract";
import { bringUp, type EmbeddedInputs, type KnownServer } from "./embedded-lifecycle";
import { ResourceInitError } from "./failure";
import { assertNoRefusals } from "./guard";
import { InputCheck } from "./inputs";
import { revealMap, sameValue, unknown, type PropertyMap } from "./properties";
import { showPlan } from "./show-plan";

/** The embedded server: PostgreSQL from npm on loopback, started and kept by this provider. */
export const embeddedServer: ResourceType = {
  check(request) {
    const { newInputs, oldInputs } = request;
    const check = new InputCheck(newInputs)
      .known(
        "administrator",
        "checkout",
        "dataDirectory",
        "disposable",
        "password",
        "port",
        "restart",
        "verifier",
      )
      .text("administrator")
      .text("checkout")
      .text("password")
      .text("verifier")
      .flag("disposable")
      .oneOf("restart", "allow", "refuse")
      .integer("port", 1024, 65535);
    if (newInputs.dataDirectory !== undefined) check.text("dataDirectory");
    const moved =
      oldInputs.port !== undefined &&
      oldInputs.dataDirectory !== newInputs.dataDirectory &&
      // An import names the place even where it is the one that the program has without naming it.
      newInstance(request, oldInputs).dataDirectory !== newInstance(request, newInputs).dataDirectory;
    if (moved) {
      check.fail("dataDirectory", "a server cannot move: set it back, or destroy the stack and make it anew");
    }
    const [before, now] = [oldInputs.administrator, newInputs.administrator];
    if (typeof before === "string" && typeof now === "string" && before !== now) {
      check.fail(
        "administrator",
        `it cannot change from ${before} to ${now}: initdb makes it; set the name back`,
      );
    }
    return Promise.resolve({ inputs: newInputs, failures: check.failures });
  },

  async diff(request) {
    const plan = await planLive(request);
    if (plan.actions.length > 0 || plan.refusals.length > 0) await showEmbedded(request, plan);
    const detailed = differences(request, plan);
    return { changed: Object.keys(detailed).length > 0, detailed, ofOutputs: ["running"] };
  },

  async create(request) {
    const instance = newInstance(request, request.inputs);
    const plan = await planFor(request.inputs, instance, { isNew: true, newPassword: false });
    await showEmbedded(request, plan);
    const id = instance.dataDirectory;
    if (request.preview) return { id, state: previewState(request.inputs, instance, plan, {}) };
    assertNoRefusals(plan.refusals);
    const inputs = embeddedInputs(request.inputs);
    const found = await readServerStatus(instance);
    try {
      const live = await bringUp(request, instance, inputs, {});
      return { id, state: stateOf(request.inputs, instance, live, plan.refusals) };
    } catch (error) {
      // Data that was there before is not known to be ours: in the state, it would be removed by `destroy`.
      if (found.kind !== "absent" || (await readServerStatus(instance)).kind === "absent") throw error;
      const live = { systemIdentifier: (await readDiskIdentifier(id)) ?? "", version: "" };
      const partial = stateOf(request.inputs, instance, live, plan.refusals);
      throw new ResourceInitError(id, request.inputs, partial, (error as Error).message, { cause: error });
    }
  },

  async update(request) {
    const instance = instanceAt(request.id);
    const plan = await planLive(request);
    if (request.preview) return previewState(request.inputs, instance, plan, request.state);
    assertNoRefusals(plan.refusals);
    const inputs = embeddedInputs(request.inputs);
    const live = await bringUp(request, instance, inputs, knownServer(request.state));
    return stateOf(request.inputs, instance, live, plan.refusals);
  },

  async read({ id, inputs, state }) {
    const instance = instanceAt(id);
    const status = await readServerStatus(instance);
    if (status.kind === "absent") return state.disposable === false ? { id, inputs, state } : undefined;
    if (state.port === undefined) return importInstance(instance);
    // Another server in its place is refused until somebody has asked for this.
    const systemIdentifier = (await readDiskIdentifier(id)) ?? state.systemIdentifier;
    return { id, inputs, state: { ...state, systemIdentifier } };
  },

  async delete({ id, state, log }) {
    const instance = instanceAt(id);
    await assertSameData(id, knownServer(state).systemIdentifier);
    await stopServer(instance);
    if (state.disposable === true) await removeInstance(instance);
    else await log("info", `stopped; the data stays in ${instance.dataDirectory}`);
  },
};

async function showEmbedded(request: ResourceRequest, plan: EmbeddedPlan): Promise<void> {
  if (process.env.PGSTEAD_PLAN === "json") await showPlan(request, embeddedSteps(plan), null);
  else await request.log("info", renderEmbeddedPlan(plan));
}

async function planLive(request: DiffRequest): Promise<EmbeddedPlan> {
  const newPassword = !sameValue(request.state.password, request.inputs.password);
  const plan = await planFor(request.inputs, instanceAt(request.id), { isNew: false, newPassword });
  const other = await refuseOtherData(request.id, knownServer(request.state).systemIdentifier);
  // Nothing that was planned is to be done to a server of somebody else.
  return other === undefined ? plan : { actions: [], refusals: [...plan.refusals, other] };
}

async function planFor(
  inputs: PropertyMap,
  instance: Instance,
  { isNew, newPassword }: { isNew: boolean; newPassword: boolean },
): Promise<EmbeddedPlan> {
  const status = await readServerStatus(instance);
  const found: EmbeddedStatus =
    status.kind === "running"
      ? { kind: "running", major: status.major, port: status.postmaster.port }
      : status;
  const { version } = findPackage();
  const place = { dataDirectory: instance.dataDirectory, major: Number.parseInt(version, 10), isNew };
  const desired = embeddedInputs(inputs);
  const plan = planEmbedded(desired, found, place, { newPassword });
  const listens = plan.actions.some(({ action }) => action === "start" || action === "restart");
  const taken = listens ? await refusePort(desired.port) : undefined;
  return taken === undefined ? plan : { ...plan, refusals: [...plan.refusals, taken] };
}

function differences(request: DiffRequest, plan: EmbeddedPlan): Record<string, "update"> {
  const detailed: Record<string, "update"> = {};
  for (const name of ["port", "password", "verifier", "disposable", "restart"]) {
    if (!sameValue(request.state[name], request.inputs[name])) detailed[name] = "update";
  }
  if (plan.actions.length > 0 || plan.refusals.length > 0) detailed.running = "update";
  return detailed;
}

/** Outputs of a preview: what dependants need is known even where the server is about to start or restart. */
function previewState(
  inputs: PropertyMap,
  instance: Instance,
  plan: EmbeddedPlan,
  state: PropertyMap,
): PropertyMap {
  const anew = plan.actions.some(({ action }) => action === "initialize");
  const live = {
    systemIdentifier: anew ? unknown : (state.systemIdentifier ?? unknown),
    version: state.version ?? unknown,
  };
  return stateOf(inputs, instance, live, plan.refusals);
}

function stateOf(
  inputs: PropertyMap,
  instance: Instance,
  live: PropertyMap,
  refusals: readonly Refusal[],
): PropertyMap {
  return {
    ...inputs,
    ...live,
    host: "127.0.0.1",
    dataDirectory: instance.dataDirectory,
    logDirectory: join(instance.dataDirectory, "log"),
    refusals: refusals.map((refusal) => ({ ...refusal })),
  };
}

/** Place of a new server: as declared, or `$PGSTEAD_DATA/instances/<project>-<stack>-<key>`. */
function newInstance(request: ResourceRequest, inputs: PropertyMap): Instance {
  const [head = "", project = ""] = request.urn.split("::");
  const stack = head.split(":").at(-1) ?? "";
  const { checkout, dataDirectory } = inputs;
  if (typeof dataDirectory === "string") return instanceAt(dataDirectory);
  return instanceAt(defaultDataDirectory(typeof checkout === "string" ? checkout : "", project, stack));
}

/** Password and verifier are not on disk: they come with the program's first update. */
async function importInstance(instance: Instance): Promise<ReadResult> {
  const inputs = {
    port: await readPort(instance),
    dataDirectory: instance.dataDirectory,
    administrator: "postgres",
    disposable: false,
    restart: "refuse",
  };
  const live = { systemIdentifier: (await readDiskIdentifier(instance.dataDirectory)) ?? "", version: "" };
  return { id: instance.dataDirectory, inputs, state: stateOf(inputs, instance, live, []) };
}

/** What the state has of the server; a run that was interrupted may have left it open. */
function knownServer(state: PropertyMap): KnownServer {
  const { password, systemIdentifier } = revealMap(state);
  const text = (value: unknown) => (typeof value === "string" && value !== unknown ? value : undefined);
  return { password: text(password), systemIdentifier: text(systemIdentifier) };
}

/** The inputs, which `check` has proven, without the wrappers of secrets. */
function embeddedInputs(inputs: PropertyMap): EmbeddedInputs {
  return revealMap(inputs) as unknown as EmbeddedInputs;
}
