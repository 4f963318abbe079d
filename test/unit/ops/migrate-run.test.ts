import { Command } from "commander";
import { afterEach, describe, expect, test } from "vitest";
import { defaultLimits, type RunLimits } from "../../../components/core/migrations/retry";
import { commands } from "../../../infra/ops/commands";
import { runOps, type Surroundings } from "../../../infra/ops/frame";
import { declareLimits, limitsOf, type LimitArgs } from "../../../infra/ops/migrate/limits";

describe("the bounds of a run", () => {
  let declared: Partial<RunLimits> = {};
  afterEach(() => {
    declared = {};
  });
  const parse = (...argv: readonly string[]) =>
    limitsOf(
      declareLimits(new Command().exitOverride().configureOutput({ writeErr: () => undefined }))
        .parse([...argv], { from: "user" })
        .opts<LimitArgs>(),
      { limits: { ...defaultLimits, ...declared } },
    );

  test("are those of the documentation where none is said", () => {
    expect(parse()).toEqual(defaultLimits);
  });

  test("are those of the stack where no flag says otherwise", () => {
    declared = { lockTimeoutMs: 7, retryForMs: 8, attempts: 1_000 };
    expect(parse("--lock-timeout", "1s")).toEqual({
      ...defaultLimits,
      ...declared,
      lockTimeoutMs: 1_000,
    });
  });

  test.each([
    ["500ms", 500],
    ["2s", 2_000],
    ["15min", 900_000],
    ["1h", 3_600_000],
    ["0", 0],
  ])("%s is %d ms", (text, lockTimeoutMs) => {
    expect(parse("--lock-timeout", text)).toEqual({ ...defaultLimits, lockTimeoutMs });
  });

  test.each(["2", "2 weeks", "", "-1s", "1.5s"])("%j is none", (text) => {
    expect(() => parse("--lock-timeout", text)).toThrow("Write it such as 500ms, 2s, 15min or 1h.");
  });
});

test.each([
  "status",
  "check",
  "current",
  "history",
  "verify",
  "sql",
  "upgrade",
  "downgrade",
  "baseline",
  "repair",
])("migrate %s has a help with an example and the fields of its JSON", async (name) => {
  let stdout = "";
  const surroundings: Surroundings = {
    version: "0.0.0",
    project: "p",
    root: "",
    readConfig: () => Promise.reject(new Error("no configuration is asked for")),
    pulumi: () => () => Promise.reject(new Error("Pulumi is not asked")),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: () => undefined },
    env: {},
  };
  expect(await runOps(["migrate", name, "--help"], commands, surroundings)).toBe("good");
  expect(stdout).toMatch(/\nJSON: /);
  expect(stdout).toContain(`ops -- migrate ${name}`);
});
