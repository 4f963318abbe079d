import { checkMode, isWorldReadable } from "../core/files/check";
import { pendingName, type DesiredFiles, type LiveVolume, type Reload } from "../core/files/model";
import { assumeVolume, emptyVolume, planFiles, type FilesPlan } from "../core/files/plan";
import { isEmptyPlan } from "../core/statement";
import { applyFiles, assertSettled, isUnread } from "../io/docker/volume-change";
import { hashOf } from "../io/files/live-file";
import { previewVolume, readVolume, writeVolume } from "../io/docker/volume-files";
import type {
  CheckFailure,
  DiffRequest,
  DiffResult,
  PropertyDifference,
  ResourceRequest,
  ResourceType,
} from "./contract";
import { neverImported } from "./never-imported";
import { assertNoRefusals } from "./guard";
import { InputCheck } from "./inputs";
import { isUnknown, revealMap, sameValue, secret, unknown, type PropertyMap } from "./properties";
import { showPlan } from "./show-plan";
import {
  addProblems,
  checkName,
  checkPlace,
  checkReloadInput,
  placeInputs,
  placeOf,
  previewTimeoutMs,
  showUnreadVolume,
  type Unread,
} from "./volume-inputs";

/**
 * Files on a Docker volume: compared with the volume at every preview, written together, and told to the container
 * that reads them.
 */
export const files: ResourceType = {
  check: ({ newInputs }) => Promise.resolve({ inputs: newInputs, failures: checkInputs(newInputs) }),

  async diff(request) {
    // Where something that they are made from is replaced, the engine asks with all of them unknown.
    if (isUnknown(request.inputs.files)) return difference(request, false);
    const { plan } = await planLive(request, request.inputs, request.oldInputs);
    await showPlan(request, plan, null);
    return difference(request, !isEmptyPlan(plan));
  },

  async create(request) {
    const { inputs, preview } = request;
    const id = `${volumeOf(inputs)}/${request.name}`;
    if (!preview) return { id, state: await apply(request, inputs, undefined) };
    const planned = await planLive(request, inputs, undefined);
    await showPlan(request, planned.plan, null);
    return { id, state: stateOf(inputs, planned) };
  },

  async update(request) {
    const { inputs, oldInputs, preview } = request;
    if (!preview) return apply(request, inputs, oldInputs);
    return stateOf(inputs, await planLive(request, inputs, oldInputs));
  },

  read: neverImported(
    "files of a volume are not imported",
    "declare them and run `pulumi up`: what is there and equal is left as it is.",
  ),

  async delete(request) {
    const place = placeOf(request.inputs, request);
    if (place === undefined) return;
    const live = await readVolume(place);
    if (live === undefined) return;
    const { owner, mode: directoryMode } = live;
    const { files: declared, reload } = desiredOf(request.inputs);
    const names = [...Object.keys(declared), ...(reload === undefined ? [] : [pendingName(reload)])];
    const remove = names.filter((name) => live.files[name] !== undefined);
    // The directory stays whose it is: something else may have files there.
    if (remove.length > 0) await writeVolume(place, { owner, directoryMode, write: [], remove });
  },
};

function checkInputs(inputs: PropertyMap): readonly CheckFailure[] {
  const check = new InputCheck(inputs).known(
    ...placeInputs,
    "owner",
    "directoryMode",
    "files",
    "others",
    "reload",
  );
  checkPlace(check, inputs);
  check.text("directoryMode");
  checkReloadInput(check, inputs.reload);
  if (inputs.others !== undefined) check.list("others");
  const declared = isUnknown(inputs.files) ? {} : revealMap(inputs).files;
  for (const [name, file] of Object.entries((declared ?? {}) as PropertyMap)) {
    const at = `files.${name}`;
    checkName(check, at, name);
    const { content, mode, secret: isSecret, ...others } = (file ?? {}) as PropertyMap;
    for (const other of Object.keys(others))
      check.fail(`${at}.${other}`, "a file has content, mode and secret");
    if (typeof content !== "string") check.fail(`${at}.content`, "expected a text");
    if (isSecret !== undefined && typeof isSecret !== "boolean")
      check.fail(`${at}.secret`, "expected true or false");
    const isHidden = isSecret === true;
    addProblems(check, checkMode(`${at}.mode`, typeof mode === "string" ? mode : "", { secret: isHidden }));
  }
  return check.failures;
}

