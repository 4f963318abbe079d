import { defaultThresholds, type Thresholds } from "../thresholds";
import { availabilityAlerts } from "./availability";
import { backupAlerts } from "./backups";
import { capacityAlerts } from "./capacity";
import { changeAlerts } from "./changes";
import { copyAlerts } from "./copies";
import { jobAlerts } from "./jobs";
import { monitoringAlerts } from "./monitoring";
import type { AlertGroup, AlertRule, Severity } from "./rule";
import { sessionAlerts } from "./sessions";
import { tableAlerts } from "./tables";
import { walAlerts } from "./wal";

/** Every alert there is, a group a file. */
export const alertGroups: readonly AlertGroup[] = [
  availabilityAlerts,
  sessionAlerts,
  tableAlerts,
  walAlerts,
  backupAlerts,
  copyAlerts,
  changeAlerts,
  capacityAlerts,
  jobAlerts,
  monitoringAlerts,
];

/** All rules for these limits, in their order. */
export function alertRules(thresholds: Thresholds = defaultThresholds): readonly AlertRule[] {
  return alertGroups.flatMap(({ rules }) => rules(thresholds));
}

/** The names of all alerts: what a configuration may change. */
export const alertNames: readonly string[] = alertRules().map(({ alert }) => alert);

/** What a stack changes of an alert. */
export interface AlertChange {
  /** Why it is off; absent: it is on. */
  readonly off?: string;
  /** As Prometheus writes a time. */
  readonly for?: string;
  readonly severity?: Severity;
}

/** The groups with a stack's limits and changes; a group of which nothing is left is none. */
export function resolveAlerts(
  thresholds: Thresholds,
  changes: Readonly<Record<string, AlertChange>>,
): readonly { readonly name: string; readonly rules: readonly AlertRule[] }[] {
  return alertGroups.flatMap(({ name, rules }) => {
    const resolved = rules(thresholds).flatMap((rule) => {
      const { off, ...change } = changes[rule.alert] ?? {};
      return off === undefined ? [{ ...rule, ...change }] : [];
    });
    return resolved.length === 0 ? [] : [{ name, rules: resolved }];
  });
}
