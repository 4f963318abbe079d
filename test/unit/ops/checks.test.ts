import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { problemError } from "../../../components/core/problem";
import type { OpsCommand } from "../../../infra/ops/command";
import { nagiosState, renderNagios } from "../../../infra/ops/nagios";
import { runProgram } from "../../../infra/ops/program";
import { exitCodes, type Report } from "../../../infra/ops/report";
import { Command } from "commander";

interface Looked {
  readonly looks: number;
}

/** A command that finds what it is told to find, look by look. */
function scripted(
  looks: readonly (Report<Looked>["findings"] | Error)[],
): OpsCommand<object, Looked, object> {
  let done = 0;
  return {
    name: "look",
    summary: "look",
    watch: true,
    nagios: ({ data }) => ({
      summary: `look ${data.looks}`,
      performance: [{ label: "looks", value: data.looks }],
    }),
    declare: () => undefined,
    run: () => {
      const found = looks[Math.min(done, looks.length - 1)] ?? [];
      done += 1;
      if (found instanceof Error) return Promise.reject(found);
      return Promise.resolve({ command: "look", stack: "dev", data: { looks: done }, findings: found });
    },
    render: ({ data }) => ({ output: `look ${data.looks}\n` }),
  };
}

async function run(argv: readonly string[], command: OpsCommand<object, Looked, object>) {
  const output = { stdout: "", stderr: "" };
  const ending = await runProgram(argv, [command], {
    program: new Command("ops"),
    open: () => Promise.resolve({}),
    explain: (error) => ({
      status: "cannot-tell",
      title: "no look",
      problems: [{ path: "", message: (error as Error).message, hint: "none" }],
    }),
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    env: {},
  });
  return { ...output, exitCode: exitCodes[ending] };
}

const warning = { subject: "a", message: "b", hint: "c" };
const critical = { ...warning, severity: "critical" } as const;

describe("a check for Nagios", () => {
  test("has the worst state of its findings", () => {
    const report = (findings: Report<null>["findings"]): Report<null> => ({
      command: "x",
      stack: "dev",
      data: null,
      findings,
    });
    expect(nagiosState(report([]))).toBe("OK");
    expect(nagiosState(report([warning]))).toBe("WARNING");
    expect(nagiosState(report([warning, critical]))).toBe("CRITICAL");
    expect(nagiosState({ ...report([]), cancelled: true })).toBe("UNKNOWN");
  });

  test("is one line, whatever it has to say", () => {
    const performance = [
      { label: "used", value: 83, unit: "%" as const, warning: 80, critical: 95 },
      { label: "it's odd", value: 1.5, unit: "s" as const, max: 9 },
      { label: "unknown", value: Number.NaN },
    ];
    expect(renderNagios("backup status", "WARNING", { summary: "two\nlines | and a bar", performance })).toBe(
      "PGSTEAD BACKUP STATUS WARNING - two lines and a bar | used=83%;80;95 'it''s odd'=1.5s;;;;9\n",
    );
    expect(renderNagios("health", "OK", { summary: "good", performance: [] })).toBe(
      "PGSTEAD HEALTH OK - good\n",
    );
  });

  test.each([
    ["good", [], 0, "OK"],
    ["a warning", [warning], 1, "WARNING"],
    ["something critical", [critical], 2, "CRITICAL"],
  ])("ends as its readers expect it: %s", async (_what, findings, exitCode, state) => {
    const { stdout, stderr, ...ended } = await run(["look", "--nagios"], scripted([findings]));
    expect(ended.exitCode).toBe(exitCode);
    expect(stdout).toBe(`PGSTEAD LOOK ${state} - look 1 | looks=1\n`);
    expect(stderr).toBe("");
  });

  test("that cannot look, or is asked for something unknown, is UNKNOWN", async () => {
    const failed = await run(["look", "--nagios"], scripted([new Error("no server")]));
    expect(failed).toEqual({
      exitCode: 3,
      stderr: "",
      stdout: "PGSTEAD LOOK UNKNOWN - no look: no server\n",
    });
    const unknown = await run(["look", "--nagios", "--colour"], scripted([[]]));
    expect(unknown.exitCode).toBe(3);
    expect(unknown.stdout).toContain("PGSTEAD OPS UNKNOWN - the command line is not usable: unknown option");
    const both = await run(["look", "--nagios", "--watch"], scripted([[]]));
    expect(both).toMatchObject({
      exitCode: 3,
      stdout: expect.stringContaining("stands beside --watch") as string,
    });
  });
});

describe("a command that watches", () => {
  /** Ends the watching as Ctrl-C does, once something is written. */
  async function interruptedAfter(
    text: string,
    argv: readonly string[],
    command: OpsCommand<object, Looked, object>,
  ) {
    const seen = { stdout: "", stderr: "" };
    const see = (stream: "stdout" | "stderr") => ({
      write: (part: string) => {
        seen[stream] += part;
        if (seen[stream].includes(text)) setImmediate(() => process.emit("SIGINT"));
      },
    });
    const ending = await runProgram(argv, [command], {
      program: new Command("ops"),
      open: () => Promise.resolve({}),
      explain: (error) => ({ status: "cannot-tell", ...describeAway(error) }),
      stdout: see("stdout"),
      stderr: see("stderr"),
      env: {},
    });
    return { ...seen, exitCode: exitCodes[ending] };
  }
  const describeAway = (error: unknown) => {
    const { title, problems } = problemError("no look", (error as Error).message, "none");
    return { title, problems };
  };

  test("looks until Ctrl-C, outlasts a server that is away, and ends as the last look did", async () => {
    const command = scripted([[], new Error("away"), [warning]]);
    const { stdout, stderr, exitCode } = await interruptedAfter(
      "1 finding",
      ["look", "--watch", "1"],
      command,
    );
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^[\d-]+T[\d:.]+Z, every 1 s until Ctrl-C\nlook 1\n[^\n]+\nlook 3\n/);
    expect(stderr).toContain("error: no look: away");
  });

  test("prints a line for each look with --json", async () => {
    const command = scripted([[], [critical]]);
    const { stdout } = await interruptedAfter('"looks":2', ["look", "--json", "--watch", "1"], command);
    const documents = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { status: string });
    expect(documents.map(({ status }) => status)).toEqual(["good", "finding"]);
  });

  test("does not wait for a look that hangs", async () => {
    const hanging = {
      ...scripted([[]]),
      run: () => pause(600_000, undefined, { ref: false }) as Promise<never>,
    };
    setImmediate(() => process.emit("SIGINT"));
    const ended = await run(["look", "--watch"], hanging);
    expect(ended.stderr).toContain("ended before the first look was done");
  });

  test.each(["0", "x", "86401"])("refuses to look every %s seconds", async (seconds) => {
    const ended = await run(["look", "--watch", seconds], scripted([[]]));
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toContain("is to be a number of seconds");
  });
});
