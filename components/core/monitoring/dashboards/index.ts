import type { Thresholds } from "../thresholds";
import { backupsDashboard } from "./backups";
import { overviewDashboard } from "./overview";
import type { Dashboard } from "./panel";
import { queriesDashboard } from "./queries";
import { replicationDashboard } from "./replication";
import { tablesDashboard } from "./tables";

/** All dashboards of a stack, in the order in which somebody asks; their colours change where its alerts do. */
export function resolveDashboards(thresholds: Thresholds): readonly Dashboard[] {
  return [overviewDashboard, queriesDashboard, tablesDashboard, replicationDashboard, backupsDashboard].map(
    (make) => make(thresholds),
  );
}
