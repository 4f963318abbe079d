import { resolveCopies } from "./resolve-copies";
import { resolveGate } from "./resolve-gate";
import type { WrittenConfig } from "./schema";
import type { BackupConfig } from "./stack-config";

export function resolveBackup(config: WrittenConfig): BackupConfig {
  const copies = resolveCopies(config);
  const { directory, logical } = config.backup;
  const gate = resolveGate(config);
  return {
    ...(directory === undefined ? {} : { directory }),
    ...(logical === undefined ? {} : { logical }),
    ...(copies.copies.length === 0 ? {} : { copies }),
    ...(gate === undefined ? {} : { gate }),
  };
}
