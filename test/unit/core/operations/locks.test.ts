import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { refuseEnding, selectIdle } from "../../../../components/core/operations/ending";
import { blockedThrough, lockTree, type LockSession } from "../../../../components/core/operations/locks";
import { countSessions, type ServerSession } from "../../../../components/core/operations/sessions";

const plain: ServerSession = {
  pid: 1,
  backendStart: "2030-01-01 00:00:00+00",
  backendType: "client backend",
  user: "app",
  superuser: false,
  database: "shop",
  application: "worker",
  address: "",
  state: "idle",
  sessionSeconds: 9_000,
  transactionSeconds: null,
  stateSeconds: 3_600,
  wait: null,
  statement: null,
};

function waits(pid: number, ...blockedBy: number[]): LockSession {
  const wants = { type: "relation", target: "t", mode: "ShareLock", waitSeconds: 1 };
  return { ...plain, pid, blockedBy, wants: blockedBy.length > 0 ? wants : null };
}

const shape = (...sessions: LockSession[]) =>
  lockTree(sessions).map(({ pid, depth, blocks }) => `${"-".repeat(depth)}${pid}:${blocks}`);

describe("the tree of locks", () => {
  test("has a chain below each other, and a queue beside each other below its holder", () => {
    expect(shape(waits(1), waits(2, 1), waits(3, 2))).toEqual(["1:2", "-2:1", "--3:0"]);
    expect(shape(waits(1), waits(2, 1), waits(3, 1, 2), waits(4, 1, 2, 3))).toEqual([
      "1:3",
      "-2:0",
      "-3:0",
      "-4:0",
    ]);
    expect(lockTree([waits(1), waits(3, 1, 2), waits(2, 1)]).find(({ pid }) => pid === 3)?.also).toEqual([2]);
  });

  test("has a prepared transaction at its root, and a blocker that is gone already", () => {
    expect(shape(waits(5, 0))).toEqual(["0:1", "-5:0"]);
    expect(shape(waits(5, 4))).toEqual(["4:1", "-5:0"]);
  });

  test("ends in a circle, which a deadlock is for a moment", () => {
    expect(shape(waits(1, 2), waits(2, 1))).toEqual(["1:1", "-2:0"]);
    expect(blockedThrough([waits(1, 2), waits(2, 1)], 1)).toEqual([2]);
  });

  test("has everybody once, whoever waits for whom", () => {
    const graph = fc.array(fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 4 }), { maxLength: 12 });
    fc.assert(
      fc.property(graph, (blockers) => {
        const sessions = blockers.map((list, index) =>
          waits(index + 1, ...new Set(list.filter((pid) => pid !== index + 1))),
        );
        const pids = lockTree(sessions).map(({ pid }) => pid);
        expect(new Set(pids).size).toBe(pids.length);
        const waiting = sessions.filter(({ blockedBy }) => blockedBy.length > 0).map(({ pid }) => pid);
        expect(waiting.filter((pid) => !pids.includes(pid))).toEqual([]);
      }),
    );
  });
});

describe("a session", () => {
  test("is not ended where it keeps the service up, and not cancelled where it runs nothing", () => {
    expect(refuseEnding(plain, "terminate")).toBeUndefined();
    expect(refuseEnding({ ...plain, state: "active" }, "cancel")).toBeUndefined();
    expect(refuseEnding(plain, "cancel")?.message).toContain("runs no statement (idle)");
    expect(refuseEnding({ ...plain, application: "pgstead drill" }, "terminate")?.message).toContain(
      "pgstead itself",
    );
    expect(refuseEnding({ ...plain, application: "pgsteadfast" }, "terminate")).toBeUndefined();
    expect(refuseEnding({ ...plain, backendType: "walsender" }, "terminate")?.message).toContain(
      "replication",
    );
    expect(refuseEnding({ ...plain, backendType: "autovacuum worker" }, "cancel")?.message).toContain(
      "server's own",
    );
    expect(refuseEnding({ ...plain, backendType: "" }, "terminate")?.message).toContain("hidden");
  });

  test("that is idle is selected by what was asked for", () => {
    const all: ServerSession[] = [
      { ...plain, pid: 1 },
      { ...plain, pid: 2, stateSeconds: 60 },
      { ...plain, pid: 3, superuser: true, user: "postgres" },
      { ...plain, pid: 4, application: "pgstead ops" },
      { ...plain, pid: 5, state: "idle in transaction" },
      { ...plain, pid: 6, state: "active" },
      { ...plain, pid: 7, backendType: "walsender" },
      { ...plain, pid: 8, database: "other" },
    ];
    const select = (more: object) =>
      selectIdle(all, { minutes: 30, inTransaction: false, ...more }).map(({ pid }) => pid);
    expect(select({})).toEqual([1, 8]);
    expect(select({ database: "shop" })).toEqual([1]);
    expect(select({ role: "postgres" })).toEqual([3]);
    expect(select({ inTransaction: true })).toEqual([5]);
    expect(select({ minutes: 1 })).toEqual([1, 2, 8]);
  });

  test("is counted with the others, the most first", () => {
    const all = ["b", "a", "b"].map((user) => ({ ...plain, user, state: user === "a" ? "active" : "idle" }));
    expect(countSessions(all, ({ user }) => user)).toEqual([
      { name: "b", sessions: 2, active: 0 },
      { name: "a", sessions: 1, active: 1 },
    ]);
  });
});
