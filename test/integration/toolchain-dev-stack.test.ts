import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { projectRoot } from "../../components/io/places";
import { parseCommand } from "../../infra/toolchain/arguments";
import { createContext, type ToolchainContext } from "../../infra/toolchain/context";
import { ensureDevStack, locateDevStack, type DevStack } from "../../infra/toolchain/dev-stack";
import { prepareEnvironment } from "../../infra/toolchain/environment";
import { copyStackFile } from "../../infra/toolchain/stack-copy";
import { fakePulumi, makeMachine, start, type Machine } from "./toolchain-fakes";

let machine: Machine;
beforeEach(async () => {
  machine = await makeMachine();
  await machine.script("pulumi", fakePulumi());
  await machine.script("pulumi-language-nodejs", "exit 0");
});
afterEach(() => machine.remove());

const committed = "# everybody's\nconfig:\n  pgstead:target: embedded\n  pgstead:server: { port: 54320 }\n";

/** A checkout with nothing but its two files, and its dev stack. */
async function makeProject(): Promise<{ context: ToolchainContext; dev: DevStack; file: string }> {
  const project = join(machine.home, "a project");
  await mkdir(project, { recursive: true });
  await writeFile(join(project, "Pulumi.yaml"), "name: pgstead\nruntime: nodejs\n");
  const file = join(project, "Pulumi.dev.yaml");
  await writeFile(file, committed);
  const context = createContext(machine.env, project);
  const dev = await ensureDevStack(context, {
    program: join(machine.path, "pulumi"),
    env: { ...machine.env, PULUMI_BACKEND_URL: `file://${locateDevStack(context).backend}` },
  });
  return { context, dev, file };
}

describe("the dev stack", () => {
  test("has a passphrase of its own that nobody else can read, and is made once", async () => {
    const { context, dev } = await makeProject();
    const passphrase = await readFile(dev.passphraseFile, "utf8");
    expect(passphrase.trim()).toHaveLength(32);
    expect((await stat(dev.passphraseFile)).mode & 0o777).toBe(0o600);
    expect((await stat(dev.stub)).mode & 0o777).toBe(0o700);
    await ensureDevStack(context, { program: "/nonexistent/pulumi", env: {} }); // Pulumi is not asked again
    expect(await readFile(dev.passphraseFile, "utf8")).toBe(passphrase);
  });

  test("is another one in another checkout", async () => {
    const { context } = await makeProject();
    const other = createContext(machine.env, machine.home);
    expect(other.state).not.toBe(context.state);
    expect(other.cache).toBe(context.cache);
  });

  test("is not given another passphrase when its own is gone", async () => {
    const { context, dev } = await makeProject();
    await rm(dev.passphraseFile);
    await expect(ensureDevStack(context, { program: "pulumi", env: {} })).rejects.toThrow(
      /it is gone, and with it the secrets of stack dev[^]*hint: [^]*remove .*backend/,
    );
  });

  test("is made anew with another passphrase when the lost one's state was removed, as the hint says", async () => {
    const { context, dev } = await makeProject();
    await rm(dev.passphraseFile);
    await rm(dev.backend, { recursive: true });
    await ensureDevStack(context, {
      program: join(machine.path, "pulumi"),
      env: { ...machine.env, PULUMI_BACKEND_URL: `file://${dev.backend}` },
    });
    expect(existsSync(dev.checkpoint)).toBe(true);
    expect(existsSync(dev.passphraseFile)).toBe(true);
  });

  test("is unlocked when the Pulumi that locked it was killed, and only then", async () => {
    const { context, dev } = await makeProject();
    await mkdir(dev.locks, { recursive: true });
    const lock = (pid: number, host: string) => JSON.stringify({ pid, hostname: host, username: "x" });
    await writeFile(join(dev.locks, "dead.json"), lock(2 ** 22 + 1, hostname()));
    await writeFile(join(dev.locks, "running.json"), lock(process.pid, hostname()));
    await writeFile(join(dev.locks, "elsewhere.json"), lock(2 ** 22 + 1, "another-machine"));
    await ensureDevStack(context, { program: "pulumi", env: {} });
    expect((await readdir(dev.locks)).sort()).toEqual(["elsewhere.json", "running.json"]);
  });

  test("can be read again when Pulumi was killed while it wrote: torn attributes of its files are removed", async () => {
    const { context, dev } = await makeProject();
    const torn = ["", '{"user.cache_control":"","md5":"q'];
    for (const [index, text] of torn.entries()) await writeFile(`${dev.checkpoint}.${index}.attrs`, text);
    await writeFile(`${dev.checkpoint}.attrs`, '{"md5":"qqqq"}');
    await ensureDevStack(context, { program: "pulumi", env: {} });
    expect((await readdir(dirname(dev.checkpoint))).sort()).toEqual(["dev.json", "dev.json.attrs"]);
  });

  test("uses nothing of the user's own Pulumi", async () => {
    const { context } = await makeProject();
    Object.assign(context.env, {
      PULUMI_HOME: "/users",
      PULUMI_ACCESS_TOKEN: "token",
      PULUMI_CONFIG_PASSPHRASE: "users",
    });
    const { env, dev } = await prepareEnvironment(context, parseCommand(["stack", "output"]));
    expect(env).toMatchObject({ PULUMI_STACK: "dev", PULUMI_BACKEND_URL: `file://${dev?.backend ?? ""}` });
    expect(env.PULUMI_HOME).not.toBe("/users");
    expect(env.PULUMI_NODEJS_ROOT_DIRECTORY).toBe(context.project);
    expect(env.PULUMI_CONFIG_PASSPHRASE_FILE).toBe(dev?.passphraseFile);
    expect([env.PULUMI_ACCESS_TOKEN, env.PULUMI_CONFIG_PASSPHRASE]).toEqual([undefined, undefined]);
  });
});

