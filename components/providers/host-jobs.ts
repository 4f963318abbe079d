import {
  judgeJobHost,
  planProgram,
  schedulerWishes,
  type DesiredJobHost,
  type JobHostFacts,
  type JudgedJobHost,
} from "../core/host/jobs/job-host";
import { jobPlaces, type JobPlaces } from "../core/host/jobs/places";
import { problemError } from "../core/problem";
import { renderWayHop } from "../core/ssh/way";
import type { Statement } from "../core/statement";
import { installJobs, makeProgram, readJobHost, removeJobs, type JobProgram } from "../io/host/job-host";
import type { DiffRequest, PropertyDifference, ResourceRequest, ResourceType } from "./contract";
import { neverImported } from "./never-imported";
import { assertNoRefusals } from "./guard";
import { checkHost, hostDifference, isHostUnread, lookForPreview } from "./host-place";
import { InputCheck } from "./inputs";
import { revealMap, sameValue, unknown, type PropertyMap, type PropertyValue } from "./properties";
import { showPlan, showUnread } from "./show-plan";

/**
 * The operations code on the host of a server, and what there is to run it: the host is asked at every preview. What its
 * timers start and know are files of their own.
 */
export const hostJobs: ResourceType = {
  check: ({ newInputs }) => Promise.resolve({ inputs: newInputs, failures: checkInputs(newInputs) }),

  async diff(request) {
    const looked = await lookAgain(request);
    if (looked !== undefined) await show(request, looked);
    const detailed = difference(request, looked);
    return {
      changed: Object.keys(detailed).length > 0,
      detailed,
      deleteBeforeReplace: true,
      ofOutputs: ["live", ...found],
    };
  },

  async create(request) {
    const { inputs, preview } = request;
    const id = desiredOf(inputs).places.name;
    // Which files there are is the host's to say: without an answer nothing can be planned.
    const looked = await lookForPreview(request, (signal) => look(inputs, signal));
    await show(request, looked);
    if (!preview) await apply(request, looked);
    return { id, state: stateOf(inputs, looked) };
  },

  async update(request) {
    const { inputs, state, preview } = request;
    if (preview) {
      const looked = await lookAgain(request);
      return looked === undefined ? { ...state, ...inputs } : stateOf(inputs, looked);
    }
    const looked = await look(inputs, request.signal);
    await apply(request, looked);
    return stateOf(inputs, looked);
  },

  read: neverImported(
    "the operations code of a host is not imported",
    "declare them and run `pulumi up`: what is there and equal is left as it is.",
  ),

  async delete({ inputs, log, signal }) {
    const { host, places } = desiredOf(inputs);
    const isLeft = await removeJobs(host, places, signal);
    if (isLeft) await log("info", `backups stay at ${places.backups} on ${renderWayHop(host.ssh)}`);
  },
};

const plainInputs = [
  "project",
  "stack",
  "backups",
  "scheduler",
  "port",
  "cluster",
  "jobs",
  "packages",
  "bundle",
];
const replaces: ReadonlySet<string> = new Set(["project", "stack"]);

/** Outputs that are found on the host. */
const found = ["runsBy", "dataDirectory", "socketDirectory"] as const;

function checkInputs(inputs: PropertyMap) {
  const check = new InputCheck(inputs)
    .known("host", ...plainInputs)
    .text("project")
    .text("stack")
    .oneOf("scheduler", ...schedulerWishes.filter((wish) => wish !== "none"))
    .integer("port", 1, 65_535)
    .text("bundle")
    .list("jobs")
    .list("packages");
  checkHost(check, inputs.host);
  return check.failures;
}

interface Desired extends DesiredJobHost {
  readonly places: JobPlaces;
  /** `<project>/<stack>` */
  readonly of: string;
}

function desiredOf(inputs: PropertyMap): Desired {
  const { project, stack, backups, scheduler, ...rest } = revealMap(inputs) as unknown as Omit<
    DesiredJobHost,
    "wish"
  > & {
    readonly project: string;
    readonly stack: string;
    readonly backups?: string;
    readonly scheduler: DesiredJobHost["wish"];
  };
  const { host, port, cluster, jobs, packages } = rest;
  return {
    ...{ host, wish: scheduler, port, cluster, jobs, packages },
    places: jobPlaces(project, stack, backups),
    of: `${project}/${stack}`,
  };
}

interface Looked {
  readonly desired: Desired;
  readonly facts: JobHostFacts;
  readonly judged: JudgedJobHost;
  readonly program: JobProgram;
  readonly statements: readonly Statement[];
}

async function look(inputs: PropertyMap, signal: AbortSignal): Promise<Looked> {
  const desired = desiredOf(inputs);
  const { host, places, port, cluster, of } = desired;
  const facts = await readJobHost(host, places, { port, cluster, of, signal });
  const judged = judgeJobHost(desired, facts, places);
  const program = await makeProgram(places, of, judged.node);
  return { desired, facts, judged, program, statements: planProgram(desired, facts, program.digest, places) };
}

/** For a preview of what the state knows; undefined: the host cannot be reached, which is told. */
async function lookAgain(request: DiffRequest): Promise<Looked | undefined> {
  try {
    return await lookForPreview(request, (signal) => look(request.inputs, signal));
  } catch (error) {
    if (!isHostUnread(error)) throw error;
    await showUnread(request, error.message);
    return undefined;
  }
}

async function show(request: ResourceRequest, { statements, judged }: Looked): Promise<void> {
  await showPlan(request, { statements, refusals: judged.refusals }, null);
}

function difference(
  { inputs, oldInputs, state }: DiffRequest,
  looked: Looked | undefined,
): Record<string, PropertyDifference> {
  const detailed: Record<string, PropertyDifference> = { ...hostDifference(oldInputs, inputs) };
  for (const name of plainInputs) {
    if (sameValue(oldInputs[name], inputs[name])) continue;
    detailed[name] = replaces.has(name) ? "update-replace" : "update";
  }
  if (looked === undefined) return detailed;
  const next = stateOf(inputs, looked);
  for (const name of found) if (!sameValue(state[name], next[name])) detailed[name] = "update";
  if (looked.statements.length + looked.judged.refusals.length > 0) detailed.live = "update";
  return detailed;
}

/** What the same run installs is there by now, or missing after all. */
async function apply(
  { inputs, signal }: ResourceRequest & { readonly inputs: PropertyMap },
  { desired, facts, program, statements }: Looked,
): Promise<void> {
  const { host, places } = desired;
  assertNoRefusals(judgeJobHost({ ...desired, packages: [] }, facts, places).refusals);
  if (statements.length === 0) return;
  await installJobs(host, places, program, signal);
  const after = await look(inputs, signal);
  if (after.statements.length === 0 && after.judged.refusals.length === 0) return;
  const subject = `operations code on ${renderWayHop(host.ssh)}`;
  const hint = "does something else write there? Run this again";
  throw problemError(subject, `it is not as it was sent to ${places.program}`, hint);
}

/** Facts of the host are known in a preview as well: what depends on them shows its difference. */
function stateOf(inputs: PropertyMap, { facts, judged }: Looked): PropertyMap {
  const cluster = "missing" in facts.cluster ? undefined : facts.cluster;
  const orUnknown = (value: string | undefined): PropertyValue => value ?? unknown;
  return {
    ...inputs,
    runsBy: judged.scheduler,
    dataDirectory: orUnknown(cluster?.dataDirectory),
    socketDirectory: orUnknown(cluster?.socketDirectory),
    refusals: judged.refusals.map((refusal) => ({ ...refusal })),
  };
}
