import { renderDuration } from "../duration";
import type { GateBackup, GateDrill, GateFacts } from "./facts";

/** What a backup has to be before data may be lost: one that counts. */
export interface BackupGate {
  /** The greatest age of a backup, in seconds. */
  readonly maxAge: number;
  /** The greatest time since a backup of its kind was restored, in seconds; absent: drills are not asked for. */
  readonly drillMaxAge?: number;
  /** True: the backup is taken before the first statement that loses data, rather than looked for. */
  readonly backupFirst: boolean;
}

/** What the backups of a database are judged for. */
export interface GateQuestion {
  readonly database: string;
  /** Of the server; absent: it is not known, and every backup is taken for its own. */
  readonly systemIdentifier?: string | undefined;
  /** In milliseconds. */
  readonly now: number;
}

export type GateAnswer =
  | { readonly counts: true; readonly backup: GateBackup; readonly drill?: GateDrill }
  /** Why none counts, and how one comes to. */
  | { readonly counts: false; readonly message: string; readonly hint: string };

const take = "take one: `npm run ops -- backup`";
const drillIt = "restore one: `npm run ops -- backup drill`";

/**
 * Whether data of a database may be lost, as a backup has it: one that is new enough, whose checksums were good at the
 * last look, and of a kind whose last drill passed not too long ago. A drill that failed counts wherever there was one.
 */
export function judgeBackups(gate: BackupGate, facts: GateFacts, question: GateQuestion): GateAnswer {
  const { database, systemIdentifier, now } = question;
  if (facts.unread !== undefined) {
    const message = `whether a backup of ${database} counts cannot be told: ${facts.unread}`;
    return { counts: false, message, hint: "mend that: `npm run ops -- backup status` says the same" };
  }
  const own = facts.backups.filter((backup) => isOf(backup, systemIdentifier));
  const sound = own.filter(({ checkedAt, faults }) => checkedAt !== null && faults.length === 0);
  const fresh = sound.filter(({ takenAt }) => ageOf(takenAt, now) <= gate.maxAge);
  if (fresh.length === 0) return none(gate, { ...facts, own, sound }, question);
  const judged = fresh.map((backup) => {
    const drill = facts.drills.find(({ kind }) => kind === backup.kind);
    return { backup, drill, fault: drillFault(gate, backup, drill, now) };
  });
  const good = judged.find(({ fault }) => fault === undefined);
  if (good !== undefined) {
    const { backup, drill } = good;
    return { counts: true, backup, ...(drill === undefined ? {} : { drill }) };
  }
  return { counts: false, message: judged.map(({ fault }) => fault)[0] ?? "", hint: drillIt };
}

/**
 * Whether a logical backup that is about to be taken will count: its kind has to come back whole.
 *
 * @returns undefined: it will
 */
export function judgeComing(
  gate: BackupGate,
  facts: GateFacts,
  { now }: Pick<GateQuestion, "now">,
): Extract<GateAnswer, { counts: false }> | undefined {
  const drill = facts.drills.find(({ kind }) => kind === "logical");
  const fault = drillFault(gate, { kind: "logical" }, drill, now);
  return fault === undefined ? undefined : { counts: false, message: fault, hint: drillIt };
}

/** One line on what counts: `shop_full_20261121_020000 of 2026-11-21 02:00 UTC, with good checksums`. */
export function renderCounting({ backup, drill }: Extract<GateAnswer, { counts: true }>): string {
  const drilled = drill === undefined ? "" : `; its kind was restored at ${renderMinute(drill.at)}`;
  return `${backup.name} of ${renderMinute(backup.takenAt)}, with good checksums${drilled}`;
}

/** Two previews of one change are the same text: they name moments, and no ages. */
function renderMinute(moment: string): string {
  return `${new Date(moment).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

function isOf(backup: GateBackup, systemIdentifier: string | undefined): boolean {
  if (systemIdentifier === undefined || systemIdentifier === "" || backup.systemIdentifier === null)
    return true;
  return backup.systemIdentifier === systemIdentifier;
}

/** Seconds. */
function ageOf(moment: string, now: number): number {
  return (now - Date.parse(moment)) / 1_000;
}

interface Known extends GateFacts {
  readonly own: readonly GateBackup[];
  readonly sound: readonly GateBackup[];
}

function none(gate: BackupGate, { backups, own, sound }: Known, { database }: GateQuestion): GateAnswer {
  const because = (message: string, hint = take): GateAnswer => ({ counts: false, message, hint });
  const [newest] = own;
  if (newest === undefined) {
    const others =
      backups.length === 0
        ? ""
        : `: those that are there, such as ${backups[0]?.name ?? ""}, are of another server`;
    return because(`there is no backup of ${database}${others}`);
  }
  const [good] = sound;
  if (good !== undefined) {
    const message = `the newest good backup of ${database}, ${good.name}, is of ${renderMinute(good.takenAt)}: ${renderDuration(gate.maxAge)} old is the most`;
    return because(message);
  }
  if (newest.faults.length > 0) return because(`${newest.name} is damaged: ${newest.faults[0] ?? ""}`);
  return because(
    `nobody has looked at the checksums of ${newest.name}`,
    "look: `npm run ops -- backup verify`",
  );
}

/** Why a kind does not count. */
function drillFault(
  { drillMaxAge }: BackupGate,
  { kind }: Pick<GateBackup, "kind">,
  drill: GateDrill | undefined,
  now: number,
): string | undefined {
  if (drill === undefined)
    return drillMaxAge === undefined
      ? undefined
      : `no ${kind} backup was ever restored to see that it can be`;
  if (drill.faults.length > 0)
    return `the last drill of ${kind} backups, of ${drill.backup}, failed: ${drill.faults[0] ?? ""}`;
  const age = ageOf(drill.at, now);
  if (drillMaxAge === undefined || age <= drillMaxAge) return undefined;
  return `a ${kind} backup was last restored at ${renderMinute(drill.at)}: ${renderDuration(drillMaxAge)} ago is the most`;
}
