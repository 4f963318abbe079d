import type { ScheduledDrill } from "../../components/core/drill/plan";
import type { WrittenConfig } from "./schema";
import type { BackupConfig } from "./stack-config";

/** @param databases names of those that are declared */
export function resolveBackup({ backup }: WrittenConfig, databases: readonly string[]): BackupConfig {
  const { directory, logical, drill } = backup;
  return {
    ...(directory === undefined ? {} : { directory }),
    ...(logical === undefined ? {} : { logical }),
    ...(drill === undefined ? {} : { drill: resolveDrill(drill, databases) }),
  };
}

function resolveDrill(
  { schedule, assertions }: NonNullable<WrittenConfig["backup"]["drill"]>,
  [only = ""]: readonly string[],
): ScheduledDrill {
  return { schedule, assertions: assertions.map(({ sql, database = only }) => ({ database, sql })) };
}
