import { refuseNeeds, type HostNeeds } from "../core/host/needs";
import type { Refusal } from "../core/statement";
import { lookAtHost } from "../io/host/login";
import type { DiffRequest, ResourceRequest, ResourceType } from "./contract";
import { neverImported } from "./never-imported";
import { assertNoRefusals } from "./guard";
import { checkHost, hostDifference, hostName, hostOf, isHostUnread, lookForPreview } from "./host-place";
import { InputCheck } from "./inputs";
import { hasUnknown, reveal, sameValue, unknown, type PropertyMap } from "./properties";
import { showUnread } from "./show-plan";

/**
 * How the plugin `command` logs in to a host: what our own connection, which has proven the host, knows of it. Writes
 * nothing anywhere.
 */
export const hostLogin: ResourceType = {
  check({ newInputs }) {
    const check = new InputCheck(newInputs).known("host", "needs");
    checkHost(check, newInputs.host);
    return Promise.resolve({ inputs: newInputs, failures: check.failures });
  },

  async diff(request) {
    const { oldInputs, inputs, state } = request;
    const detailed = { ...hostDifference(oldInputs, inputs) };
    if (!sameValue(oldInputs.needs, inputs.needs)) detailed.needs = "update";
    const found = await preview(request, inputs, state);
    const isSame = ["connection", "refusals"].every((name) => sameValue(found[name], state[name]));
    if (!isSame && Object.keys(detailed).length === 0) detailed.live = "update";
    return { changed: Object.keys(detailed).length > 0, detailed, ofOutputs: ["live"] };
  },

  async create(request) {
    const { inputs, name } = request;
    if (request.preview) return { id: name, state: await preview(request, inputs, undefined) };
    return { id: name, state: await lookNow(request, inputs) };
  },

  async update(request) {
    return request.preview
      ? preview(request, request.inputs, request.state)
      : lookNow(request, request.inputs);
  },

  read: neverImported("a login is not imported", "declare it and run `pulumi up`."),

  delete: () => Promise.resolve(),
};

/** The host as it is; where nobody can reach it, as the last run has found it. */
async function preview(
  request: ResourceRequest | DiffRequest,
  inputs: PropertyMap,
  state: PropertyMap | undefined,
): Promise<PropertyMap> {
  if (hasUnknown(inputs.host)) return { ...inputs, connection: unknown, refusals: [] };
  try {
    return await lookForPreview(request, (signal) => look(inputs, signal));
  } catch (error) {
    if (!isHostUnread(error)) throw error;
    await showUnread(request, error.message);
    return { ...inputs, connection: state?.connection ?? unknown, refusals: state?.refusals ?? [] };
  }
}

async function lookNow({ signal }: ResourceRequest, inputs: PropertyMap): Promise<PropertyMap> {
  const found = await look(inputs, signal);
  assertNoRefusals(reveal(found.refusals) as unknown as Refusal[]);
  return found;
}

async function look(inputs: PropertyMap, signal: AbortSignal): Promise<PropertyMap> {
  const { login, means, refusals: ofWay } = await lookAtHost(hostOf(inputs), signal);
  const needs = (reveal(inputs.needs) ?? {}) as unknown as HostNeeds;
  const refusals = [...ofWay, ...refuseNeeds(hostName(inputs), needs, means)].map((refusal) => ({
    ...refusal,
  }));
  return { ...inputs, connection: { ...login } as unknown as PropertyMap, refusals };
}
