import type { AnyCommand } from "../frame";
import { adoptCommand } from "./adopt";
import { archiveCommand } from "./archive";
import { auditCommand } from "./audit";
import { auditMaintainCommand } from "./audit-maintain";
import { backups } from "./backup";
import { connectionCommand } from "./connection";
import { driftCommand } from "./drift";
import { driftIssueCommand } from "./drift-issue";
import { migrateCommands } from "./migrate-commands";
import { newStackCommand } from "./new-stack";
import { planCommand } from "./plan";
import { previewCommentCommand } from "./preview-comment";
import { recoveryCommand } from "./recovery";
import { restores } from "./restore";
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
  ...restores,
  recoveryCommand,
  connectionCommand,
  adoptCommand,
  newStackCommand,
  previewCommentCommand,
  driftIssueCommand,
];
