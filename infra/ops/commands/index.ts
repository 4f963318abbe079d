import type { AnyCommand } from "../command";
import { adoptCommand } from "./adopt";
import { analyzeCommand } from "./analyze";
import { archiveCommand } from "./archive";
import { auditCommand } from "./audit";
import { auditMaintainCommand } from "./audit-maintain";
import { auditSecurityCommand } from "./audit-security";
import { backups } from "./backup";
import { backupGateCommand } from "./backup-gate";
import { bloatCommand } from "./bloat";
import { capacityCommand } from "./capacity";
import { checklistCommand } from "./checklist";
import { connectionCommand } from "./connection";
import { connectionsCommand } from "./connections";
import { copyCommand } from "./copy";
import { dashboardsCommand } from "./dashboards";
import { diskCommand } from "./disk";
import { driftCommand } from "./drift";
import { driftIssueCommand } from "./drift-issue";
import { healthCommand } from "./health";
import { jobsCommand } from "./jobs";
import { locksCommand } from "./locks";
import { indexesCommand } from "./indexes";
import { metricsCommand } from "./metrics";
import { logsCommand } from "./logs";
import { migrateCommands } from "./migrate-commands";
import { newStackCommand } from "./new-stack";
import { planCommand } from "./plan";
import { previewCommentCommand } from "./preview-comment";
import { providerSettingsCommand } from "./provider-settings";
import { recoveryCommand } from "./recovery";
import { reindexCommand } from "./reindex";
import { releaseCommand } from "./release";
import { reportCommand } from "./report";
import { restoreCommand } from "./restore";
import { rotateCommand } from "./rotate";
import { sampleCommand } from "./sample";
import { slowQueriesCommand } from "./slow-queries";
import { settingsCommand } from "./settings";
import { statusCommand } from "./status";
import { terminateIdleCommand } from "./terminate-idle";
import { vacuumCommand } from "./vacuum";

/** Every command, in the order of the help. */
export const commands: readonly AnyCommand[] = [
  statusCommand,
  healthCommand,
  checklistCommand,
  jobsCommand,
  reportCommand,
  connectionsCommand,
  locksCommand,
  terminateIdleCommand,
  planCommand,
  driftCommand,
  metricsCommand,
  diskCommand,
  bloatCommand,
  indexesCommand,
  vacuumCommand,
  analyzeCommand,
  reindexCommand,
  ...migrateCommands,
  auditCommand,
  auditMaintainCommand,
  archiveCommand,
  slowQueriesCommand,
  capacityCommand,
  sampleCommand,
  dashboardsCommand,
  ...backups,
  backupGateCommand,
  recoveryCommand,
  restoreCommand,
  logsCommand,
  settingsCommand,
  providerSettingsCommand,
  auditSecurityCommand,
  connectionCommand,
  rotateCommand,
  copyCommand,
  adoptCommand,
  releaseCommand,
  newStackCommand,
  previewCommentCommand,
  driftIssueCommand,
];
