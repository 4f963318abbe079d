import { renderPlanMessage } from "../core/plan-message";
import { isEmptyPlan, renderPlan, type Plan } from "../core/statement";
import { maintenanceDatabase } from "../io/session";
import type { ResourceRequest } from "./contract";

const lastShown = new Map<string, string>();

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
  const nothingFound = (plan.undeclared ?? []).length === 0 && plan.statements.length === 0;
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

async function showOnce(request: ResourceRequest, text: string): Promise<void> {
  if (lastShown.get(request.urn) === text) return;
  lastShown.set(request.urn, text);
  await request.log("info", text);
}
