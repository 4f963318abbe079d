import { expect, test } from "vitest";
import { judgeRecovery, type RecoveryFacts } from "../../../../components/core/physical/judge";
import type { PhysicalBackup } from "../../../../components/core/physical/repository";

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.UTC(2026, 10, 20, 12);

function backup(age: number, change: Partial<PhysicalBackup> = {}): PhysicalBackup {
  const stoppedAt = now - age;
  const common = { repository: 1, startedAt: stoppedAt, stoppedAt, size: 1, stored: 1, needs: [] };
  return { label: `of ${age / hour} h ago`, kind: "full", ...common, ...change };
}

function judge(backups: readonly PhysicalBackup[], change: Partial<RecoveryFacts> = {}): string[] {
  const findings = judgeRecovery({
    repository: { kind: "there", systemIdentifier: "1", backups, isBusy: false },
    now,
    intervals: { full: 7 * day, incremental: 2 * day },
    ...change,
  });
  return findings.map(({ subject, message }) => `${subject} ${message}`);
}

const incremental = (age: number) => backup(age, { kind: "incremental" });

test("backups that are as new as their schedules have them are well", () => {
  expect(judge([backup(7 * day), incremental(2 * day)])).toEqual([]);
  expect(judge([backup(hour)])).toEqual([]);
});

test("a backup that is missing by its schedule is told, with its age", () => {
  expect(judge([backup(8 * day), incremental(hour)])).toEqual([
    "newest full backup is 8 d old, and one is due every 7 d",
  ]);
  expect(judge([backup(3 * day)])).toEqual(["newest backup is 3 d old, and one is due every 2 d"]);
});

test("a bad backup is told, and does not stand for a good one", () => {
  expect(judge([backup(hour, { fault: "pages in it do not match their checksums" })])).toEqual([
    "backup of 1 h ago pages in it do not match their checksums",
    "newest full backup there is none that is good",
    "newest backup there is none that is good",
  ]);
});

test("a log that does not arrive, and a repository that is not there, are told", () => {
  expect(judge([backup(hour)], { archiveFailure: "0000 failed" })).toEqual([
    "the log does not arrive in the repository: 0000 failed",
  ]);
  expect(judge([], { repository: { kind: "absent" } })).toEqual([
    "physical backups there is no repository: nothing can be restored",
  ]);
});
