import type { ScheduledDrill } from "../../components/core/drill/plan";
import { resolveCopies } from "./resolve-copies";
import { parseAge, resolveGate } from "./resolve-gate";
import type { WrittenConfig } from "./schema";
import type { BackupConfig } from "./stack-config";

/** @param databases names of those that are declared */
export function resolveBackup(config: WrittenConfig, databases: readonly string[]): BackupConfig {
  const copies = resolveCopies(config);
  const { directory, logical, drill } = config.backup;
  const gate = resolveGate(config);
  return {
    ...(directory === undefined ? {} : { directory }),
    ...(logical === undefined ? {} : { logical }),
    ...(copies.copies.length === 0 ? {} : { copies }),
    ...(gate === undefined ? {} : { gate }),
    ...(drill === undefined ? {} : { drill: resolveDrill(drill, databases) }),
  };
}

function resolveDrill(
  { schedule, assertions, copyMaxAge }: NonNullable<WrittenConfig["backup"]["drill"]>,
  [only = ""]: readonly string[],
): ScheduledDrill {
  return {
    schedule,
    assertions: assertions.map(({ sql, database = only }) => ({ database, sql })),
    copyMaxAge: parseAge(copyMaxAge) ?? 0, // what is no time has been told of already
  };
}
