import { describe, expect, test } from "vitest";
import { isRestartOfPutBack, planPutBack } from "../../../../components/core/settings/put-back";

const same = { isSame: true, isWindows: false, waiting: [] };
const sqlOf = (actual: Parameters<typeof planPutBack>[0], mayRestart = true) =>
  planPutBack(actual, mayRestart).statements.map(({ sql, risk }) => `${sql} [${risk}]`);

describe("putting postgresql.auto.conf back", () => {
  test("writes it where it differs, and restarts only once the server waits for that", () => {
    expect(sqlOf({ ...same, isSame: false })).toEqual([
      "put postgresql.auto.conf back as it was before this stack [none]",
    ]);
    expect(sqlOf({ ...same, waiting: ["shared_buffers"] })).toEqual(["restart the server [restart]"]);
    expect(planPutBack({ ...same, waiting: ["port"] }, true).statements.every(isRestartOfPutBack)).toBe(true);
    expect(planPutBack(same, true)).toEqual({ statements: [], refusals: [] });
  });

  test("tells what waits where it may not restart", () => {
    const plan = planPutBack({ ...same, waiting: ["shared_buffers", "wal_level"] }, false);
    expect(plan.statements).toEqual([]);
    expect(plan.notes).toEqual([
      "shared_buffers, wal_level change back with the next restart of the server only, which this run may not do",
    ]);
  });

  test("leaves it on Windows, and says so", () => {
    expect(sqlOf({ ...same, isSame: false, isWindows: true })).toEqual([]);
    expect(planPutBack({ ...same, isSame: false, isWindows: true }, true).notes?.[0]).toContain("on Windows");
  });
});
