import { renderDuration } from "../duration";
import { renderSize } from "../size";
import { counted } from "../counted";
import { above, check, firstOf, type HealthCheck, type HealthThresholds } from "./health-check";
import type { HealthFacts, RecoveryFacts, SlotFacts, StandbyFacts } from "./health-facts";

/** What becomes of the write-ahead log: archived, replayed, kept. */
export function judgeReplication(facts: HealthFacts, thresholds: HealthThresholds): HealthCheck[] {
  return [
    judgeSlots(facts.slots, thresholds),
    facts.recovery === null
      ? judgeStandbys(facts.standbys, thresholds)
      : judgeRecovery(facts.recovery, thresholds),
    judgeArchiver(facts),
  ];
}

/** PostgreSQL 17 tells since when: a standby that restarts is none to report. */
function isLeft({ active, inactiveSeconds }: SlotFacts, bound: number): boolean {
  return !active && (inactiveSeconds ?? Infinity) >= bound;
}

function judgeSlots(slots: readonly SlotFacts[], thresholds: HealthThresholds): HealthCheck {
  const { slotBytes, replicationLag } = thresholds;
  const value = Math.max(0, ...slots.map(({ heldBytes }) => heldBytes ?? 0));
  const bad = slots.flatMap((slot) => describeSlot(slot, slotBytes, replicationLag));
  const isLost = slots.some(({ status }) => status === "lost" || status === "unreserved");
  return check("replication_slots", {
    status: isLost ? "critical" : bad.length > 0 ? "warning" : "ok",
    value,
    unit: "B",
    warning: slotBytes,
    message:
      bad.length === 0
        ? `${counted(slots.length, "slot")}, the most that one keeps is ${renderSize(value)}`
        : firstOf(bad),
    hint: "start what reads it, or drop it: SELECT pg_drop_replication_slot('…'); max_slot_wal_keep_size bounds what it keeps",
  });
}

function describeSlot(slot: SlotFacts, slotBytes: number, bound: number): string[] {
  const { name, status, heldBytes } = slot;
  const kept = heldBytes === null ? "" : ` and keeps ${renderSize(heldBytes)} of the log`;
  if (status === "lost") return [`slot ${name} is lost: the log that it needs is gone`];
  if (status === "unreserved") return [`slot ${name} loses its log at the next checkpoint`];
  if (isLeft(slot, bound)) return [`slot ${name} is not active${kept}`];
  return (heldBytes ?? 0) >= slotBytes ? [`slot ${name}${kept.replace(" and", "")}`] : [];
}

function judgeStandbys(standbys: readonly StandbyFacts[], thresholds: HealthThresholds): HealthCheck {
  const { replicationLag: warning } = thresholds;
  const [worst] = standbys.toSorted((a, b) => (b.lagSeconds ?? 0) - (a.lagSeconds ?? 0));
  const value = Math.round(worst?.lagSeconds ?? 0);
  return check("replication", {
    status: above(value, warning),
    value,
    unit: "s",
    warning,
    message:
      worst === undefined
        ? "nothing streams from this server"
        : `${counted(standbys.length, "receiver")}; the furthest behind is ${worst.name} (${worst.state}), ${renderDuration(value)}`,
    hint: "look at its disk and network, and at long queries there, which hold the replay back",
  });
}

/** A standby that follows is well; one that replays an archive has no one to follow, and is as new as that. */
function judgeRecovery(recovery: RecoveryFacts, { replicationLag: warning }: HealthThresholds): HealthCheck {
  const { paused, follows, streams, lagSeconds } = recovery;
  const value = lagSeconds === null ? null : Math.round(lagSeconds);
  const figures = { value, unit: "s", warning } as const;
  if (paused) {
    const hint = "SELECT pg_wal_replay_resume(); it is paused by hand, or at a recovery target";
    return check("replication", { status: "warning", ...figures, message: "the replay is paused", hint });
  }
  if (follows && !streams) {
    const message = "in recovery, and nothing streams to it although it has primary_conninfo";
    const hint = "does its primary answer, and does its login still work? The server's log says why";
    return check("replication", { status: "warning", ...figures, message, hint });
  }
  const behind = value === null ? "" : `, ${renderDuration(value)} behind`;
  return check("replication", {
    status: streams ? above(value ?? 0, warning) : "ok",
    ...figures,
    message: `in recovery: ${streams ? "a standby that streams" : "it replays an archive"}${behind}`,
    hint: "look at its disk and network, and at long queries here, which hold the replay back",
  });
}

function judgeArchiver({ archiver, recovery }: HealthFacts): HealthCheck {
  const { mode, hasCommand, failure } = archiver;
  const works = mode === "always" || (mode === "on" && recovery === null);
  if (!works) {
    const message = mode === "on" ? "waits for the end of the recovery" : "archive_mode is off";
    return check("archiver", { status: "ok", value: 0, message });
  }
  const stays = "the log stays on the data volume until that is full, and no later moment can be restored";
  if (hasCommand === false) {
    const message = `archive_mode is ${mode} and there is no archive_command`;
    return check("archiver", {
      status: "critical",
      value: 1,
      critical: 1,
      message,
      hint: `${stays}: set one`,
    });
  }
  return check("archiver", {
    status: failure === null ? "ok" : "critical",
    value: failure === null ? 0 : 1,
    critical: 1,
    message: failure === null ? "the last file of the log was archived" : `archiving fails: ${failure}`,
    hint: `${stays}: the server's log says why`,
  });
}
