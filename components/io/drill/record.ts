import type { DrillKind } from "../../core/drill/plan";
import type { DrillResult, DrillStep } from "../../core/drill/result";
import type { Progress } from "../progress";

/** Keeps what a drill does and finds, step by step. */
export interface DrillRecord {
  readonly faults: string[];
  readonly notes: string[];
  /** Does a part of the drill, and keeps how long it took. */
  step<Value>(name: string, work: () => Promise<Value>): Promise<Value>;
  /** What comes now is the restore. */
  beginRestore(): void;
  /** The server can be used. */
  restored(recoverableAt: string): void;
  /** What tables were checked with. */
  structure: DrillResult["structure"];
  /** Assertions that were asked. */
  assertions: number;
  /** Of the server that it was restored to. */
  serverVersion: string;
  result(): DrillResult;
}

export interface DrillSubject {
  readonly kind: DrillKind;
  readonly backup: string;
  readonly database?: string;
  readonly copy?: string | undefined;
}

/** @param now milliseconds since 1970 */
export function recordDrill(
  { copy, ...own }: DrillSubject,
  progress: Progress,
  now: () => number,
): DrillRecord {
  const startedAt = now();
  const subject = { ...own, ...(copy === undefined ? {} : { copy }) };
  const steps: DrillStep[] = [];
  let restore: { readonly seconds: number; readonly recoverableAt: string } | undefined;
  let restoreBegan: number | undefined;
  const record: DrillRecord = {
    faults: [],
    notes: [],
    structure: null,
    assertions: 0,
    serverVersion: "",
    async step(name, work) {
      const since = now();
      try {
        return await progress(`drill of ${own.backup}: ${name}`, work());
      } finally {
        steps.push({ name, seconds: (now() - since) / 1_000 });
      }
    },
    beginRestore() {
      restoreBegan = now();
    },
    restored(recoverableAt) {
      restore = { seconds: (now() - (restoreBegan ?? startedAt)) / 1_000, recoverableAt };
    },
    result: () => ({
      ...subject,
      ...timesOf(startedAt, now(), restore),
      faults: record.faults,
      notes: record.notes,
      steps,
      serverVersion: record.serverVersion,
      structure: record.structure,
      assertions: record.assertions,
    }),
  };
  return record;
}

type Times = Pick<
  DrillResult,
  "startedAt" | "endedAt" | "restoreSeconds" | "recoverableAt" | "recoverableAgeSeconds"
>;

function timesOf(
  startedAt: number,
  endedAt: number,
  restore: { readonly seconds: number; readonly recoverableAt: string } | undefined,
): Times {
  const recoverableAt = restore?.recoverableAt ?? null;
  return {
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(endedAt).toISOString(),
    restoreSeconds: restore?.seconds ?? null,
    recoverableAt,
    recoverableAgeSeconds: recoverableAt === null ? null : (startedAt - Date.parse(recoverableAt)) / 1_000,
  };
}
