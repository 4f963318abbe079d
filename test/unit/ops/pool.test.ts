import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resolvePool, shareOf, type LoginLimit, type SharedConnections } from "../../../components/core/pool";

const dev: SharedConnections = {
  of: "the server",
  available: 97,
  logins: [
    { role: "shop_app", connectionLimit: 40 },
    { role: "shop_readonly", connectionLimit: -1 },
    { role: "shop_backup", connectionLimit: -1 },
    { role: "shop_migrator", connectionLimit: -1 },
  ],
};

function pool(role: string, instances = 1, ...shares: SharedConnections[]) {
  const answer = resolvePool({ role, instances, shares: shares.length === 0 ? [dev] : shares });
  if (!answer.fits) throw new Error(answer.message);
  return answer.pool;
}

function refusal(role: string, instances: number, share = dev) {
  const answer = resolvePool({ role, instances, shares: [share] });
  if (answer.fits) throw new Error("it fits");
  return answer;
}

describe("the pool of an application", () => {
  test("is the usual one where it fits", () => {
    expect(pool("shop_app")).toMatchObject({
      size: 10,
      overflow: 20,
      recycleSeconds: 3600,
      timeoutSeconds: 30,
      prePing: true,
    });
  });

  test.each([
    [2, 10, 10],
    [4, 10, 0],
    [5, 8, 0],
    [8, 5, 0],
  ])("for %i instances has size %i and overflow %i", (instances, size, overflow) => {
    expect(pool("shop_app", instances)).toMatchObject({ size, overflow });
  });

  test("is refused where even the smallest pools do not fit, with the number that does", () => {
    const { message, hint } = refusal("shop_app", 9);
    expect(message).toBe("9 instances need 45 connections, 5 each; shop_app has 40: CONNECTION LIMIT 40");
    expect(hint).toMatch(/^8 instances fit; for more, raise the connectionLimit/);
  });

  test("of a role without a limit shares what the limits leave", () => {
    // 97 − 40 = 57 for three roles: 19 each.
    expect(pool("shop_readonly")).toMatchObject({ size: 10, overflow: 9 });
  });

  test("of a role that is limited to less than a usual pool is that limit", () => {
    const share = { ...dev, logins: [{ role: "job", connectionLimit: 2 }] };
    expect(pool("job", 1, share)).toMatchObject({ size: 2, overflow: 0 });
    expect(refusal("job", 2, share).message).toContain("2 instances need 4 connections, 2 each");
  });

  test("is refused to a role that may hold no session", () => {
    const share = { ...dev, logins: [{ role: "off", connectionLimit: 0 }] };
    expect(refusal("off", 1, share)).toMatchObject({
      message: "1 instance needs 5 connections, 5 each; off has none: CONNECTION LIMIT 0",
    });
  });

  test("follows the narrower of the server and the database", () => {
    const narrow = {
      of: "database shop",
      available: 12,
      logins: [{ role: "shop_app", connectionLimit: 40 }],
    };
    expect(pool("shop_app", 1, dev, narrow)).toMatchObject({ size: 10, overflow: 2 });
  });

  test("says of each setting why", () => {
    expect(pool("shop_app", 5).reasons.size).toBe("40 connections for 5 instances: 8 each");
    expect(Object.values(pool("shop_app").reasons).every((reason) => reason.length > 10)).toBe(true);
  });
});

const limits = fc.uniqueArray(
  fc.record({
    role: fc.string({ minLength: 1, maxLength: 4 }),
    connectionLimit: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 300 })),
  }),
  { minLength: 1, maxLength: 12, selector: ({ role }: LoginLimit) => role },
);

test("the shares of all roles together never exceed what is there, and none exceeds its limit", () => {
  fc.assert(
    fc.property(limits, fc.integer({ min: 0, max: 500 }), (logins, available) => {
      const shared = { of: "the server", available, logins };
      const shares = logins.map(({ role }) => shareOf(role, shared).connections);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(available);
      for (const [index, { connectionLimit }] of logins.entries()) {
        expect(shares[index]).toBeGreaterThanOrEqual(0);
        if (connectionLimit >= 0) expect(shares[index]).toBeLessThanOrEqual(connectionLimit);
      }
    }),
  );
});

test("the pools of all instances together never exceed the share", () => {
  fc.assert(
    fc.property(
      limits,
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 50 }),
      (logins, available, n) => {
        const role = logins[0]!.role;
        const answer = resolvePool({ role, instances: n, shares: [{ of: "the server", available, logins }] });
        if (!answer.fits) return;
        const { size, overflow } = answer.pool;
        expect(size).toBeGreaterThanOrEqual(1);
        expect((size + overflow) * n).toBeLessThanOrEqual(answer.share.connections);
      },
    ),
  );
});
