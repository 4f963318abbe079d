import { resolveCopies } from "./resolve-copies";
import type { WrittenConfig } from "./schema";
import type { BackupConfig } from "./stack-config";

export function resolveBackup(config: WrittenConfig): BackupConfig {
  const copies = resolveCopies(config);
  const { directory, logical } = config.backup;
  return {
    ...(directory === undefined ? {} : { directory }),
    ...(logical === undefined ? {} : { logical }),
    ...(copies.copies.length === 0 ? {} : { copies }),
  };
}
