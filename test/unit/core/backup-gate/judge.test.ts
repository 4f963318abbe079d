import { describe, expect, test } from "vitest";
import type { GateBackup, GateDrill, GateFacts } from "../../../../components/core/backup-gate/facts";
import { judgeBackups, type BackupGate } from "../../../../components/core/backup-gate/judge";
import { gatePlan, refuseLoss, toVerdict } from "../../../../components/core/backup-gate/plan";

const now = Date.parse("2026-11-21T12:00:00Z");
const hoursAgo = (hours: number): string => new Date(now - hours * 3_600_000).toISOString();
const gate: BackupGate = { maxAge: 86_400, drillMaxAge: 8 * 86_400, backupFirst: false };

const backup = (change: Partial<GateBackup> = {}): GateBackup => ({
  kind: "logical",
  name: "shop_full_1",
  takenAt: hoursAgo(3),
  checkedAt: hoursAgo(2),
  faults: [],
  systemIdentifier: "7",
  ...change,
});
const drill = (change: Partial<GateDrill> = {}): GateDrill => ({
  kind: "logical",
  backup: "shop_full_0",
  at: hoursAgo(48),
  faults: [],
  ...change,
});
const facts = (backups: readonly GateBackup[], drills: readonly GateDrill[] = [drill()]): GateFacts => ({
  backups,
  drills,
});
const question = { database: "shop", systemIdentifier: "7", now };
const because = (known: GateFacts, asked = gate): string => {
  const answer = judgeBackups(asked, known, question);
  return answer.counts ? "counts" : answer.message;
};

describe("a backup counts before a loss", () => {
  test("where it is new, its checksums were good, and its kind was restored", () => {
    expect(judgeBackups(gate, facts([backup()]), question)).toEqual({
      counts: true,
      backup: backup(),
      drill: drill(),
    });
    expect(toVerdict(gate, facts([backup()]), question)).toEqual({
      kind: "counts",
      told: "shop_full_1 of 2026-11-21 09:00 UTC, with good checksums; its kind was restored at 2026-11-19 12:00 UTC",
    });
  });

  test("and in no other case", () => {
    expect(because(facts([]))).toBe("there is no backup of shop");
    expect(because(facts([backup({ takenAt: hoursAgo(25) })]))).toBe(
      "the newest good backup of shop, shop_full_1, is of 2026-11-20 11:00 UTC: 1 d old is the most",
    );
    expect(because(facts([backup({ faults: ["dump/1.dat is missing"] })]))).toBe(
      "shop_full_1 is damaged: dump/1.dat is missing",
    );
    expect(because(facts([backup({ checkedAt: null })]))).toBe(
      "nobody has looked at the checksums of shop_full_1",
    );
    expect(because(facts([backup({ systemIdentifier: "8" })]))).toBe(
      "there is no backup of shop: those that are there, such as shop_full_1, are of another server",
    );
    expect(because(facts([backup()], []))).toBe("no logical backup was ever restored to see that it can be");
    expect(because(facts([backup()], [drill({ at: hoursAgo(9 * 24) })]))).toBe(
      "a logical backup was last restored at 2026-11-12 12:00 UTC: 8 d ago is the most",
    );
    expect(because(facts([backup()], [drill({ faults: ["app.orders has 1 row"] })]))).toBe(
      "the last drill of logical backups, of shop_full_0, failed: app.orders has 1 row",
    );
    expect(because({ backups: [backup()], drills: [drill()], unread: "EACCES" })).toBe(
      "whether a backup of shop counts cannot be told: EACCES",
    );
  });

  test("without drills where none are asked for, unless one failed", () => {
    const { drillMaxAge: _, ...undrilled } = gate;
    expect(because(facts([backup()], []), undrilled)).toBe("counts");
    expect(because(facts([backup()], [drill({ at: hoursAgo(9 * 24) })]), undrilled)).toBe("counts");
    expect(because(facts([backup()], [drill({ faults: ["no"] })]), undrilled)).toContain("failed: no");
  });

  test("of whichever kind it is, by the drills of that kind", () => {
    const physical = backup({ kind: "physical", name: "20261121-010000F" });
    expect(because(facts([physical, backup()], [drill()]))).toBe("counts");
    expect(because(facts([physical], [drill()]))).toContain("no physical backup was ever restored");
  });

  test("an older one that is good, where the newest is damaged", () => {
    const older = backup({ name: "shop_full_0", takenAt: hoursAgo(20) });
    const answer = judgeBackups(gate, facts([backup({ faults: ["no"] }), older]), question);
    expect(answer).toMatchObject({ counts: true, backup: { name: "shop_full_0" } });
  });
});

describe("a plan that loses data", () => {
  const loss = {
    database: "shop",
    subject: "schema shop.old",
    message: "it left the configuration with 1 table",
    entry: "schema shop.old without backup",
  };
  const plan = { statements: [], refusals: [], losses: [loss] };

  test("is refused with what is missing and every way out", () => {
    const missing = toVerdict(gate, facts([]), question);
    expect(gatePlan(plan, new Map([["shop", missing]])).refusals).toEqual([
      {
        subject: "schema shop.old",
        message: "it left the configuration with 1 table; there is no backup of shop",
        hint:
          "take one: `npm run ops -- backup`; or have it taken first: pgstead:backup.backupFirst: true; " +
          'or lose it without one: pgstead:allowDataLoss: ["schema shop.old without backup"] in place of its entry',
      },
    ]);
  });

  test("waits for the backup that is taken first, which needs drills that passed", () => {
    const first = { ...gate, backupFirst: true };
    const planned = gatePlan(plan, new Map([["shop", toVerdict(first, facts([]), question)]]));
    expect(planned).toMatchObject({
      refusals: [],
      notes: ["a backup of shop is taken and verified before anything is lost; where that fails, nothing is"],
    });
    const undrilled = toVerdict(first, facts([], []), question);
    const [refused] = refuseLoss(loss, undrilled);
    expect(refused?.message).toContain("no logical backup was ever restored");
    expect(refused?.hint).not.toContain("backupFirst");
  });
});