test("a backend that is set by the environment is said, where stack dev may have been meant", async () => {
  const { context } = await makeProject();
  const said: string[] = [];
  const theirs = {
    ...context,
    env: { ...context.env, PULUMI_BACKEND_URL: "file:///theirs" },
    say: (line: string) => void said.push(line),
  };
  await prepareEnvironment(theirs, parseCommand(["stack", "--stack", "prod"]));
  await prepareEnvironment(theirs, parseCommand(["version"]));
  expect(said).toEqual([]);
  await prepareEnvironment(theirs, parseCommand(["stack", "output"]));
  expect(said).toEqual([expect.stringMatching(/PULUMI_BACKEND_URL is set: .*file:\/\/\/theirs.*unset it/)]);
});

test("a start takes no argument: Pulumi would look for a template of that name", async () => {
  const { exitCode, stderr } = await start(machine.env, "infra/toolchain/start.ts", ["staging"]).ended;
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/npm start -- staging:\n.*options only\n.*hint: .*npm start -- --stack staging/);
});

describe("the stack's file in the checkout", () => {
  const copyOf = (args: readonly string[]) =>
    args.find((arg) => arg.startsWith("--config-file="))?.slice(14) ?? "";

  test("stays as it is: the command gets a copy with the salt, which is gone afterwards", async () => {
    const { context, dev, file } = await makeProject();
    const { args, finish } = copyStackFile(context.project, dev, parseCommand(["up"]), ["up"]);
    expect(await readFile(copyOf(args), "utf8")).toContain("encryptionsalt:");
    finish();
    expect(existsSync(copyOf(args))).toBe(false);
    expect(await readFile(file, "utf8")).toBe(committed);
  });

  test("that cannot be written is one error with a hint, not a lost change", async () => {
    const { context, dev, file } = await makeProject();
    const { args, finish } = copyStackFile(context.project, dev, parseCommand(["config", "set"]), ["config"]);
    await writeFile(copyOf(args), committed.replace("54320", "54321"));
    await rm(context.project, { recursive: true });
    expect(finish).toThrow(
      new RegExp(`${file}:\\n.*cannot be written there: ENOENT.*\\n.*hint: make the file`),
    );
  });

  test("gets what a command changed in its copy, and keeps its comments", async () => {
    const { context, dev, file } = await makeProject();
    const { args, finish } = copyStackFile(context.project, dev, parseCommand(["config", "set"]), [
      "config",
      "set",
    ]);
    const text = await readFile(copyOf(args), "utf8");
    await writeFile(copyOf(args), text.replace("54320", "54321"));
    finish();
    expect(await readFile(file, "utf8")).toBe(committed.replace("54320", "54321"));
  });

  test("loses a salt that a command without such an option wrote, or that a killed one left", async () => {
    const { context, dev, file } = await makeProject();
    const salted = `encryptionsalt: v1:fake\n${committed.replace("54320 }", "54320}")}`;
    const history = copyStackFile(context.project, dev, parseCommand(["stack", "history"]), [
      "stack",
      "history",
    ]);
    await writeFile(file, salted);
    history.finish();
    expect(await readFile(file, "utf8")).toBe(committed);
    await writeFile(file, `encryptionsalt: v1:fake\n${committed}`);
    copyStackFile(context.project, dev, parseCommand(["preview"]), ["preview"]).finish();
    expect(await readFile(file, "utf8")).toBe(committed);
  });

  test("keeps the salt of somebody else's passphrase", async () => {
    const { context, dev, file } = await makeProject();
    const salted = `encryptionsalt: v1:theirs\n${committed}`;
    await writeFile(file, salted);
    copyStackFile(context.project, dev, parseCommand(["preview"]), ["preview"]).finish();
    expect(await readFile(file, "utf8")).toBe(salted);
  });

  test("survives `stack rm` and `destroy --remove`", async () => {
    const { context, dev, file } = await makeProject();
    const args = ["stack", "rm", "--yes"];
    expect(copyStackFile(context.project, dev, parseCommand(args), args).args).toEqual([
      ...["stack", "rm", "--preserve-config", "--yes"],
    ]);
    const destroy = copyStackFile(context.project, dev, parseCommand(["destroy"]), ["destroy"]);
    await rm(file);
    destroy.finish();
    expect(await readFile(file, "utf8")).toBe(committed);
  });

  test("two commands at once have a copy each, and the copies of killed ones are removed", async () => {
    const { context, dev } = await makeProject();
    const forgotten = join(dev.stub, `run-${2 ** 22 + 1}.yaml`);
    const others = join(dev.stub, `run-${process.ppid}.yaml`);
    await Promise.all([forgotten, others].map((file) => writeFile(file, "")));
    copyStackFile(context.project, dev, parseCommand(["up"]), ["up"]).finish();
    expect([existsSync(forgotten), existsSync(others)]).toEqual([false, true]);
  });
});