function volumeOf(inputs: PropertyMap): string {
  const { volume } = revealMap(inputs);
  return typeof volume === "string" && !isUnknown(volume) ? volume : "";
}

/** What is declared, without the wrappers of secrets. What it returns must not reach a log. */
function desiredOf(inputs: PropertyMap): DesiredFiles {
  const {
    volume,
    owner,
    directoryMode,
    others,
    reload,
    files: declared,
  } = revealMap(inputs) as unknown as Omit<DesiredFiles, "files" | "others"> & {
    files: Record<string, { content: string; mode: string; secret?: boolean }>;
    others?: readonly string[];
    reload?: Reload;
  };
  const entries = Object.entries(declared).map(([name, { content, mode, secret: isSecret }]) => {
    const known = isUnknown(content)
      ? { content: undefined, hash: undefined }
      : { content, hash: hashOf(content) };
    return [name, { ...known, mode, secret: isSecret ?? !isWorldReadable(mode) }] as const;
  });
  return { volume, owner, directoryMode, files: Object.fromEntries(entries), others: others ?? [], reload };
}

/** The plan against the volume; where it cannot be read, against what the last run has left there. */
async function planLive(
  request: ResourceRequest,
  inputs: PropertyMap,
  oldInputs: PropertyMap | undefined,
): Promise<FilesPlan> {
  const before = oldInputs === undefined ? undefined : desiredOf(oldInputs);
  const unread = async (reason: Unread): Promise<LiveVolume> => {
    await showUnreadVolume(request, reason);
    return before === undefined ? emptyVolume : assumeVolume(before);
  };
  const desired = desiredOf(inputs);
  const place = placeOf(inputs, request);
  if (place === undefined) return planFiles(desired, before, await unread("its volume is not known yet"));
  try {
    const live = await previewVolume(place, previewTimeoutMs);
    // The files of the old volume go with the old resource.
    const same = before?.volume === place.volume ? before : undefined;
    return planFiles(desired, same, live ?? emptyVolume);
  } catch (error) {
    if (!isUnread(error)) throw error;
    return planFiles(desired, before, await unread(error));
  }
}

function difference({ oldInputs, inputs }: DiffRequest, isLive: boolean): DiffResult {
  const detailed: Record<string, PropertyDifference> = {};
  if (!sameValue(oldInputs.volume, inputs.volume)) detailed.volume = "update-replace";
  for (const name of ["owner", "directoryMode", "files"]) {
    if (!sameValue(oldInputs[name], inputs[name])) detailed[name] = "update";
  }
  if (isLive && Object.keys(detailed).length === 0) detailed.live = "update";
  return {
    changed: Object.keys(detailed).length > 0,
    detailed,
    deleteBeforeReplace: true,
    ofOutputs: ["live"],
  };
}

async function apply(
  request: ResourceRequest,
  inputs: PropertyMap,
  oldInputs: PropertyMap | undefined,
): Promise<PropertyMap> {
  const place = placeOf(inputs, request);
  if (place === undefined) throw new Error("the volume is not known");
  const desired = desiredOf(inputs);
  const before = oldInputs === undefined ? undefined : desiredOf(oldInputs);
  const look = async (): Promise<FilesPlan> =>
    planFiles(desired, before, (await readVolume(place)) ?? emptyVolume);
  const planned = await look();
  assertNoRefusals(planned.plan.refusals);
  await showPlan(request, planned.plan, null);
  await applyFiles(place, planned, contentsOf(desired), desired);
  if (planned.plan.statements.length > 0) assertSettled(place, (await look()).plan);
  return stateOf(inputs, planned);
}

function contentsOf({
  files: declared,
}: DesiredFiles): ReadonlyMap<string, { content: string; mode: string }> {
  return new Map(Object.entries(declared).map(([name, { content = "", mode }]) => [name, { content, mode }]));
}

function stateOf(inputs: PropertyMap, { plan }: FilesPlan): PropertyMap {
  const hashes = Object.entries(desiredOf(inputs).files).map(([name, { hash, secret: isSecret }]) => {
    const value = hash ?? unknown;
    // Whoever has the hash of a short secret can look for the secret.
    return [name, isSecret ? secret(value) : value] as const;
  });
  return {
    ...inputs,
    hashes: Object.fromEntries(hashes),
    refusals: plan.refusals.map((refusal) => ({ ...refusal })),
  };
}
