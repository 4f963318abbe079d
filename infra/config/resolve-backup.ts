import type { WrittenConfig } from "./schema";
import type { BackupConfig } from "./stack-config";

export function resolveBackup({ backup }: WrittenConfig): BackupConfig {
  const { directory, logical } = backup;
  return {
    ...(directory === undefined ? {} : { directory }),
    ...(logical === undefined ? {} : { logical }),
  };
}
