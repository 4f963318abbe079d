import { expect, test } from "vitest";
import { explainDial, mayPass, type DialError } from "../../../components/core/ssh/failure";
import { nextAttemptMs, type SshHop } from "../../../components/core/ssh/login";

const hop: SshHop = {
  host: "::1",
  port: 22,
  user: "ops",
  password: "of a test",
  trust: { kind: "anybody" },
  dialErrorLimit: 1,
  dialTimeout: 15,
};

test.each([
  [{ message: "x", code: "ECONNREFUSED" }, "unreachable", true],
  [{ message: "x", code: "ENOTFOUND" }, "unreachable", true],
  [{ message: "x", code: "EHOSTUNREACH" }, "unreachable", true],
  [{ message: "Timed out while waiting for handshake", level: "client-timeout" }, "silent", true],
  [{ message: "Connection lost before handshake", level: "protocol" }, "closed", true],
  [{ message: "Invalid identification string", level: "protocol" }, "closed", true],
  [
    { message: "All configured authentication methods failed", level: "client-authentication" },
    "login",
    false,
  ],
  [{ message: "Too many authentication failures", code: 2 }, "login", false],
  [
    { message: "Handshake failed: no matching key exchange algorithm", level: "handshake" },
    "algorithms",
    false,
  ],
] satisfies [DialError, string, boolean][])("%j is told as %s, once", (error, kind, isTriedAgain) => {
  const explained = explainDial(hop, error);
  expect([explained.kind, mayPass(explained)]).toEqual([kind, isTriedAgain]);
  expect(explained.message).toContain("SSH ops@[::1]:22:");
  expect(explained.message).toContain("hint: ");
  expect(explained.message).not.toContain("of a test");
});

test("a refused login says what was given, what is taken, and why the agent was not asked", () => {
  const error = { message: "x", level: "client-authentication", takes: ["publickey"], agent: "no such file" };
  expect(explainDial(hop, error).message).toContain(
    "given: the password; it takes publickey; the agent could not be asked: no such file",
  );
});

test("attempts are further and further apart, up to five seconds", () => {
  expect([1, 2, 3, 20].map((failed) => Math.round(nextAttemptMs(failed)))).toEqual([100, 150, 225, 5_000]);
});
