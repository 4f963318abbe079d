import type { HealthCheck, HealthThresholds } from "./health-check";
import type { HealthFacts } from "./health-facts";
import { judgeReplication } from "./health-replication";
import { judgeSessions } from "./health-sessions";
import { judgeStorage } from "./health-storage";

/**
 * What is to be thought of a server: one check a question, in a fixed order, those that are well included.
 *
 * What is judged over time (hits of the cache, rollbacks) counts from when the statistics began, and only where there
 * is enough of it.
 */
export function judgeHealth(facts: HealthFacts, thresholds: HealthThresholds): HealthCheck[] {
  return [
    ...judgeSessions(facts, thresholds),
    ...judgeReplication(facts, thresholds),
    ...judgeStorage(facts, thresholds),
  ];
}
