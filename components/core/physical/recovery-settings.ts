import { backRestCommand, type RepositoryNumber } from "./configuration";
import { renderMoment } from "./window";

/** Settings of a recovery: once it has ended they mean nothing, and they are no declaration's. */
export const recoverySettingNames = [
  "restore_command",
  "recovery_target",
  "recovery_target_action",
  "recovery_target_inclusive",
  "recovery_target_lsn",
  "recovery_target_name",
  "recovery_target_time",
  "recovery_target_timeline",
  "recovery_target_xid",
] as const;

/** Where a recovery ends. */
export interface RecoveryEnd {
  /** Milliseconds since 1970, itself excluded; null: all of the log. */
  readonly target: number | null;
  /** Number of the line of the log; undefined: the data's own. */
  readonly timeline?: number;
  /** Number of the repository that the log comes from; default 1. One that does not answer would hold up every file. */
  readonly repository?: RepositoryNumber;
  /** True: the settings are lower than those that the log was written with, which only a server without readers takes. */
  readonly isLower: boolean;
}

/** Settings with which a server recovers to a moment, and then takes sessions that write. */
export function recoverySettings(
  configuration: string,
  { target, timeline, isLower, repository = 1 }: RecoveryEnd,
): Readonly<Record<string, string>> {
  return {
    restore_command: [
      ...backRestCommand(configuration),
      `--repo=${repository}`,
      "archive-get",
      "%f",
      '"%p"',
    ].join(" "),
    recovery_target_timeline: timeline === undefined ? "current" : String(timeline),
    ...(target === null
      ? {}
      : {
          recovery_target_time: renderMoment(target),
          recovery_target_inclusive: "off",
          recovery_target_action: "promote",
        }),
    ...(isLower ? { hot_standby: "off" } : {}),
  };
}

/**
 * postgresql.auto.conf as it is declared now, with the settings of a recovery in place of those that it had.
 *
 * @param text of the generation that is in use
 */
export function withRecovery(text: string, settings: Readonly<Record<string, string>>): string {
  const names = new Set<string>([...recoverySettingNames, ...Object.keys(settings)]);
  const kept = text
    .split("\n")
    .filter((line) => line.trim() !== "" && !names.has(/^\s*([\w.]+)/.exec(line)?.[1] ?? ""));
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  return `${[...kept, ...lines].join("\n")}\n`;
}

/** Settings that a server with readers has to have as great as the one that wrote the log, by their names in pg_control. */
const standbySettings: Readonly<Record<string, string>> = {
  "max_connections setting": "max_connections",
  "max_worker_processes setting": "max_worker_processes",
  "max_wal_senders setting": "max_wal_senders",
  "max_prepared_xacts setting": "max_prepared_transactions",
  "max_locks_per_xact setting": "max_locks_per_transaction",
};

/** Those settings from what `pg_controldata` prints. */
export function parseStandbySettings(text: string): Readonly<Record<string, number>> {
  const found = text.split("\n").flatMap((line) => {
    const [, label = "", value] = /^([^:]+):\s+(\d+)$/.exec(line) ?? [];
    const name = standbySettings[label];
    return name === undefined ? [] : [[name, Number(value)] as const];
  });
  return Object.fromEntries(found);
}

/** The greater of each. */
export function greatestSettings(
  ...all: readonly Readonly<Record<string, number>>[]
): Readonly<Record<string, number>> {
  const names = [...new Set(all.flatMap((one) => Object.keys(one)))];
  return Object.fromEntries(names.map((name) => [name, Math.max(...all.map((one) => one[name] ?? 0))]));
}

/** Whether one of them is lower than what the log was written with. */
export function isLower(
  settings: Readonly<Record<string, number>>,
  written: Readonly<Record<string, number>>,
): boolean {
  return Object.entries(written).some(([name, value]) => (settings[name] ?? value) < value);
}
