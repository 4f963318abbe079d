import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planRetention, type KeptBackup } from "../../../../components/core/backup/retention";

const day = 86_400_000;
const now = Date.parse("2026-11-21T03:00:00Z");
const keep = { days: 3, weekly: 2, monthly: 2 };

function daily(count: number, verified: KeptBackup["verified"] = "good"): KeptBackup[] {
  return Array.from({ length: count }, (_, index) => {
    const takenAt = Date.parse("2026-11-21T02:00:00Z") - index * day;
    return { name: new Date(takenAt).toISOString().slice(0, 10), takenAt, verified };
  });
}

describe("retention", () => {
  test("keeps the last days, and the newest of each week and month", () => {
    const { keep: kept, remove } = planRetention(daily(100), keep, { now, lastRun: "success" });
    expect(kept.map(({ name }) => name)).toEqual([
      "2026-11-21", // a Saturday
      "2026-11-20",
      "2026-11-19",
      "2026-11-15", // the Sunday before
      "2026-10-31",
    ]);
    expect(remove).toHaveLength(95);
    expect(remove[0]?.reason).toBe("older than 3 days, and none that is kept of 2 weeks or 2 months");
  });

  test.each([
    ["failure", "good", "the last run failed"],
    [undefined, "good", "no run of this repository is known to have succeeded"],
    ["success", "bad", "the newest backup is damaged"],
    ["success", "never", "the newest backup was never verified"],
  ] as const)("removes nothing after %s while the newest is %s", (lastRun, verified, reason) => {
    const backups = daily(50).map((backup, index) => (index === 0 ? { ...backup, verified } : backup));
    const plan = planRetention(backups, keep, { now, lastRun });
    expect(plan.remove).toEqual([]);
    expect(plan.refused).toContain(reason);
  });

  test("gives the place of a week or month to none that is damaged", () => {
    const backups = daily(20).map((backup) =>
      backup.name === "2026-11-15" ? { ...backup, verified: "bad" as const } : backup,
    );
    const { keep: kept, remove } = planRetention(backups, keep, { now, lastRun: "success" });
    expect(kept.map(({ name }) => name)).toContain("2026-11-14");
    expect(remove.find(({ name }) => name === "2026-11-15")?.reason).toBe("older than 3 days, and damaged");
  });

  test("keeps the newest verified one, however old it is, and each backup is in one of the two lists", () => {
    const backup = fc.record({
      takenAt: fc.integer({ min: now - 900 * day, max: now }),
      verified: fc.constantFrom("good" as const, "bad" as const, "never" as const),
    });
    const lists = fc
      .array(backup, { maxLength: 60 })
      .map((all) => all.map((one, index) => ({ ...one, name: `b${index}` })));
    const keeps = fc.record({
      days: fc.integer({ min: 0, max: 40 }),
      weekly: fc.nat(8),
      monthly: fc.nat(12),
    });
    fc.assert(
      fc.property(lists, keeps, fc.constantFrom("success", "failure", undefined), (all, rule, lastRun) => {
        const plan = planRetention(all, rule, { now, lastRun });
        const names = [...plan.keep, ...plan.remove].map(({ name }) => name);
        expect(names.toSorted()).toEqual(all.map(({ name }) => name).toSorted());
        const good = all
          .filter(({ verified }) => verified === "good")
          .toSorted((a, b) => b.takenAt - a.takenAt);
        const [newest] = good.filter(({ takenAt }) => takenAt === good[0]?.takenAt);
        if (newest !== undefined) expect(plan.keep.map(({ name }) => name)).toContain(newest.name);
        if (lastRun !== "success") expect(plan.remove).toEqual([]);
        for (const { name } of plan.remove) {
          expect(all.find((one) => one.name === name)?.takenAt).toBeLessThanOrEqual(now - rule.days * day);
        }
      }),
    );
  });
});
