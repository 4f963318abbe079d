import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkFileName, checkMode, checkReload } from "../../../../components/core/files/check";
import { diffLines } from "../../../../components/core/files/line-difference";
import type { DesiredFiles, LiveFile, LiveVolume } from "../../../../components/core/files/model";
import { assumeVolume, emptyVolume, planFiles } from "../../../../components/core/files/plan";
import { renderPlan } from "../../../../components/core/statement";

const owner = { uid: 999, gid: 999 };

function desired(files: DesiredFiles["files"], change: Partial<DesiredFiles> = {}): DesiredFiles {
  return { volume: "v", owner, directoryMode: "0750", files, others: [], reload: undefined, ...change };
}

const open = (content: string) => ({ content, hash: `#${content}`, mode: "0644", secret: false });
const hidden = (content: string) => ({ content, hash: `#${content}`, mode: "0600", secret: true });
const live = (text: string, change: Partial<LiveFile> = {}): LiveFile => ({
  kind: "file",
  owner,
  mode: "0644",
  hash: `#${text}`,
  text,
  ...change,
});
const volume = (files: LiveVolume["files"]): LiveVolume => ({ owner, mode: "0750", files });
const lines = (...args: Parameters<typeof planFiles>) =>
  renderPlan(planFiles(...args).plan)
    .split("\n")
    .slice(1);

describe("a plan of files", () => {
  test("is empty where content, owner and mode are as declared", () => {
    expect(planFiles(desired({ a: open("x") }), undefined, volume({ a: live("x") })).plan.statements).toEqual(
      [],
    );
  });

  test("of a new volume sets its owner and writes everything", () => {
    expect(lines(desired({ b: hidden("s"), a: open("x\ny\n") }), undefined, emptyVolume)).toEqual([
      "  set owner 999:999 and mode 0750 of volume v  -- it has 0:0 and 0755",
      "  write a on volume v  -- it is not there; owner 999:999, mode 0644, 2 lines",
      "  write b on volume v  -- it is not there; owner 999:999, mode 0600",
    ]);
  });

  test("shows what changes line by line, and nothing of a secret", () => {
    const old = volume({ a: live("one\ntwo\nthree\nfour\n"), b: live("hunter2", { mode: "0600" }) });
    const plan = lines(desired({ a: open("one\ntwo\n3\nfour\n"), b: hidden("hunter3") }), undefined, old);
    expect(plan).toEqual([
      "  write a on volume v  -- its content changed: 1 added, 1 removed",
      "      two",
      "    - three",
      "    + 3",
      "      four",
      "  write b on volume v  -- its content changed; it is a secret",
    ]);
    expect(plan.join()).not.toContain("hunter");
  });

  test("does not show what was a secret until now", () => {
    const before = { files: { a: { secret: true } } };
    const plan = planFiles(desired({ a: open("public") }), before, volume({ a: live("hunter2") })).plan;
    expect(JSON.stringify(plan)).not.toContain("hunter2");
  });

  test("finds another mode, another owner, a link, and tells what is not known yet", () => {
    const found = volume({
      a: live("x", { mode: "0666" }),
      b: live("x", { owner: { uid: 0, gid: 0 } }),
      c: live("", { kind: "link", hash: "" }),
      d: live("x"),
    });
    const unknown = { ...open(""), content: undefined, hash: undefined };
    expect(
      lines(desired({ a: open("x"), b: open("x"), c: open("x"), d: unknown }), undefined, found),
    ).toEqual([
      "  set owner 999:999 and mode 0644 of a on volume v  -- it has 999:999 and 0666",
      "  set owner 999:999 and mode 0644 of b on volume v  -- it has 0:0 and 0644",
      "  write c on volume v  -- what is there is a link",
      "  write d on volume v  -- what is in it is known only during `up`",
    ]);
  });

  test("refuses to replace a directory", () => {
    const plan = planFiles(
      desired({ a: open("x") }),
      undefined,
      volume({ a: live("", { kind: "directory" }) }),
    );
    expect(plan.plan.refusals).toMatchObject([{ subject: "file a of volume v" }]);
    expect(plan.write).toEqual([]);
  });

  test("removes what left the declaration and what killed runs left, and leaves what others have", () => {
    const before = { files: { old: { secret: false }, gone: { secret: false }, kept: { secret: false } } };
    const found = volume({
      old: live("x"),
      kept: live("x"),
      mine: live("x"),
      theirs: live("x"),
      ".pgstead-draft-1": live("", { kind: "directory" }),
      ".pgstead-reload-z": live(""),
    });
    const plan = planFiles(desired({}, { others: ["theirs", "kept"] }), before, found);
    expect(plan.remove).toEqual(["old", ".pgstead-draft-1"]);
    expect(plan.plan.undeclared).toEqual([
      { kind: "file", subject: "file mine of volume v", message: "nobody declared it" },
    ]);
  });

  test.each([
    [{ container: "c", signal: "SIGHUP" }, "send SIGHUP to container c", "none"],
    [{ container: "c", restart: true }, "restart container c", "none"],
  ])(
    "ends with the reload %j, once something is written or a killed run has not told it",
    (reload, sql, risk) => {
      const target = desired({ a: open("x") }, { reload });
      expect(planFiles(target, undefined, emptyVolume).plan.statements.at(-1)).toMatchObject({ sql, risk });
      expect(planFiles(target, undefined, volume({ a: live("x") })).plan.statements).toEqual([]);
      const pending = volume({ a: live("x"), ".pgstead-reload-c": live("") });
      expect(planFiles(target, undefined, pending)).toMatchObject({
        isChange: false,
        plan: { statements: [{ sql }] },
      });
    },
  );

  test("against what the last run declared has the difference of the two declarations", () => {
    const before = desired({ a: open("x"), b: open("y") });
    expect(planFiles(before, before, assumeVolume(before)).plan.statements).toEqual([]);
    expect(planFiles(desired({ a: open("z") }), before, assumeVolume(before))).toMatchObject({
      write: ["a"],
      remove: ["b"],
    });
  });
});

