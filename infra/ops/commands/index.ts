import type { AnyCommand } from "../frame";
import { adoptCommand } from "./adopt";
import { archiveCommand } from "./archive";
import { connectionCommand } from "./connection";
import { driftCommand } from "./drift";
import { driftIssueCommand } from "./drift-issue";
import { migrateBaselineCommand } from "./migrate-baseline";
import { migrateConventionsCommand } from "./migrate-conventions";
import { migrateCreateCommand } from "./migrate-create";
import { migrateDowngradeCommand } from "./migrate-downgrade";
import { migrateHistoryCommand } from "./migrate-history";
import { migrateLintCommand } from "./migrate-lint";
import { migrateRepairCommand } from "./migrate-repair";
import { migrateSqlCommand } from "./migrate-sql";
import {
  migrateCheckCommand,
  migrateCurrentCommand,
  migrateStatusCommand,
  migrateVerifyCommand,
} from "./migrate-status";
import { migrateUpgradeCommand } from "./migrate-upgrade";
import { newStackCommand } from "./new-stack";
import { planCommand } from "./plan";
import { previewCommentCommand } from "./preview-comment";
import { statusCommand } from "./status";

/** Every command, in the order of the help. */
export const commands: readonly AnyCommand[] = [
  statusCommand,
  planCommand,
  driftCommand,
  migrateCreateCommand,
  migrateConventionsCommand,
  migrateLintCommand,
  migrateStatusCommand,
  migrateCheckCommand,
  migrateCurrentCommand,
  migrateHistoryCommand,
  migrateVerifyCommand,
  migrateSqlCommand,
  migrateUpgradeCommand,
  migrateDowngradeCommand,
  migrateBaselineCommand,
  migrateRepairCommand,
  archiveCommand,
  connectionCommand,
  adoptCommand,
  newStackCommand,
  previewCommentCommand,
  driftIssueCommand,
];
