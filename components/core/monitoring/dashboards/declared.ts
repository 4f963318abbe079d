import type { Thresholds } from "../thresholds";
import type { Panel } from "./panel";
import { failFrom, warnFrom } from "./threshold";

const databases = 'database=~"$database"';
const notLooked = "the ops container has not looked yet: it does every ten minutes";

/** What the server is, compared with what was declared. */
export const driftPanels: readonly Panel[] = [
  {
    title: "Differences",
    description:
      "Between the server and the stack's file, at the last comparison. `npm run ops -- drift` lists them, with the statements that mend them.",
    unit: "count",
    kind: "lines",
    queries: [
      { expression: "max(pgstead_drift_objects)", legend: "differences" },
      { expression: "max(pgstead_drift_unseen_objects)", legend: "could not be compared" },
    ],
    thresholds: warnFrom(1),
    check: "drift",
    nothing: notLooked,
  },
  {
    title: "Since the last comparison",
    description:
      "The ops container compares every ten minutes. After a day it is an alert: runbook DriftUnchecked.",
    unit: "seconds",
    kind: "number",
    queries: [{ expression: "time() - max(pgstead_drift_last_check_timestamp_seconds)", legend: "ago" }],
    nothing: notLooked,
  },
  {
    title: "Settings that wait for a restart",
    description:
      "Their new values count after the next one. `npm run ops -- settings` lists them; `pgstead:server.restart: allow` lets `up` make it.",
    unit: "count",
    kind: "number",
    queries: [{ expression: "max(pgstead_settings_pending_restart)", legend: "settings" }],
    thresholds: warnFrom(1),
    check: "pending_restart",
  },
  {
    title: "Migrations",
    description: "Migrations that each database has. `npm run ops -- migrate status` says which are to come.",
    unit: "count",
    kind: "bars",
    queries: [
      {
        expression: `max by (database) (pgstead_migrations_applied{${databases}})`,
        legend: "{{database}}",
      },
    ],
    nothing: "no database has migrations",
  },
  {
    title: "Migrations that failed",
    description: "1: one stopped half-way, or failed when it was last tried. Runbook MigrationFailed.",
    unit: "count",
    kind: "table",
    queries: [
      {
        expression: `max by (database) (pgstead_migrations_failed{${databases}})`,
        legend: "{{database}}",
      },
    ],
    thresholds: failFrom(1),
    nothing: "no database has migrations",
  },
  {
    title: "Months that the trail has room for",
    description:
      "Partitions of months to come. Without one its rows go to the default partition: runbook AuditMonthsFew.",
    unit: "count",
    kind: "table",
    queries: [
      {
        expression: `min by (database) (pgstead_audit_months_ahead{${databases}})`,
        legend: "{{database}}",
      },
    ],
    thresholds: { warning: 1, critical: Number.NEGATIVE_INFINITY, below: true },
    nothing: "no trail is declared",
  },
];

/** What has an age or an end. */
export function secretPanels(limits: Thresholds): readonly Panel[] {
  return [
    {
      title: "Age of passwords",
      description: "`npm run ops -- rotate <role>` makes a new one.",
      unit: "seconds",
      kind: "bars",
      queries: [{ expression: "max by (role) (pgstead_credential_age_seconds)", legend: "{{role}}" }],
      thresholds: warnFrom(limits.credential),
    },
    {
      title: "Certificates are valid for",
      description:
        "`up` and the ops container renew the server's; clients need the next authority before this one ends. Runbook CertificateEnding.",
      unit: "seconds",
      kind: "bars",
      queries: [
        {
          expression: "min by (certificate) (pgstead_certificate_expiry_timestamp_seconds) - time()",
          legend: "{{certificate}}",
        },
      ],
      thresholds: { warning: limits.certificate, critical: 2 * 86_400, below: true },
    },
  ];
}

/** What the ops container does. */
export const jobPanels: readonly Panel[] = [
  {
    title: "Jobs that failed",
    description:
      "Jobs of the ops container whose last run failed (1). Their log says why: `docker logs` of that container.",
    unit: "count",
    kind: "table",
    queries: [{ expression: "max by (job_name) (pgstead_job_exit_code)", legend: "{{job_name}}" }],
    thresholds: warnFrom(1),
  },
  {
    title: "Jobs: since they last succeeded",
    description: "Of each job of the ops container that ever did.",
    unit: "seconds",
    kind: "table",
    queries: [
      {
        expression: "time() - max by (job_name) (pgstead_job_last_success_timestamp_seconds)",
        legend: "{{job_name}}",
      },
    ],
  },
];
