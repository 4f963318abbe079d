import { greatestAge, verifiedAge } from "../alerts/backups";
import type { Thresholds } from "../thresholds";
import { driftPanels, jobPanels, secretPanels } from "./declared";
import type { Dashboard, Panel } from "./panel";
import { failBelow, failFrom, warnFrom } from "./threshold";

const databases = 'database=~"$database"';
const none = {
  logical: "no logical backups are declared",
  physical: "no physical backups are declared",
  copies: "no copies of backups are declared",
  drill: "no backup was restored in a drill yet",
};

/** Whether what there is could be had again, and is what was declared. */
export function backupsDashboard(limits: Thresholds): Dashboard {
  return {
    uid: "pgstead-backups",
    title: "pgstead: backups and drift",
    question: "Could everything be restored now, and is the server what was declared?",
    panels: [
      ...logical,
      ...physical,
      ...copies,
      ...drills,
      ...driftPanels,
      ...secretPanels(limits),
      ...jobPanels,
    ],
  };
}

const logical: readonly Panel[] = [
  {
    title: "Age of the newest backup",
    description:
      "Of the greatest age that its schedule allows, for each database: at 100% a run was missed or has failed. `npm run ops -- backup status`.",
    unit: "percent",
    kind: "bars",
    queries: [
      {
        expression: `100 * (time() - pgstead_backup_newest_timestamp_seconds{${databases}}) / on (instance) group_left () (${greatestAge})`,
        legend: "{{database}}",
      },
    ],
    thresholds: failFrom(100),
    nothing: none.logical,
  },
  {
    title: "Size of the newest backup",
    description:
      "One that is half of what it was lacks something, unless somebody knows why: runbook BackupShrunk.",
    unit: "bytes",
    kind: "lines",
    queries: [
      { expression: `max by (database) (pgstead_backup_newest_bytes{${databases}})`, legend: "{{database}}" },
    ],
    nothing: none.logical,
  },
  {
    title: "Backups that are kept",
    description: "Number of backups of each database in the repository.",
    unit: "count",
    kind: "bars",
    queries: [
      { expression: `max by (database) (pgstead_backup_count{${databases}})`, legend: "{{database}}" },
    ],
    nothing: none.logical,
  },
  {
    title: "Since every byte was read",
    description:
      "Of the newest backup of each database. `npm run ops -- backup verify` reads it, and so does the job of that name once a week.",
    unit: "seconds",
    kind: "bars",
    queries: [
      {
        expression: `time() - max by (database) (pgstead_backup_last_verified_timestamp_seconds{${databases}})`,
        legend: "{{database}}",
      },
    ],
    thresholds: warnFrom(verifiedAge),
    nothing: none.logical,
  },
  {
    title: "Time of a backup",
    description: "How long the last run of each database took.",
    unit: "seconds",
    kind: "lines",
    queries: [
      {
        expression: `max by (database) (pgstead_backup_duration_seconds{${databases}})`,
        legend: "{{database}}",
      },
    ],
    nothing: none.logical,
  },
];

const physical: readonly Panel[] = [
  {
    title: "Repositories that can be read",
    description: "Of physical backups. Runbook RepositoryUnreadable.",
    unit: "upDown",
    kind: "table",
    queries: [
      {
        expression: "max by (repository) (pgstead_physical_repository_readable)",
        legend: "repository {{repository}}",
      },
    ],
    thresholds: failBelow(1),
    nothing: none.physical,
  },
  {
    title: "Age of the newest physical backup",
    description: "A restore begins with it, and replays the log from there. `npm run ops -- recovery`.",
    unit: "seconds",
    kind: "bars",
    queries: [
      {
        expression: "time() - max by (repository) (pgstead_physical_backup_newest_timestamp_seconds)",
        legend: "repository {{repository}}",
      },
    ],
    nothing: none.physical,
  },
  {
    title: "How far back a moment can be restored",
    description: "Age of the oldest physical backup: no moment before its end can be had.",
    unit: "seconds",
    kind: "bars",
    queries: [
      {
        expression: "time() - max by (repository) (pgstead_physical_backup_oldest_timestamp_seconds)",
        legend: "repository {{repository}}",
      },
    ],
    nothing: none.physical,
  },
  {
    title: "Size of physical backups",
    description: "What they take in each repository, without the log.",
    unit: "bytes",
    kind: "lines",
    queries: [
      {
        expression: "max by (repository) (pgstead_physical_backup_stored_bytes)",
        legend: "repository {{repository}}",
      },
    ],
    nothing: none.physical,
  },
  {
    title: "Free room for backups",
    description:
      "Where the repository is. Less than twice the newest backups is an alert: runbook BackupSpaceLow.",
    unit: "bytes",
    kind: "lines",
    queries: [{ expression: 'min(pgstead_volume_free_bytes{volume="repository"})', legend: "free" }],
  },
];

const copies: readonly Panel[] = [
  {
    title: "Age of the newest copy",
    description:
      "Of the greatest age that the schedule of backups allows, for each database and place. `npm run ops -- backup send` sends what is missing.",
    unit: "percent",
    kind: "bars",
    queries: [
      {
        expression: `100 * (time() - pgstead_backup_copy_newest_timestamp_seconds{${databases}}) / on (instance) group_left () (${greatestAge})`,
        legend: "{{database}} at {{copy}}",
      },
    ],
    thresholds: warnFrom(100),
    nothing: none.copies,
  },
  {
    title: "Copies that were sent well",
    description: "Whether the last run of each place sent all that it lacked. Runbook BackupCopyFailed.",
    unit: "upDown",
    kind: "table",
    queries: [{ expression: "1 - max by (copy) (pgstead_backup_copy_exit_code)", legend: "{{copy}}" }],
    thresholds: failBelow(1),
    nothing: none.copies,
  },
];

const drill = "{{kind}} {{database}}";

const drills: readonly Panel[] = [
  {
    title: "Drills that passed",
    description:
      "Whether the last backup that was restored on trial was what had been backed up. Runbook BackupDrillFailed.",
    unit: "upDown",
    kind: "table",
    queries: [
      {
        expression: `max by (kind, database) (pgstead_backup_drill_success{${databases}})`,
        legend: drill,
      },
    ],
    thresholds: failBelow(1),
    nothing: none.drill,
  },
  {
    title: "Time to restore",
    description: "Until the restored server could be used, at the last drill (RTO).",
    unit: "seconds",
    kind: "bars",
    queries: [
      {
        expression: `max by (kind, database) (pgstead_backup_drill_restore_seconds{${databases}})`,
        legend: drill,
      },
    ],
    nothing: none.drill,
  },
  {
    title: "What would have been lost",
    description:
      "Age of the newest moment that the last drill gave back, when it was begun (RPO); below zero: it gave back what was written meanwhile.",
    unit: "seconds",
    kind: "bars",
    queries: [
      {
        expression: `max by (kind, database) (pgstead_backup_drill_recoverable_age_seconds{${databases}})`,
        legend: drill,
      },
    ],
    nothing: none.drill,
  },
];
