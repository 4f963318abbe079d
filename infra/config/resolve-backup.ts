import { resolveGate } from "./resolve-gate";
import type { WrittenConfig } from "./schema";
import type { BackupConfig } from "./stack-config";

export function resolveBackup(config: WrittenConfig): BackupConfig {
  const { directory, logical } = config.backup;
  const gate = resolveGate(config);
  return {
    ...(directory === undefined ? {} : { directory }),
    ...(logical === undefined ? {} : { logical }),
    ...(gate === undefined ? {} : { gate }),
  };
}
