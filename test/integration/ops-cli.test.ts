import { describe, expect, test } from "vitest";
import { runNode } from "./ops-stack";

const cli = (...args: readonly string[]) => runNode("infra/ops/cli.ts", args);

describe("the operations command line", () => {
  test.each([[["--help"]], [["status", "--help"]], [["help", "connection"]], [["connection", "-h"]]])(
    "%j describes the exit codes and ends with 0",
    async (args) => {
      const { exitCode, stdout, stderr } = await cli(...args);
      expect(exitCode).toBe(0);
      expect(stderr).toBe("");
      expect(stdout).toMatch(/Exit codes:\n {2}0 {2}good\n {2}1 {2}a finding[^]*3 {2}cannot tell/);
      expect(stdout).toContain("--stack <name>");
    },
  );

  test("--version prints the package's version", async () => {
    const { exitCode, stdout } = await cli("--version");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    [[], "Usage: ops"],
    [["statsu"], "Did you mean status?"],
    [["status", "--jsn"], "Did you mean --json?"],
    [["quite-another-thing"], "npm run ops -- --help"],
    [["status", "--stack"], "argument missing"],
    [["status", "--stack", "no/such/stack/name"], "not the name of a stack"],
  ])("%j is refused with 2", async (args, text) => {
    const { exitCode, stdout, stderr } = await cli(...args);
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(text);
  });

  test("a wrong command line is JSON as well where JSON was asked for", async () => {
    const { exitCode, stdout, stderr } = await cli("statsu", "--json");
    expect(exitCode).toBe(2);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      status: "usage",
      error: { problems: [{ message: "unknown command 'statsu'", hint: "Did you mean status?" }] },
    });
  });

  test("the text has no colours where it goes to a file or a pipe", async () => {
    const { stderr } = await cli("status", "--stack", "nowhere");
    expect(stderr).toContain("there is no Pulumi.nowhere.yaml");
    expect(stderr).not.toContain("\u001b");
  });
});
