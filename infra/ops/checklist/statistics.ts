import type { Looked } from "../../../components/core/operations/checklist/item";
import { judgeStatistics, leastChangedRows } from "../../../components/core/operations/checklist/statistics";
import { readStaleStatistics } from "../../../components/io/catalog/stale-statistics";
import type { CommandContext } from "../command";
import { indexesCommand } from "../commands/indexes";
import { openWatcher } from "../watcher";

/** Whether the planner knows what is in the tables. */
export async function lookAtStatistics(context: CommandContext): Promise<Looked> {
  const watcher = await openWatcher(context);
  const { data } = await indexesCommand.run(context, {});
  const findings: Looked["findings"][number][] = [];
  for (const { database, neverAnalyzed } of data.databases) {
    const stale = await watcher.look(database, (session) => readStaleStatistics(session, leastChangedRows));
    const never = neverAnalyzed.map(({ table }) => table);
    findings.push(...judgeStatistics(database, stale, never, context.config.thresholds));
  }
  return { findings, told: `looked into ${data.databases.map(({ database }) => database).join(", ")}` };
}
