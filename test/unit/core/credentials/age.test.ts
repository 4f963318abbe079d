import { describe, expect, test } from "vitest";
import { ageOf, findDue, secondsSince } from "../../../../components/core/credentials/age";

const day = 86_400;
const now = Date.parse("2026-06-01T00:00:00Z");
const limits = { now, seconds: 90 * day };
const made = (changedAt?: string) => ({
  role: "shop_app",
  login: "shop_app_2",
  passwordVersion: 2,
  changedAt,
});
const hint = (role: string) => `rotate ${role}`;

describe("the age of a password", () => {
  test.each([
    ["2026-03-03T00:00:01Z", false],
    ["2026-03-03T00:00:00Z", true],
    ["2025-01-01T00:00:00Z", true],
  ])("of %s: due is %s", (changedAt, isDue) => {
    expect(ageOf(made(changedAt), limits).isDue).toBe(isDue);
    expect(findDue([made(changedAt)], limits, hint)).toHaveLength(isDue ? 1 : 0);
  });

  test("is told with its limit and what to do", () => {
    expect(findDue([made("2026-02-01T00:00:00Z")], limits, hint)).toEqual([
      {
        subject: "role shop_app",
        message: "its password is 120 days old; 90 is the limit",
        hint: "rotate shop_app",
      },
    ]);
  });

  test("is not known of one that was made elsewhere, and never due", () => {
    expect(ageOf(made(), limits)).toEqual({
      role: "shop_app",
      changedAt: null,
      ageSeconds: null,
      dueAt: null,
      isDue: false,
    });
  });

  test("is none by a clock that runs behind", () => {
    expect(secondsSince("2026-06-01T00:01:00Z", now)).toBe(0);
  });
});

describe("VALID UNTIL", () => {
  const until = (text: string) => ({ ...limits, validUntil: new Map([["shop_app_2", text]]) });

  test("is told a fortnight before, however young the password is, as a new one does not move it", () => {
    const young = made("2026-05-31T00:00:00Z");
    expect(findDue([young], until("2026-06-15T00:00:01Z"), hint)).toEqual([]);
    expect(findDue([young], until("2026-06-15T00:00:00Z"), hint)[0]).toMatchObject({
      message: "its password will be refused from 2026-06-15T00:00:00Z on (VALID UNTIL)",
      hint: "a new password does not change that: raise validUntil as well",
    });
    expect(findDue([young], until("2026-05-31T00:00:00Z"), hint)[0]?.message).toContain("is refused since");
  });
});
