import { renderPlanMessage } from "../core/plan-message";
import { isEmptyPlan, renderPlan, type Plan } from "../core/statement";
import type { EngineUnreachableError } from "../io/docker/failure";
import { maintenanceDatabase } from "../io/session";
import type { ResourceRequest } from "./contract";

const lastShown = new Map<string, string>();
const lastWarned = new Map<string, string>();
let isEngineTold = false;

/**
 * Writes the plan under the resource; an update does not repeat what its diff has just shown.
 *
 * `PGSTEAD_PLAN` says how: `full` shows the longest plan whole, `json` is one line for programs (core/plan-message.ts).
 *
 * @param database where statements run that name none; default the maintenance database
 */
export async function showPlan(
  request: ResourceRequest,
  plan: Plan,
  database: string | null = maintenanceDatabase,
): Promise<void> {
  const { undeclared = [], notes = [], statements } = plan;
  const nothingFound = undeclared.length + notes.length + statements.length === 0;
  if (isEmptyPlan(plan) && nothingFound) return;
  const { PGSTEAD_PLAN: form } = process.env;
  const text =
    form === "json" ? renderPlanMessage(plan, { database }) : renderPlan(plan, { full: form === "full" });
  await showOnce(request, text);
}

/** Says under the resource why its server could not be read, so that the plan holds what the state tells. */
export async function showUnread(request: ResourceRequest, reason: string): Promise<void> {
  const nothing: Plan = { statements: [], refusals: [] };
  const text =
    process.env.PGSTEAD_PLAN === "json"
      ? renderPlanMessage(nothing, { database: null, unread: reason })
      : `plan: compared with the state only: ${reason}`;
  await showOnce(request, text);
}

/**
 * Says that the Docker engine does not answer, so that plans hold what the state tells: once in a run, by whichever
 * resource misses it first. A program that reads the preview is told by each.
 */
export async function showUnreachable(
  request: ResourceRequest,
  error: EngineUnreachableError,
): Promise<void> {
  const isTold = isEngineTold;
  isEngineTold = true;
  if (!isTold || process.env.PGSTEAD_PLAN === "json") await showUnread(request, error.message);
}

/** For a resource that tells it in its own way: the others do not repeat it. */
export function noteUnreachable(): void {
  isEngineTold = true;
}

/** Says under the resource what nobody has to do now and everybody should know; once in a run. */
export async function showWarning(request: ResourceRequest, text: string | undefined): Promise<void> {
  if (text === undefined || lastWarned.get(request.urn) === text) return;
  lastWarned.set(request.urn, text);
  await request.log("warning", text);
}

async function showOnce(request: ResourceRequest, text: string): Promise<void> {
  if (lastShown.get(request.urn) === text) return;
  lastShown.set(request.urn, text);
  await request.log("info", text);
}