describe("a difference of lines", () => {
  test("holds every line that was added or removed, and nothing where both are the same", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "c"), { maxLength: 12 })
      .map((all) => all.map((l) => `${l}\n`).join(""));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const { added, removed, lines: shown } = diffLines(before, after);
        expect(added - removed).toBe(after.split("\n").length - before.split("\n").length);
        expect(shown.filter((line) => line.startsWith("+"))).toHaveLength(added);
        expect(shown.filter((line) => line.startsWith("-"))).toHaveLength(removed);
        if (before === after) expect(shown).toEqual([]);
      }),
    );
  });

  test("leaves out what is far from a change, and tells a line feed that is missing", () => {
    expect(diffLines("1\n2\n3\n4\n5\n6\n7\n", "1\nx\n3\n4\n5\n6\n7").lines).toEqual([
      "  1",
      "- 2",
      "+ x",
      "  3",
      "…",
      "  6",
      "- 7",
      "+ 7 (no line feed at the end)",
    ]);
  });

  test("of two long texts takes neither the memory nor the time of all their pairs", () => {
    const long = (word: string) => Array.from({ length: 20_000 }, (_, i) => `${word} ${i}`).join("\n");
    expect(diffLines(long("a"), long("b"))).toMatchObject({ added: 20_000, removed: 20_000 });
  });
});

describe("what is refused", () => {
  test.each([
    "",
    ".",
    "..",
    "/etc/passwd",
    "../x",
    "a/b",
    "a\\b",
    ".pgstead-draft-x",
    "a b",
    "-rf",
    "a\nb",
    "ü",
    "x".repeat(201),
  ])("%j is no name of a file", (name) => {
    expect(checkFileName("files", name)).toHaveLength(1);
  });

  test.each(["server.crt", ".pgpass", "a_b-c.2", "pg_hba.conf"])("%s is one", (name) => {
    expect(checkFileName("files", name)).toEqual([]);
  });

  test.each([
    ["0604", true, "lets everybody read a secret"],
    ["0602", false, "lets others than the owner write"],
    ["0660", false, "lets others than the owner write"],
    ["644", false, "is no mode"],
    ["4755", false, "is no mode"],
    ["0640", true, undefined],
    ["0644", false, undefined],
  ])("mode %s of a file that is a secret: %s", (mode, secret, fault) => {
    const [problem] = checkMode("mode", mode, { secret });
    if (fault === undefined) expect(problem).toBeUndefined();
    else expect(problem?.message).toContain(fault);
  });

  test("a reload needs a container and a signal that programs take", () => {
    expect(checkReload("reload", { container: "c", signal: "SIGHUP" })).toEqual([]);
    expect(checkReload("reload", { container: "c", restart: true })).toEqual([]);
    expect(checkReload("reload", { container: "c", signal: "SIGKILL" })).toHaveLength(1);
    expect(checkReload("reload", { container: "a b", restart: true })).toHaveLength(1);
    expect(checkReload("reload", { container: "c" })).toHaveLength(1);
  });
});
