import type { Finding } from "../../finding";

/** The lists, by how often they are gone through; the last one before a release. */
export const checklistNames = ["daily", "weekly", "monthly", "release"] as const;

export type ChecklistName = (typeof checklistNames)[number];

/** What is looked at by a command, or by several calls of it. */
export const lookNames = [
  "health",
  "space",
  "backups",
  "errors",
  "slow-queries",
  "slower-queries",
  "bloat",
  "restore-test",
  "drift",
  "growth",
  "indexes",
  "statistics",
  "old-backups",
  "passwords",
  "security",
  "migrations",
  "lint",
  "backup-gate",
  "plan",
] as const;

export type LookName = (typeof lookNames)[number];

/** What a list has to know of a stack; nothing of its server. */
export interface ChecklistStack {
  /** Pulumi's name of it. */
  readonly stack: string;
  readonly target: "embedded" | "docker" | "existing" | "ha";
  readonly disposable: boolean;
  readonly backups: {
    readonly logical: boolean;
    readonly physical: boolean;
    /** They go elsewhere as well, and are encrypted there. */
    readonly encryptedCopies: boolean;
  };
  /** `pgstead:monitoring.samples`. */
  readonly samples: boolean;
  /** A database declares pg_stat_statements. */
  readonly statements: boolean;
  /** It has Prometheus and Alertmanager of its own. */
  readonly alerts: boolean;
}

/** What is to be done about an item on a stack. */
export type ChecklistTask =
  | { readonly kind: "look"; readonly look: LookName }
  /** Only somebody can do it: the text says what. */
  | { readonly kind: "person"; readonly text: string }
  /** The configuration alone shows it. */
  | { readonly kind: "found"; readonly finding: Finding }
  /** The stack has nothing to look at: why, and what would give it. */
  | { readonly kind: "not-declared"; readonly reason: string };

/** One line of a list. */
export interface ChecklistItem {
  /** Fixed: scripts may name it. */
  readonly id: string;
  /** What is to be so. */
  readonly title: string;
  readonly taskOn: (stack: ChecklistStack) => ChecklistTask;
}

/** How an item of a list ended. */
export type ItemStatus = "passed" | "found" | "unseen" | "not-declared" | "person";

export interface ItemResult {
  readonly id: string;
  readonly title: string;
  /** `unseen`: it could not be looked at. `person`: it is left to one. */
  readonly status: ItemStatus;
  /** What was seen, why nothing was, or what somebody has to do. */
  readonly message: string;
  readonly findings: readonly Finding[];
  /** The command line that shows more; null: there is none. */
  readonly command: string | null;
  /** Null: nothing was looked at. */
  readonly seconds: number | null;
}

/** What a look at something gave. */
export interface Looked {
  readonly findings: readonly Finding[];
  /** What was seen, in a line. */
  readonly told: string;
  /** What of it could not be seen, and why. */
  readonly unseen?: readonly string[];
}

/** What is not seen is no pass; what is found is told first. */
export function statusOfLook({ findings, unseen = [] }: Looked): ItemStatus {
  if (findings.length > 0) return "found";
  return unseen.length > 0 ? "unseen" : "passed";
}
