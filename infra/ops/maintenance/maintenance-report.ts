import type { MaintenancePlan } from "../../../components/core/operations/maintenance";
import type { MaintenanceAction } from "../../../components/core/operations/maintenance-facts";

export interface MaintenanceArgs {
  readonly operands: readonly string[];
  readonly database?: string;
  readonly full?: boolean;
  readonly freeze?: boolean;
  readonly locking?: boolean;
  readonly confirm?: string;
  /** In milliseconds. */
  readonly lockTimeout?: number;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

export interface MaintenanceData {
  readonly database: string;
  readonly action: MaintenanceAction;
  readonly dryRun: boolean;
  /** False: somebody was asked and said no, or nobody was asked. */
  readonly confirmed: boolean;
  readonly steps: readonly MaintainedStep[];
  /** What is left out, and why. */
  readonly skipped: MaintenancePlan["skipped"];
  readonly remarks: readonly string[];
}

export interface MaintainedStep {
  readonly subject: string;
  readonly statement: string;
  readonly lock: string;
  /** Of what it touches; null: of no single table, as `VACUUM (FREEZE)` of the system catalogs. */
  readonly sizeBytes: number | null;
  /** Room that it needs beside that, at most. */
  readonly needsBytes: number;
  /** Role that it runs as; null: the administrator. */
  readonly runAs: string | null;
  readonly lockTimeoutMs: number;
  /** `left`: another one was ended, and this one was not begun. */
  readonly outcome: "planned" | "done" | "failed" | "left";
  readonly durationMs: number | null;
  /** Null: it was not begun, is gone, or has no size. */
  readonly sizeAfterBytes: number | null;
}
