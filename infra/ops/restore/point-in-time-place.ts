import type { ConnectionTarget } from "../../../components/core/connection";
import type { Finding } from "../../../components/core/finding";
import type { RestoreDifference } from "../../../components/core/physical/restored-content";
import type { WorkPlace } from "../../../components/io/physical/work-container";
import type { Progress } from "../../../components/io/progress";

/** The server that is restored, and how it is reached. */
export interface MomentPlace {
  readonly stack: string;
  readonly work: WorkPlace;
  /** Whether there is a second repository. */
  readonly hasSecond: boolean;
  readonly administrator: ConnectionTarget;
  readonly databases: readonly {
    readonly name: string;
    /** Role that owns its trail; absent: it has none. */
    readonly trailOwner?: string;
  }[];
}

/** How a restore talks to whoever started it. */
export interface MomentTalk {
  /** Ended before the server is touched, nothing is left. */
  readonly signal: AbortSignal;
  readonly say: (text: string) => Promise<void>;
  readonly progress: Progress;
}

/** What a restore found and did; its JSON. */
export interface MomentData {
  readonly action: "restore" | "undo" | "discard" | "generations" | "drop-old";
  /** Moments in ISO 8601; null: nothing is known of one. */
  readonly target: string | null;
  readonly window: { readonly oldest: string; readonly newest: string } | null;
  /** Name of the backup that it was made from. */
  readonly backup: string | null;
  /** Number of the generation that was made, or taken again. */
  readonly generation: number | null;
  /** From the first file on until the restored server answered; null: nothing was restored. */
  readonly restoreSeconds: number | null;
  readonly newestCommit: string | null;
  /** What is restored against what is live; null: the live server does not answer, or nothing was restored. */
  readonly difference: RestoreDifference | null;
  /** Whether the generation is the one in use now. */
  readonly inUse: boolean;
  /** Container that holds what was restored for somebody to look into; null: it is gone. */
  readonly kept: string | null;
  /** Whether a full backup was taken on the new line of the log. */
  readonly fullBackup: boolean;
  /** What was left of earlier runs, and done with it. */
  readonly settled: readonly string[];
  readonly generations: readonly ShownGeneration[];
}

export interface ShownGeneration {
  readonly number: number;
  readonly bytes: number;
  readonly current: boolean;
  /** The moment that it was restored to, or what it was; null: the server's first. */
  readonly restoredTo: string | null;
}

export interface MomentResult {
  readonly data: MomentData;
  readonly findings: readonly Finding[];
}

export const nothingDone: Omit<MomentData, "action" | "settled"> = {
  target: null,
  window: null,
  backup: null,
  generation: null,
  restoreSeconds: null,
  newestCommit: null,
  difference: null,
  inUse: false,
  kept: null,
  fullBackup: false,
  generations: [],
};

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
