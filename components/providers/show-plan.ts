import { isEmptyPlan, renderPlan, type Plan } from "../core/statement";
import type { ResourceRequest } from "./contract";

const lastShown = new Map<string, string>();

/** Writes the plan under the resource; an update does not repeat what its diff has just shown. */
export async function showPlan(request: ResourceRequest, plan: Plan): Promise<void> {
  const nothingFound = (plan.undeclared ?? []).length === 0 && plan.statements.length === 0;
  if (isEmptyPlan(plan) && nothingFound) return;
  await showOnce(request, renderPlan(plan, { full: process.env.PGSTEAD_PLAN === "full" }));
}

export async function showOnce(request: ResourceRequest, text: string): Promise<void> {
  if (lastShown.get(request.urn) === text) return;
  lastShown.set(request.urn, text);
  await request.log("info", text);
}
