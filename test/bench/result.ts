import type { SettingsResult } from "./docker/settings";
import type { Comparison, Figures } from "./figures";
import type { MonitoringResult } from "./monitoring/measure";

/** What `--only` takes. */
export const partNames = [
  "dev",
  "access",
  "migrations",
  "audit",
  "schema",
  "backup",
  "docker",
  "monitoring",
] as const;
export type PartName = (typeof partNames)[number];

/** What a run of the benchmarks measured; `--json` is this. */
export interface BenchResult {
  readonly schemaVersion: 1;
  readonly runs: number;
  readonly machine: { readonly cores: number; readonly node: string };
  /** Resources in each state: those of a stack and of its instant twin have to be as many. */
  readonly resources: Readonly<Record<string, number>>;
  readonly figures: readonly (Figures & { readonly median: number })[];
  readonly comparisons: readonly Comparison[];
  /** Privileges in the database that the figures of privileges are about; absent where these are. */
  readonly privileges?: number;
  /** Absent where target docker was not measured. */
  readonly pgbench?: SettingsResult;
  /** Absent where the load of monitoring was not measured. */
  readonly monitoring?: MonitoringResult;
  /** Parts that were asked for and could not be measured. */
  readonly leftOut: readonly { readonly part: PartName; readonly reason: string }[];
}
