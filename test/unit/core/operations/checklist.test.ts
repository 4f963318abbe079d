import { expect, test } from "vitest";
import {
  checklistNames,
  lookNames,
  statusOfLook,
  type ChecklistName,
  type ChecklistStack,
  type ChecklistTask,
} from "../../../../components/core/operations/checklist/item";
import { checklists } from "../../../../components/core/operations/checklist/lists";
import {
  judgeRestoreTest,
  type KnownDrill,
} from "../../../../components/core/operations/checklist/restore-test";
import { judgeStatistics } from "../../../../components/core/operations/checklist/statistics";
import { checkFindings } from "../../../../components/core/operations/health-findings";

const prod: ChecklistStack = {
  stack: "prod",
  target: "docker",
  disposable: false,
  backups: { logical: true, physical: true, encryptedCopies: true },
  samples: true,
  statements: true,
  alerts: true,
};
const bare: ChecklistStack = {
  ...{ stack: "dev", target: "embedded", disposable: true, samples: false, statements: false, alerts: false },
  backups: { logical: false, physical: false, encryptedCopies: false },
};

const tasks = (list: ChecklistName, stack: ChecklistStack): Record<string, ChecklistTask> =>
  Object.fromEntries(checklists[list].map(({ id, taskOn }) => [id, taskOn(stack)]));

test("every look is in a list, an id is there once in a list, and people come last", () => {
  const looked = checklistNames.flatMap((list) =>
    Object.values(tasks(list, prod)).flatMap((task) => (task.kind === "look" ? [task.look] : [])),
  );
  expect(new Set(looked)).toEqual(new Set(lookNames));
  for (const list of checklistNames) {
    const ids = checklists[list].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const kinds = checklists[list].map(({ taskOn }) => taskOn(prod).kind);
    expect(kinds.lastIndexOf("look")).toBeLessThan(kinds.indexOf("person"));
  }
});

test("a stack that declares everything is looked at in everything", () => {
  for (const list of checklistNames) {
    for (const task of Object.values(tasks(list, prod))) expect(["look", "person"]).toContain(task.kind);
  }
});

test("the volumes of a server that is there already are for a person", () => {
  expect(tasks("daily", { ...prod, target: "existing" }).space).toMatchObject({ kind: "person" });
});

test("what a stack does not declare is said by name, and keeps its place", () => {
  expect(tasks("daily", bare).backups).toEqual({
    kind: "not-declared",
    reason: "no backups: the stack is disposable",
  });
  expect(tasks("weekly", bare)["slow-queries"]?.kind).toBe("not-declared");
  expect(tasks("weekly", { ...bare, statements: true })["slow-queries"]?.kind).toBe("look");
  expect(tasks("weekly", { ...bare, statements: true })["slower-queries"]?.kind).toBe("not-declared");
  expect(JSON.stringify(tasks("monthly", bare).growth)).toContain("pgstead:monitoring.samples: true");
  expect(tasks("monthly", bare)["key-of-copies"]?.kind).toBe("not-declared");
  const physical = { ...bare, backups: { ...bare.backups, physical: true } };
  expect(JSON.stringify(tasks("monthly", physical)["old-backups"])).toContain("pgBackRest");
  for (const list of checklistNames) {
    expect(Object.keys(tasks(list, bare))).toEqual(Object.keys(tasks(list, prod)));
  }
});

test("a stack that is to stay and has no backups is a finding; on a server of others it is somebody's to see", () => {
  const stays = { ...bare, disposable: false };
  expect(tasks("daily", stays).backups).toMatchObject({ kind: "found", finding: { severity: "critical" } });
  expect(tasks("release", stays)["backup-gate"]?.kind).toBe("found");
  expect(tasks("daily", { ...stays, target: "existing" }).backups).toMatchObject({ kind: "person" });
});

test("what is left to a person names the commands with the stack", () => {
  const texts = checklistNames.flatMap((list) =>
    Object.values(tasks(list, prod)).flatMap((task) => (task.kind === "person" ? [task.text] : [])),
  );
  expect(texts.length).toBeGreaterThan(8);
  for (const text of texts.filter((one) => one.includes("npm run ops")))
    expect(text).toContain("--stack prod`");
});

test("what is not seen is no pass, and what is found is told first", () => {
  const finding = { subject: "a", message: "b", hint: "c" };
  expect(statusOfLook({ findings: [], told: "" })).toBe("passed");
  expect(statusOfLook({ findings: [], told: "", unseen: ["the volume"] })).toBe("unseen");
  expect(statusOfLook({ findings: [finding], told: "", unseen: ["the volume"] })).toBe("found");
});

const now = Date.parse("2026-11-22T12:00:00Z");
const drill = (change: Partial<KnownDrill> = {}): KnownDrill => ({
  ...{ kind: "logical", database: "shop", backup: "shop_full", endedAt: "2026-11-20T00:00:00Z", faults: [] },
  ...change,
});

test.each([
  ["passed this week", [drill()], []],
  ["was never done", [], ["there was none yet"]],
  ["failed", [drill({ faults: ["rows"] })], ["the last one, of shop_full, failed: rows"]],
  [
    "is too long ago",
    [drill({ endedAt: "2026-11-10T00:00:00Z" })],
    ["the last one, of shop_full, was 12 d 12 h ago"],
  ],
  ["is of another database", [drill({ database: "other" })], ["there was none yet"]],
])("a restore test that %s", (_what, drills, messages) => {
  const found = judgeRestoreTest(drills, { logical: ["shop"], physical: false }, { now });
  expect(found).toHaveLength(messages.length);
  for (const [index, message] of messages.entries()) expect(found[index]?.message).toContain(message);
});

test("a restore test is of physical backups as well, and by the schedule of drills where there is one", () => {
  const declared = { logical: ["shop"], physical: true };
  const found = judgeRestoreTest([drill()], declared, { now });
  expect(found.map(({ subject }) => subject)).toEqual(["drill of physical backups"]);
  const daily = judgeRestoreTest(
    [drill()],
    { ...declared, physical: false },
    { now, greatestAgeMs: 86_400_000 },
  );
  expect(daily).toHaveLength(1);
});

test("statistics are stale by the threshold of the alert, and where there are none", () => {
  const table = { table: "app.orders", liveRows: 100_000, changedRows: 50_001 };
  const judge = (changedRows: number, liveRows = 100_000, never: readonly string[] = []) =>
    judgeStatistics("shop", [{ ...table, changedRows, liveRows }], never, { staleStatistics: 50 });
  expect(judge(50_200)).toHaveLength(1);
  expect(judge(50_000)).toEqual([]);
  expect(judge(10_000, 100)).toEqual([]);
  expect(judge(10_001, 0)).toEqual([]);
  expect(judge(0, 0, ["app.new"])[0]).toMatchObject({ subject: "shop: table app.new" });
});

test("a check of findings is as bad as the worst of them", () => {
  const finding = { subject: "backups of shop", message: "there is no good one", hint: "take one" };
  expect(checkFindings("backups", [], "well")).toMatchObject({
    status: "ok",
    value: 0,
    message: "well",
    hint: "",
  });
  expect(checkFindings("backups", [finding], "well")).toMatchObject({
    ...{ status: "warning", value: 1, hint: "take one" },
    message: "backups of shop: there is no good one",
  });
  expect(checkFindings("backups", [finding, { ...finding, severity: "critical" }], "")).toMatchObject({
    status: "critical",
    value: 2,
  });
});