describe("npm run pulumi", () => {
  test("gives the exit code of the command", async () => {
    expect((await machine.pulumi("about").ended).exitCode).toBe(42);
  });

  test("hands standard input on", async () => {
    const run = start(machine.env, "infra/toolchain/pulumi.ts", ["whoami"], "typed\n");
    expect((await run.ended).stdout).toBe("typed\n");
  });

  test("hands a signal on once, and waits for the command to end", async () => {
    const run = machine.pulumi("cancel");
    while ((await machine.lines("ready")).length === 0) await sleep(50);
    run.child.kill("SIGINT");
    const { exitCode, stdout } = await run.ended;
    expect([exitCode, stdout, await machine.lines("signals")]).toEqual([7, "ended\n", ["got a signal"]]);
  });

  test("on another stack, without a login, says how to get one", async () => {
    const { exitCode, stderr } = await machine.pulumi("preview", "--stack", "prod").ended;
    expect(exitCode).toBe(2);
    expect(stderr).toContain("stack prod:");
    expect(stderr).toContain("no Pulumi login and no state is chosen for it");
    expect(stderr).toContain("npm run pulumi -- login");
  });

  test("on another stack leaves the arguments and the user's login as they are", async () => {
    machine.env.PULUMI_BACKEND_URL = "file:///somewhere";
    machine.env.PULUMI_CONFIG_PASSPHRASE = "theirs";
    await machine.script(
      "pulumi",
      `${fakePulumi().replace('echo "$@"', "")}\necho "$@"; env | grep ^PULUMI_ | sort`,
    );
    const { stdout } = await machine.pulumi("stack", "output", "--stack", "prod").ended;
    expect(stdout.trim().split("\n")).toEqual([
      "stack output --stack prod",
      "PULUMI_BACKEND_URL=file:///somewhere",
      "PULUMI_CONFIG_PASSPHRASE=theirs",
      `PULUMI_HOME=${machine.env.PULUMI_HOME ?? ""}`,
      `PULUMI_NODEJS_ROOT_DIRECTORY=${projectRoot()}`,
    ]);
  });

  test("of two first runs at once makes the stack once", async () => {
    const runs = await Promise.all([machine.pulumi("stack").ended, machine.pulumi("stack").ended]);
    expect(runs.map(({ exitCode, stdout }) => [exitCode, stdout])).toEqual([
      [0, "stack\n"],
      [0, "stack\n"],
    ]);
    expect(await readdir(join(machine.home, "state", "checkouts"))).toHaveLength(1);
  });
});

test("npm start says what it is, without starting anything", async () => {
  const { exitCode, stdout } = await start(machine.env, "infra/toolchain/start.ts", ["--help"]).ended;
  expect(exitCode).toBe(0);
  expect(stdout).toContain("npm start -- [options]");
  expect(existsSync(join(machine.home, "state"))).toBe(false);
});
