import { describe, expect, test } from "vitest";
import { simulateLogin, type HbaLogin } from "../../../../components/core/hba/match";
import { parseHba } from "../../../../components/core/hba/parse";

// What a real server says is compared in test/integration; here is what such a server cannot easily be brought to.
const login: HbaLogin = {
  user: "ada",
  database: "shop",
  origin: { address: "10.0.0.7", ssl: true, server: "10.0.0.1" },
  groups: ["staff"],
};

function simulate(text: string, change: Partial<HbaLogin> = {}) {
  const rules = parseHba(text).map(({ rule }) => rule!);
  const { outcome, rule, inDoubt } = simulateLogin(rules, { ...login, ...change });
  return [outcome, rules.indexOf(rule!), inDoubt];
}

const asked = "scram-sha-256";

describe("the first rule that matches decides", () => {
  test.each<[string, string, ReturnType<typeof simulate>]>([
    [
      "TLS matches hostssl and host",
      `hostnossl all all all reject\nhostssl all all all ${asked}`,
      ["asked", 1, false],
    ],
    [
      "TLS is no GSSAPI",
      `hostgssenc all all all ${asked}\nhostnogssenc all all all ${asked}`,
      ["asked", 1, false],
    ],
    ["one bit more is another network", `host all all 10.0.0.8/29 ${asked}`, ["unmatched", -1, false]],
    ["the edge of a network", `host all all 10.0.0.0/29 ${asked}`, ["asked", 0, false]],
    ["all of IPv4", `host all all 0.0.0.0/0 ${asked}`, ["asked", 0, false]],
    ["no IPv4 in IPv6", `host all all ::/0 ${asked}`, ["unmatched", -1, false]],
    ["the address that was connected to", `host all all samehost ${asked}`, ["unmatched", -1, true]],
  ])("%s", (_what, text, verdict) => {
    expect(simulate(text)).toEqual(verdict);
  });

  test("GSSAPI", () => {
    const origin = { ...login.origin, ssl: false, gss: true };
    expect(simulate(`hostnogssenc all all all reject\nhostgssenc all all all ${asked}`, { origin })).toEqual([
      "asked",
      1,
      false,
    ]);
  });

  test("IPv6", () => {
    const origin = { address: "2001:db8::7", ssl: true };
    expect(simulate(`host all all 2001:db8::/125 reject\nhost all all ::/0 ${asked}`, { origin })).toEqual([
      "rejected",
      0,
      false,
    ]);
    expect(simulate(`host all all 0.0.0.0/0 ${asked}`, { origin })).toEqual(["unmatched", -1, false]);
  });
});

describe("what is not known counts against the login", () => {
  test.each([
    ["a network of the server", "host all all samenet"],
    ["a host name", "host all all db.example.org"],
    ["a mask with holes", "host all all 10.0.0.0 255.0.255.0"],
    ["a regular expression", "host all /^a all"],
    ["another file", "host @list all all"],
  ])("%s", (_what, start) => {
    expect(simulate(`${start} ${asked}\nhost all all all ${asked}`)).toEqual(["asked", 1, true]);
    expect(simulate(`${start} reject\nhost all all all ${asked}`)).toEqual(["rejected", 0, true]);
  });

  test("the groups of a role that is not there yet", () => {
    const { groups: _groups, ...unknown } = login;
    const rules = parseHba(`host all +staff all ${asked}`).map(({ rule }) => rule!);
    expect(simulateLogin(rules, unknown)).toEqual({ outcome: "unmatched", inDoubt: true });
    expect(simulateLogin(rules, { ...unknown, user: "staff" })).toMatchObject({ outcome: "asked" });
  });

  test("but not where another part of the rule settles it", () => {
    expect(simulate(`host all bob samenet reject\nhost all all all ${asked}`)).toEqual(["asked", 1, false]);
  });
});
