import type { AnyCommand } from "../command";
import { adoptCommand } from "./adopt";
import { archiveCommand } from "./archive";
import { auditCommand } from "./audit";
import { auditMaintainCommand } from "./audit-maintain";
import { auditSecurityCommand } from "./audit-security";
import { backups } from "./backup";
import { backupGateCommand } from "./backup-gate";
import { connectionCommand } from "./connection";
import { copyCommand } from "./copy";
import { driftCommand } from "./drift";
import { driftIssueCommand } from "./drift-issue";
import { logsCommand } from "./logs";
import { migrateCommands } from "./migrate-commands";
import { newStackCommand } from "./new-stack";
import { planCommand } from "./plan";
import { previewCommentCommand } from "./preview-comment";
import { recoveryCommand } from "./recovery";
import { restoreCommand } from "./restore";
import { settingsCommand } from "./settings";
import { statusCommand } from "./status";

/** Every command, in the order of the help. */
export const commands: readonly AnyCommand[] = [
  statusCommand,
  planCommand,
  driftCommand,
  ...migrateCommands,
  auditCommand,
  auditMaintainCommand,
  archiveCommand,
  ...backups,
  backupGateCommand,
  recoveryCommand,
  restoreCommand,
  logsCommand,
  settingsCommand,
  auditSecurityCommand,
  connectionCommand,
  copyCommand,
  adoptCommand,
  newStackCommand,
  previewCommentCommand,
  driftIssueCommand,
];
