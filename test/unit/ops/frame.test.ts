import { describe, expect, test } from "vitest";
import { ServerUnreachableError } from "../../../components/io/session";
import { colorsFor } from "../../../infra/ops/colors";
import { CancelledError } from "../../../infra/ops/interrupt";
import { describeFailure } from "../../../infra/ops/failure";
import { withProgress } from "../../../infra/ops/progress";

describe("colours", () => {
  test.each([
    [true, {}, true],
    [true, { NO_COLOR: "1" }, false],
    [true, { NO_COLOR: "" }, true],
    [true, { TERM: "dumb" }, false],
    [false, {}, false],
    [false, { FORCE_COLOR: "1" }, false],
  ])("terminal %s with %j: %s", (isTTY, env, colored) => {
    expect(colorsFor({ isTTY }, env).red("x") !== "x").toBe(colored);
  });
});

describe("progress", () => {
  test("is silent for what is quick", async () => {
    const lines: string[] = [];
    await withProgress("reading", (line) => lines.push(line), Promise.resolve(1), 50);
    expect(lines).toEqual([]);
  });

  test("says once what takes long, and nothing after its end", async () => {
    const lines: string[] = [];
    const slow = new Promise((resolve) => setTimeout(resolve, 40));
    await withProgress("reading", (line) => lines.push(line), slow, 5);
    expect(lines).toEqual(["reading …"]);
  });

  test("passes a failure on", async () => {
    const work = Promise.reject(new Error("no"));
    await expect(withProgress("reading", () => undefined, work)).rejects.toThrow("no");
  });
});

describe("failures", () => {
  test("of a server that is down name the stack's own command", () => {
    const failure = describeFailure(new ServerUnreachableError("no answer"), "prod");
    expect(failure).toMatchObject({ status: "cannot-tell" });
    expect(failure.problems[0]?.hint).toContain("npm run pulumi -- up --stack prod");
  });

  test("of a run that was cancelled are neither the server's nor the user's", () => {
    const failure = describeFailure(new CancelledError("this run was cancelled"), "dev");
    expect(failure.status).toBe("cancelled");
  });

  test("that nobody thought of are no usage errors", () => {
    expect(describeFailure(new TypeError("x is undefined"), "dev").status).toBe("cannot-tell");
    const slow = Object.assign(new Error("canceling statement"), { code: "57014" });
    expect(describeFailure(slow, "dev").problems[0]?.hint).toContain("slow");
  });
});
