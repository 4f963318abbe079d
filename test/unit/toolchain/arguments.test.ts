import { describe, expect, test } from "vitest";
import {
  isOfLogin,
  needsStack,
  parseCommand,
  runsEngine,
  takesConfigFile,
  withOptions,
} from "../../../infra/toolchain/arguments";

describe("a Pulumi command line", () => {
  test.each([
    [["up"], ["up"]],
    [["update", "--yes"], ["up"]],
    [["--color", "never", "pre"], ["preview"]],
    [["-v=3", "dn"], ["destroy"]],
    [
      ["config", "set", "--path", "a.b", "c"],
      ["config", "set"],
    ],
    [
      ["stack", "new", "prod"],
      ["stack", "init"],
    ],
    [["stack"], ["stack"]],
    [["--help"], []],
    [[], []],
  ])("%j has the words %j", (args, words) => {
    expect(parseCommand(args).words).toEqual(words);
  });

  test.each([
    [["up", "--stack", "prod"], "prod"],
    [["up", "--stack=prod"], "prod"],
    [["up", "-s", "prod"], "prod"],
    [["up", "-sprod"], "prod"],
    [["-s", "prod", "up"], "prod"],
    [["stack", "select", "prod"], "prod"],
    [["stack", "init", "acme/prod"], "acme/prod"],
    [["stack", "rm", "--yes", "prod"], "prod"],
    [["config", "set", "stack", "prod"], undefined],
    [["up", "--message", "--stack", "x"], undefined],
    [["up", "--", "--stack", "x"], undefined],
  ])("%j names the stack %s", (args, stack) => {
    expect(parseCommand(args).stack).toBe(stack);
  });

  test("a value of another option is not taken for a command", () => {
    expect(parseCommand(["--tracing", "up", "preview"]).words).toEqual(["preview"]);
  });

  test("an own configuration file and an own directory are seen", () => {
    expect(parseCommand(["up", "--config-file=x.yaml"]).hasConfigFile).toBe(true);
    expect(parseCommand(["-C", "elsewhere", "up"]).hasDirectory).toBe(true);
    expect(parseCommand(["up"])).toMatchObject({ hasConfigFile: false, hasDirectory: false });
  });
});

describe("which commands get the copy of the stack's file", () => {
  const config = (args: string[]) => takesConfigFile(parseCommand(args));

  test.each(["preview", "up", "refresh", "destroy", "import", "watch", "logs", "config"])("%s", (word) => {
    expect(config([word])).toBe(true);
  });

  test.each(["stack", "state", "cancel", "version", "login", "whoami", "about"])("not %s", (word) => {
    expect(config([word])).toBe(false);
  });

  test("the help of a command does not", () => {
    expect(config(["up", "--help"])).toBe(false);
  });

  test("the option is put behind the command, before its arguments", () => {
    const args = ["--color=never", "config", "set", "name", "--", "-value"];
    expect(withOptions(args, parseCommand(args), ["--config-file=x"])).toEqual([
      ...["--color=never", "config", "set", "--config-file=x", "name", "--", "-value"],
    ]);
  });
});

describe("what a command needs", () => {
  const facts = (...args: string[]) => {
    const command = parseCommand(args);
    return [runsEngine(command), needsStack(command), isOfLogin(command)];
  };

  test("a preview runs the engine on a stack", () => {
    expect(facts("preview")).toEqual([true, true, false]);
  });

  test("the outputs need the stack and no plugin", () => {
    expect(facts("stack", "output")).toEqual([false, true, false]);
  });

  test("a stack that is being made need not exist", () => {
    expect(facts("stack", "init", "dev")).toEqual([false, false, false]);
  });

  test("a login has nothing to do with stack dev", () => {
    expect(facts("login")).toEqual([false, false, true]);
  });

  test("a version needs nothing", () => {
    expect(facts("version")).toEqual([false, false, false]);
    expect(facts("--help")).toEqual([false, false, false]);
  });
});
