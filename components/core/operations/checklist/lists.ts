import type { ChecklistItem, ChecklistName } from "./item";
import * as look from "./looks";
import * as person from "./people";

/** The lists in their order: what a program looks at, then what is left to people. */
export const checklists: Readonly<Record<ChecklistName, readonly ChecklistItem[]>> = {
  daily: [look.health, look.space, look.backups, look.errors, person.readErrors, person.alertsArrive],
  weekly: [
    look.slowQueries,
    look.slowerQueries,
    look.bloat,
    look.restoreTest,
    look.drift,
    person.useRestored,
  ],
  monthly: [
    look.growth,
    look.indexes,
    look.statistics,
    look.oldBackups,
    look.passwords,
    look.security,
    person.readReleases,
    person.whoHasAccess,
    person.oldRows,
    person.keyOfCopies,
  ],
  release: [
    look.health,
    look.migrations,
    look.lint,
    look.drift,
    look.backupGate,
    look.plan,
    person.readMigrations,
    person.tellUsers,
    person.wayBack,
    person.drillSeen,
  ],
};
