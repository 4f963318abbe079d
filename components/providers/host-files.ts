import { draftsOf, questionOf, type DesiredHostFiles, type LiveHost } from "../core/host/file-model";
import {
  assumeHost,
  ownDirectories,
  planHostFiles,
  type HostFilesBefore,
  type HostFilesPlan,
} from "../core/host/file-plan";
import { nextRevision } from "../core/host/revision";
import { problemError } from "../core/problem";
import { isEmptyPlan, renderPlan } from "../core/statement";
import { hashOf } from "../io/files/live-file";
import { firstRevision, readHostFiles, writeHostFiles } from "../io/host/files";
import type { DiffRequest, DiffResult, PropertyDifference, ResourceRequest, ResourceType } from "./contract";
import { neverImported } from "./never-imported";
import { ResourceInitError } from "./failure";
import { assertNoRefusals } from "./guard";
import { beforeOf, checkInputs, desiredOf, isSetUnknown } from "./host-files-inputs";
import { hostDifference, hostName, hostOf, isHostUnread, lookForPreview } from "./host-place";
import { sameValue, secret, unknown, type PropertyMap } from "./properties";
import { showPlan, showUnread } from "./show-plan";

/**
 * Files on a host that is reached over SSH: compared with the host at every preview, written together and removed when
 * the resource goes.
 */
export const hostFiles: ResourceType = {
  check: ({ newInputs }) => Promise.resolve({ inputs: newInputs, failures: checkInputs(newInputs) }),

  async diff(request) {
    if (isSetUnknown(request.inputs)) return difference(request, false);
    const planned = await planLive(request, request.inputs, beforeIn(request));
    await showPlan(request, planned.plan, null);
    return difference(request, !isEmptyPlan(planned.plan));
  },

  async create(request) {
    const { inputs, preview, name } = request;
    if (preview) {
      if (isSetUnknown(inputs)) return { id: name, state: unknownState(inputs, []) };
      const planned = await planLive(request, inputs, undefined);
      await showPlan(request, planned.plan, null);
      return { id: name, state: stateOf(request, inputs, { planned, made: [], revision: unknown }) };
    }
    return { id: name, state: await applyNew(request, inputs) };
  },

  async update(request) {
    const { inputs, preview } = request;
    if (!preview) return applyChange(request);
    if (isSetUnknown(inputs)) return unknownState(inputs, request.state.made);
    const planned = await planLive(request, inputs, beforeIn(request));
    const revision = revisionAfter(request, planned);
    return stateOf(request, inputs, { planned, made: request.state.made, revision });
  },

  read: neverImported(
    "files of a host are not imported",
    "declare them and run `pulumi up`: what is there and equal is left as it is.",
  ),

  async delete(request) {
    const before = beforeOf(request, request.inputs, request.state);
    const place = hostOf(request.inputs);
    const draftPrefix = draftsOf(keyOf(request));
    const nothing = { files: {}, directories: {} };
    const live = await readHostFiles(place, questionOf(nothing, before, draftPrefix), request.signal);
    const isThere = (path: string): boolean => live.entries[path] !== undefined;
    const stays = await writeHostFiles(place, {
      make: [],
      write: [],
      remove: Object.keys(before.files).filter(isThere),
      leave: ownDirectories(before).filter(isThere),
      leftovers: Object.keys(live.entries).filter((path) => path.includes(`/${draftPrefix}`)),
      draftPrefix,
    });
    if (stays.length === 0) return;
    await request.log(
      "info",
      `${stays.join(", ")} on ${hostName(request.inputs)}: not removed, as files are in it`,
    );
  },
};

/** Where nobody can tell before `up` which files there are. */
function unknownState(inputs: PropertyMap, made: PropertyMap[string]): PropertyMap {
  return { ...inputs, hashes: unknown, made: made ?? [], refusals: [], revision: unknown };
}

/** Tells the drafts of this resource from those of every other one on the host. */
function keyOf({ urn }: ResourceRequest): string {
  return hashOf(urn).slice(0, 12);
}

function beforeIn(request: DiffRequest): HostFilesBefore {
  return beforeOf(request, request.oldInputs, request.state);
}

/** The plan against the host; where that cannot be reached, against what the last run has left there. */
async function planLive(
  request: ResourceRequest,
  inputs: PropertyMap,
  before: HostFilesBefore | undefined,
): Promise<HostFilesPlan> {
  const desired = desiredOf(request, inputs);
  const drafts = draftsOf(keyOf(request));
  let live: LiveHost;
  try {
    const question = questionOf(desired, before, drafts);
    live = await lookForPreview(request, (signal) => readHostFiles(hostOf(inputs), question, signal));
  } catch (error) {
    if (!isHostUnread(error)) throw error;
    await showUnread(request, error.message);
    live = assumeHost(desired, before);
  }
  return planHostFiles(desired, before, live, drafts);
}

