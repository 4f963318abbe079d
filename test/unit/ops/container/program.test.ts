import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { commands } from "../../../../infra/ops/commands";
import { systemClock } from "../../../../infra/ops/container/clock";
import { containerCommands, runContainer } from "../../../../infra/ops/container/program";
import { listenToSignals } from "../../../../infra/ops/container/signals";
import { exitCodes } from "../../../../infra/ops/report";

async function run(...argv: readonly string[]) {
  const output = { stdout: "", stderr: "" };
  const status = await runContainer(argv, {
    version: "0.2.0",
    clock: systemClock,
    listen: () => listenToSignals(new EventEmitter()),
    stdout: { write: (text) => (output.stdout += text) },
    stderr: { write: (text) => (output.stderr += text) },
    env: {},
  });
  return { ...output, exitCode: exitCodes[status] };
}

/** The same command is in the container. */
const isHere = (name: string): boolean => /^(?:status|health|jobs|recovery|restore|backup.*)$/.test(name);

describe("the command line of the ops container", () => {
  test("knows every command of the operator's, to say where it runs", () => {
    const known = containerCommands.map(({ name }) => name);
    expect(commands.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([]);
  });

  test.each(commands.map(({ name }) => name).filter((name) => !isHere(name)))(
    "%s ends with 2 and says where to run it, whatever its options",
    async (name) => {
      const { exitCode, stderr } = await run("--context", "/nowhere", ...name.split(" "), "--fix", "x");
      expect(exitCode).toBe(2);
      expect(stderr).toContain("it does not run in this container");
      expect(stderr).toContain(`run \`npm run ops -- ${name} --stack <stack>\` in the checkout`);
    },
  );

  test("prints help with the exit codes, and its version", async () => {
    const help = await run("--help");
    expect(help).toMatchObject({ exitCode: 0, stderr: "" });
    expect(help.stdout).toContain("schedule");
    expect(help.stdout).toContain("Exit codes:");
    expect(await run("--version")).toMatchObject({ exitCode: 0, stdout: "0.2.0\n" });
  });

  test.each([["schedule"], ["status"], ["recovery"], ["health"], ["run", "logs"]])(
    "%s ends with 2 where there is no context",
    async (...argv) => {
      const { exitCode, stderr } = await run("--context", "/nowhere/context.json", ...argv);
      expect(exitCode).toBe(2);
      expect(stderr).toContain("/nowhere/context.json: cannot be read");
    },
  );

  test("an unknown command ends with 2, as JSON where that is asked for", async () => {
    expect(await run("resurrect")).toMatchObject({ exitCode: 2, stdout: "" });
    const { exitCode, stdout } = await run("resurrect", "--json");
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ status: "usage" });
  });
});

test("signals are given once each, in their order, whenever they came", async () => {
  const source = new EventEmitter();
  const asked = listenToSignals(source);
  source.emit("SIGHUP");
  source.emit("SIGTERM");
  expect([await asked(), await asked()]).toEqual(["reload", "end"]);
  const later = asked();
  source.emit("SIGINT");
  expect(await later).toBe("end");
});
