import type { AnyCommand } from "../command";
import { downgradeRun, upgradeRun } from "../migrate/alembic/change-runs";
import { baselineRun, createRun, repairRun } from "../migrate/alembic/keep-runs";
import { lintRun } from "../migrate/alembic/lint-run";
import { checkRun, lookRun, sqlRun, verifyRun } from "../migrate/alembic/look-runs";
import { testRun } from "../migrate/alembic/test-run";
import { withEngines } from "../migrate/engines";
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
import { migrateTestCommand } from "./migrate-test";
import { migrateUpgradeCommand } from "./migrate-upgrade";

/** The commands of migrations, in the order of the help, each for both engines; the trail is one for both. */
export const migrateCommands: readonly AnyCommand[] = [
  withEngines(migrateCreateCommand, createRun),
  migrateConventionsCommand,
  withEngines(migrateLintCommand, lintRun),
  withEngines(migrateStatusCommand, lookRun("migrate status")),
  withEngines(migrateCheckCommand, checkRun),
  withEngines(migrateCurrentCommand, lookRun("migrate current")),
  migrateHistoryCommand,
  withEngines(migrateVerifyCommand, verifyRun),
  withEngines(migrateSqlCommand, sqlRun),
  withEngines(migrateTestCommand, testRun),
  withEngines(migrateUpgradeCommand, upgradeRun),
  withEngines(migrateDowngradeCommand, downgradeRun),
  withEngines(migrateBaselineCommand, baselineRun),
  withEngines(migrateRepairCommand, repairRun),
];
