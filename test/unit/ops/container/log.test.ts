import { expect, test } from "vitest";
import { problemError } from "../../../../components/core/problem";
import { createLog, describeError } from "../../../../infra/ops/container/log";
import { fakeClock } from "../../../support/fake-clock";

function written(tell: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  tell(createLog((line) => lines.push(line), fakeClock("2030-01-01T00:00:00.000Z")));
  return lines;
}

test("a line is one JSON object, whatever is in the message", () => {
  const [line = ""] = written((log) => {
    log.of("logs").warning("two\nlines and \u001b[31mred", { bytes: 3 });
  });
  expect(line.endsWith("\n")).toBe(true);
  expect(line.trimEnd()).not.toMatch(/\p{Cc}/u);
  expect(JSON.parse(line)).toEqual({
    time: "2030-01-01T00:00:00.000Z",
    level: "warning",
    job: "logs",
    message: "two\nlines and \u001b[31mred",
    bytes: 3,
  });
});

test("what an error of a library quotes is taken out", () => {
  const key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----";
  const lines = written((log) => {
    log.error(`cannot read ${key}!`, { uri: "postgresql://app:hunter2@server/shop" });
    log.error("cut off: -----BEGIN PRIVATE KEY-----\nMHcCAQEE");
    log.error("PASSWORD 'SCRAM-SHA-256$4096:salt$stored:server'");
  });
  expect(lines.join("")).not.toMatch(/MHcCAQEE|hunter2|stored/);
  expect(lines[0]).toContain("cannot read [private key]!");
  expect(lines[0]).toContain("postgresql://app:[secret]@server/shop");
});

test("an error is told in one line, with what to do about it", () => {
  expect(describeError(problemError("server", "is down", "start it"))).toBe(
    "server: is down (hint: start it)",
  );
  expect(describeError(new TypeError(""))).toBe("TypeError");
  expect(describeError("text")).toBe("text");
});
