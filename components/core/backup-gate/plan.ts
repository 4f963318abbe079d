import type { Loss, Plan, Refusal } from "../statement";
import { withoutBackup } from "../allowed-loss";
import type { GateFacts } from "./facts";
import { judgeBackups, judgeComing, renderCounting, type BackupGate, type GateQuestion } from "./judge";

/** What the backups of a database mean for what a plan loses of it. */
export type GateVerdict =
  | { readonly kind: "counts"; readonly told: string }
  /** One is taken before anything is lost. */
  | { readonly kind: "first" }
  | {
      readonly kind: "missing";
      readonly message: string;
      readonly hint: string;
      readonly mayBeFirst: boolean;
    };

/** The plan with what its losses have to wait for, and what people should know of the backups before it. */
export function gatePlan(plan: Plan, verdicts: ReadonlyMap<string, GateVerdict>): Plan {
  const { losses = [], refusals, notes = [] } = plan;
  const told = [...verdicts].flatMap(([database, verdict]) => noteOf(database, verdict));
  return {
    ...plan,
    refusals: [...refusals, ...losses.flatMap((loss) => refuseLoss(loss, verdicts.get(loss.database)))],
    ...(notes.length + told.length === 0 ? {} : { notes: [...notes, ...told] }),
  };
}

/**
 * What keeps a loss from happening; none where a backup has what it takes.
 *
 * @param alone how it happens without a backup; default: its entry of the configuration
 */
export function refuseLoss(
  { subject, message, entry }: Loss,
  verdict: GateVerdict | undefined,
  alone = `pgstead:allowDataLoss: ["${entry}"]${entry.endsWith(withoutBackup) ? " in place of its entry" : ""}`,
): Refusal[] {
  if (verdict?.kind !== "missing") return [];
  const ways = [
    verdict.hint,
    ...(verdict.mayBeFirst ? ["have it taken first: pgstead:backup.backupFirst: true"] : []),
    `lose it without one: ${alone}`,
  ];
  return [{ subject, message: `${message}; ${verdict.message}`, hint: ways.join("; or ") }];
}

/** What the backups of a database mean, judged by what is known of them. */
export function toVerdict(gate: BackupGate, facts: GateFacts, question: GateQuestion): GateVerdict {
  if (gate.backupFirst) {
    const fault = judgeComing(gate, facts, question);
    return fault === undefined ? { kind: "first" } : { kind: "missing", ...fault, mayBeFirst: false };
  }
  const answer = judgeBackups(gate, facts, question);
  if (answer.counts) return { kind: "counts", told: renderCounting(answer) };
  const mayBeFirst = judgeComing(gate, facts, question) === undefined;
  return { kind: "missing", message: answer.message, hint: answer.hint, mayBeFirst };
}

function noteOf(database: string, verdict: GateVerdict): string[] {
  if (verdict.kind === "counts") return [`what is lost of ${database} is in a backup: ${verdict.told}`];
  if (verdict.kind === "missing") return [];
  return [
    `a backup of ${database} is taken and verified before anything is lost; where that fails, nothing is`,
  ];
}
