import { describe, expect, test } from "vitest";
import { canonicalNames, checkNames, sameNames } from "../../../../components/core/certificate/names";
import {
  checkValidity,
  endOfCertificate,
  planCertificate,
  warnAuthority,
  type FoundCertificate,
} from "../../../../components/core/certificate/plan";
import { planPlacement, type PlacementSubject } from "../../../../components/core/certificate/placement";
import { renderPlan } from "../../../../components/core/statement";

const now = new Date("2027-01-01T00:00:00Z");
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000);
const found = (change: Partial<FoundCertificate & { kind: "there" }> = {}): FoundCertificate => ({
  kind: "there",
  names: ["127.0.0.1", "localhost"],
  notBefore: inDays(-1),
  notAfter: inDays(89),
  fingerprint: "AB",
  isOfAuthority: true,
  keyBelongs: true,
  ...change,
});
const desired = { names: ["LOCALHOST", "127.0.0.1"], validity: 90, renewBefore: 30 };
const farEnd = inDays(3650);

describe("a certificate is made anew", () => {
  test.each<[string, FoundCertificate]>([
    ["there is none", { kind: "absent" }],
    ["what is there is no certificate", { kind: "unreadable" }],
    ["the one that is there is of another authority", found({ isOfAuthority: false })],
    ["the key beside it belongs to another one", found({ keyBelongs: false })],
    ["it is for localhost; declared are 127.0.0.1, localhost", found({ names: ["localhost"] })],
    ["it is for no name; declared are 127.0.0.1, localhost", found({ names: [] })],
    ["it is valid from 2027-01-02T00:00:00.000Z only", found({ notBefore: inDays(1) })],
    ["it ended 1 d ago", found({ notAfter: inDays(-1) })],
    ["it ends in 29 d, and is renewed 30 d before", found({ notAfter: inDays(29) })],
  ])("as %s", (reason, certificate) => {
    expect(planCertificate(desired, certificate, farEnd, now)).toBe(reason);
  });

  test.each<[string, FoundCertificate]>([
    ["with time left", found()],
    ["to the last moment before its renewal", found({ notAfter: inDays(30) })],
    ["that somebody else has renewed", found({ notBefore: now, fingerprint: "CD" })],
  ])("and not one that is right, %s", (_what, certificate) => {
    expect(planCertificate(desired, certificate, farEnd, now)).toBeUndefined();
  });

  test("and not where its authority ends with it, as the next one would end as soon", () => {
    const end = inDays(10);
    expect(planCertificate(desired, found({ notAfter: end }), end, now)).toBeUndefined();
    expect(planCertificate(desired, found({ notAfter: end }), inDays(11), now)).toContain("it ends in 10 d");
  });
});

test("no certificate outlasts its authority", () => {
  expect(endOfCertificate(90, inDays(10), now)).toEqual(inDays(10));
  expect(endOfCertificate(90, farEnd, now)).toEqual(inDays(90));
  expect(endOfCertificate(90, undefined, now)).toEqual(inDays(90));
});

describe("the end of an authority is told a year before", () => {
  const warn = (end: Date, isOwn = true) => warnAuthority({ name: "server", isOwn }, end, now) ?? "";

  test("with when it is and what it means", () => {
    expect(warn(inDays(366))).toBe("");
    expect(warn(inDays(100))).toMatch(
      /^the certificate authority of server ends on 2027-04-11, in 100 d\. No certificate of the server lasts longer: from that day on every client that checks the server refuses it\.\n {2}hint: /,
    );
    expect(warn(inDays(-1))).toContain("ended on 2026-12-31.");
  });

  test("and with what to do, which depends on whose it is", () => {
    expect(warn(inDays(100))).toContain("`npm run pulumi -- up --replace '**Certificate::server'`");
    expect(warn(inDays(100), false)).toContain("pgstead:server.certificate.ca");
    expect(warn(inDays(100), false)).toContain("pgstead:caKey");
  });
});

describe("days", () => {
  test.each([
    [399, 30, "validity", "398 days at the most"],
    [0, 30, "validity", "no number of days"],
    [1.5, 1, "validity", "no number of days"],
    [90, 90, "renewBefore", "is not less than"],
    [90, -1, "renewBefore", "no number of days"],
  ])("of %s and %s are refused", (validity, renewBefore, path, message) => {
    const problems = checkValidity(validity, renewBefore);
    expect(problems).toMatchObject([{ path, message: expect.stringContaining(message) as string }]);
    expect(problems[0]?.hint).not.toBe("");
  });

  test("of a year are taken", () => {
    expect(checkValidity(398, 30)).toEqual([]);
  });
});