function difference(request: DiffRequest, isLive: boolean): DiffResult {
  const { oldInputs, inputs } = request;
  const detailed: Record<string, PropertyDifference> = { ...hostDifference(oldInputs, inputs) };
  for (const name of ["files", "directories"]) {
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

/** Another one after each run that writes, and after each that may have written and was not told. */
function revisionAfter({ oldInputs, inputs, state }: DiffRequest, { plan }: HostFilesPlan): string {
  const revision = typeof state.revision === "string" ? state.revision : firstRevision();
  const isSame = ["files", "directories"].every((name) => sameValue(oldInputs[name], inputs[name]));
  return isSame && plan.statements.length === 0 ? revision : nextRevision(revision);
}

async function applyNew(request: ResourceRequest, inputs: PropertyMap): Promise<PropertyMap> {
  const revision = firstRevision();
  const look = await lookNow(request, inputs, undefined);
  assertNoRefusals(look.planned.plan.refusals);
  await showPlan(request, look.planned.plan, null);
  const made = look.planned.make;
  const state = stateOf(request, inputs, { planned: look.planned, made, revision });
  try {
    await write(request, inputs, look);
  } catch (error) {
    // What of it is there belongs to this resource: the next run goes on from there.
    throw new ResourceInitError(request.name, inputs, state, (error as Error).message, { cause: error });
  }
  return state;
}

async function applyChange(request: DiffRequest): Promise<PropertyMap> {
  const { inputs, oldInputs, state, name } = request;
  const look = await lookNow(request, inputs, beforeIn(request));
  const { planned } = look;
  assertNoRefusals(planned.plan.refusals);
  await showPlan(request, planned.plan, null);
  const revision = revisionAfter(request, planned);
  const known = Array.isArray(state.made) ? (state.made as string[]) : [];
  const made = [
    ...new Set([...known, ...planned.make.filter((path) => look.live.entries[path] === undefined)]),
  ];
  try {
    await write(request, inputs, look);
  } catch (error) {
    // What was declared before stays in the state, so that nothing of it is forgotten; who depends on it is told again.
    const failed = { ...state, made, revision: nextRevision(revision) };
    throw new ResourceInitError(name, oldInputs, failed, (error as Error).message, { cause: error });
  }
  const kept = made.filter((path) => !planned.leave.includes(path));
  return stateOf(request, inputs, { planned, made: kept, revision });
}

interface Look {
  readonly desired: DesiredHostFiles;
  readonly live: LiveHost;
  readonly planned: HostFilesPlan;
}

async function lookNow(
  request: ResourceRequest,
  inputs: PropertyMap,
  before: HostFilesBefore | undefined,
): Promise<Look> {
  const desired = desiredOf(request, inputs);
  const drafts = draftsOf(keyOf(request));
  const live = await readHostFiles(hostOf(inputs), questionOf(desired, before, drafts), request.signal);
  return { desired, live, planned: planHostFiles(desired, before, live, drafts) };
}

/** Does what a plan says, and looks again. */
async function write(
  request: ResourceRequest,
  inputs: PropertyMap,
  { desired, live, planned }: Look,
): Promise<void> {
  if (planned.plan.statements.length === 0) return;
  const owned = (owner: string): string =>
    owner.includes(":") ? owner : `${owner}:${live.accounts[owner] ?? owner}`;
  await writeHostFiles(hostOf(inputs), {
    make: planned.make.flatMap((path) => {
      const directory = desired.directories[path];
      return directory === undefined ? [] : [{ path, mode: directory.mode, owner: owned(directory.owner) }];
    }),
    write: planned.write.flatMap((path) => {
      const file = desired.files[path];
      if (file?.content === undefined) return [];
      return [{ path, content: file.content, mode: file.mode, owner: owned(file.owner) }];
    }),
    remove: planned.remove,
    leave: planned.leave,
    leftovers: planned.drafts,
    draftPrefix: draftsOf(keyOf(request)),
  });
  const { files, directories } = desired;
  const { planned: after } = await lookNow(request, inputs, { files, directories, made: planned.make });
  if (isEmptyPlan(after.plan)) return;
  throw problemError(
    `files on ${desired.host}`,
    `they still differ after the change: ${renderPlan(after.plan)}`,
    "does another program change them at the same time? Run this again.",
  );
}

function stateOf(
  request: ResourceRequest,
  inputs: PropertyMap,
  {
    planned,
    made,
    revision,
  }: { readonly planned: HostFilesPlan; readonly made: unknown; readonly revision: unknown },
): PropertyMap {
  const hashes = Object.entries(desiredOf(request, inputs).files).map(
    ([path, { hash, secret: isSecret }]) => {
      const value = hash ?? unknown;
      // Whoever has the hash of a short secret can look for the secret.
      return [path, isSecret ? secret(value) : value] as const;
    },
  );
  return {
    ...inputs,
    hashes: Object.fromEntries(hashes),
    made: (made ?? []) as PropertyMap[string],
    refusals: planned.plan.refusals.map((refusal) => ({ ...refusal })),
    revision: revision as PropertyMap[string],
  };
}