describe("names", () => {
  test("are compared as clients do", () => {
    expect(sameNames(["LocalHost", "::1", "0:0::2"], ["::2", "0:0:0:0:0:0:0:1", "localhost"])).toBe(true);
    expect(sameNames(["a"], ["a", "b"])).toBe(false);
    expect(canonicalNames(["b", "A", "a"])).toEqual(["a", "b"]);
  });

  test.each([
    "localhost",
    "db.example.org",
    "*.example.org",
    "10.0.0.1",
    "fe80::1",
    "my_server",
    "x".repeat(63),
  ])("%s is one", (name) => {
    expect(checkNames("names", [name])).toEqual([]);
  });

  test.each([
    "",
    "1.2.3",
    "256.1.1.1",
    "a b",
    "a:5432",
    "-a",
    "a-",
    "*",
    "*.org",
    "a.*.b",
    "https://a",
    "fe80::1%eth0",
    "x".repeat(64),
  ])("%j is none", (name) => {
    expect(checkNames("names", [name])).toHaveLength(1);
  });

  test("are at least one, and none is there twice", () => {
    expect(checkNames("names", [])).toHaveLength(1);
    expect(checkNames("names", ["::1", "0::1"])).toMatchObject([{ path: "names[1]" }]);
  });
});

describe("the plan of a certificate on a volume", () => {
  const known = (content: string) => ({ content, hash: `#${content}` });
  const owner = { uid: 999, gid: 999 };
  const file = (text: string, mode: string) =>
    ({ kind: "file", owner, mode, hash: `#${text}`, text }) as const;
  const subject: PlacementSubject = {
    name: "server",
    desired,
    place: {
      volume: "v",
      owner,
      directoryMode: "0750",
      certificateFile: "server.crt",
      keyFile: "server.key",
      caFile: "ca.crt",
    },
    reload: { container: "c", signal: "SIGHUP" },
    authority: { certificate: known("CA"), notAfter: farEnd, isOwn: true },
    found: found(),
    pair: { certificate: known("CRT"), key: known("KEY") },
    live: {
      owner,
      mode: "0750",
      files: {
        "ca.crt": file("CA", "0644"),
        "server.crt": file("CRT", "0644"),
        "server.key": file("KEY", "0600"),
        other: file("x", "0644"),
      },
    },
  };
  const lines = (change: Partial<PlacementSubject>) =>
    renderPlan(planPlacement({ ...subject, ...change }, now).plan)
      .split("\n")
      .slice(1);

  test("is empty where all of it is right, also what others have there", () => {
    expect(planPlacement(subject, now)).toMatchObject({
      issues: false,
      plan: { statements: [] },
      warning: undefined,
    });
  });

  test("says what is made, why, what is written, and that it costs no restart", () => {
    expect(lines({ found: found({ notAfter: inDays(3) }) })).toEqual([
      "  issue a certificate for 127.0.0.1, localhost, valid 90 d  -- volume v: it ends in 3 d, and is renewed 30 d before",
      "  write server.crt on volume v  -- what is in it is known only during `up`",
      "  write server.key on volume v  -- what is in it is known only during `up`",
      "  send SIGHUP to container c  -- it reads its files again, if it runs; no restart",
    ]);
  });

  test("mends a mode without another certificate", () => {
    const live = { ...subject.live!, files: { ...subject.live!.files, "server.key": file("KEY", "0644") } };
    expect(planPlacement({ ...subject, live }, now).issues).toBe(false);
    expect(lines({ live })[0]).toContain("set owner 999:999 and mode 0600 of server.key");
  });

  test("makes an authority where none is known, and everything with it", () => {
    const first = {
      authority: undefined,
      found: { kind: "absent" },
      pair: undefined,
      live: undefined,
    } as const;
    expect(lines(first).map((line) => line.split("  --")[0])).toEqual([
      "  make a certificate authority for server",
      "  issue a certificate for 127.0.0.1, localhost, valid 90 d",
      "  set owner 999:999 and mode 0750 of volume v",
      "  write ca.crt on volume v",
      "  write server.crt on volume v",
      "  write server.key on volume v",
      "  send SIGHUP to container c",
    ]);
  });

  test("tells an authority that ends soon as a warning, which makes no difference and leaves nothing alone", () => {
    const { plan, warning } = planPlacement(
      { ...subject, authority: { ...subject.authority!, notAfter: inDays(100) } },
      now,
    );
    expect(plan.statements).toEqual([]);
    expect(plan.undeclared ?? []).toEqual([]);
    expect(warning).toContain("the certificate authority of server ends on 2027-04-11");
  });
});
