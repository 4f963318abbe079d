import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { copyProject } from "../support/checkout";
import { fakePulumi, makeMachine, start, type Ended, type Machine } from "./toolchain-fakes";

let machine: Machine;
let checkout: string;

beforeAll(async () => {
  machine = await makeMachine();
  checkout = join(machine.home, "check out");
  await copyProject(checkout);
  await machine.script(
    "pulumi",
    `${fakePulumi().replace('echo "$@"', "")}\necho "$@"; env | grep ^PULUMI_CONFIG_ | sort`,
  );
  await machine.script("pulumi-language-nodejs", "exit 0");
});
afterAll(() => machine.remove());
beforeEach(async () => {
  for (const stack of ["staging", "ci"]) await rm(join(checkout, `Pulumi.${stack}.yaml`), { force: true });
  await rm(join(machine.home, ".config"), { recursive: true, force: true });
});

const run = (script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  start({ ...machine.env, ...env }, script, args, "", checkout).ended;
const ops = (...args: readonly string[]) => run("infra/ops/cli.ts", args);
const pulumi = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  run("infra/toolchain/pulumi.ts", args, { PULUMI_BACKEND_URL: `file://${machine.home}/theirs`, ...env });

const passphrase = () => join(machine.home, ".config", "pgstead", "passphrases", "pgstead", "staging");
const stackFile = () => readFile(join(checkout, "Pulumi.staging.yaml"), "utf8");

describe("npm run ops -- new-stack", () => {
  test("writes a stack's file and a passphrase, and says what comes next", async () => {
    const { exitCode, stdout, stderr } = await ops("new-stack", "staging", "--from", "prod");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const prod = await readFile(join(checkout, "Pulumi.prod.yaml"), "utf8");
    expect(await stackFile()).toBe(prod.replace("up -s prod", "up -s staging"));
    expect(stdout).toContain(`wrote ${passphrase()}: a passphrase of its own`);
    expect(stdout).toMatch(/server\.port: port 5432 is published by stack prod as well\n.*hint: .*5433/);
    expect(stdout).toMatch(
      /Next\n {2}npm run pulumi -- stack init staging .*\n {2}npm run pulumi -- preview -s staging .*\n$/,
    );
    expect(stdout).not.toContain((await readFile(passphrase(), "utf8")).trim());
  });

  test("takes the only stack besides dev, tells secrets in JSON, and refuses to write twice", async () => {
    const file = join(checkout, "Pulumi.prod.yaml");
    const prod = await readFile(file, "utf8");
    try {
      await writeFile(file, `${prod}  pgstead:caKey:\n    secure: v1:secret\nencryptionsalt: v1:salt\n`);
      const { exitCode, stdout } = await ops("new-stack", "staging", "--json");
      expect(exitCode).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        command: "new-stack",
        stack: "staging",
        status: "good",
        findings: [],
        data: { from: "prod", passphrase: { state: "made" }, leftOut: [{ path: "pgstead:caKey" }] },
      });
      expect(await stackFile()).not.toMatch(/secure|v1:|encryptionsalt/);
      const again = await ops("new-stack", "staging");
      expect(again.exitCode).toBe(2);
      expect(again.stderr).toMatch(/Pulumi\.staging\.yaml: is there already\n.*hint: .*--force/);
      expect((await ops("new-stack", "staging", "--force")).stdout).toContain("was there already, and stays");
    } finally {
      await writeFile(file, prod);
    }
  });

  test("makes another embedded stack from that of dev, and says which port is taken", async () => {
    const { stdout } = await ops("new-stack", "ci", "--from", "dev");
    expect(stdout).toMatch(/server\.port: 54320 is the port of the server of stack dev as well\n.*54321/);
  });

  test.each([
    [["dev"], "is the embedded stack of this checkout"],
    [["prod"], "is there already"],
    [["staging", "--from", "prdo"], "did you mean --from prod?"],
    [["staging", "--from", "staging"], "is the new stack itself"],
    [["a/b"], "is not the name of a stack"],
    [["../x"], "is not the name of a stack"],
    [["Staging"], "which Docker does not take"],
    [["staging", "--stack", "prod"], "--from prod"],
    [[], "missing required argument 'name'"],
  ])("%j is refused with 2, and nothing is written", async (args, text) => {
    const { exitCode, stdout, stderr } = await ops("new-stack", ...args);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(text);
    expect(stderr).toContain("hint: ");
    await expect(stackFile()).rejects.toThrow("ENOENT");
    await expect(readFile(passphrase())).rejects.toThrow("ENOENT");
  });
});

describe("npm run pulumi", () => {
  test("uses the passphrase of a stack by itself, for that stack alone", async () => {
    await ops("new-stack", "staging");
    const variable = `PULUMI_CONFIG_PASSPHRASE_FILE=${passphrase()}\n`;
    const named = [
      ["config", "-s", "staging"],
      ["stack", "output", "--stack", "acme/pgstead/staging"],
      ["stack", "select", "staging"],
    ];
    for (const args of named) expect((await pulumi(args)).stdout).toContain(variable);
    expect((await pulumi(["stack", "output"], { PULUMI_STACK: "staging" })).stdout).toContain(variable);
    expect((await pulumi(["stack", "output", "-s", "prod"])).stdout).not.toContain("PASSPHRASE");
    const elsewhere = await pulumi(["stack", "output", "-s", "staging", "-C", "test"]);
    expect(elsewhere.stdout).not.toContain("PASSPHRASE");
  });

  test("leaves a passphrase that is named otherwise as it is", async () => {
    await ops("new-stack", "staging");
    const args = ["config", "-s", "staging"];
    for (const variable of [{ PULUMI_CONFIG_PASSPHRASE: "" }, { PULUMI_CONFIG_PASSPHRASE_FILE: "/theirs" }]) {
      const { stdout } = await pulumi(args, variable);
      expect(stdout).toContain(`${Object.entries(variable).join().replace(",", "=")}\n`);
      expect(stdout).not.toContain(passphrase());
    }
  });

  test("refuses a passphrase that others can read, and one command mends it", async () => {
    await ops("new-stack", "staging");
    await chmod(passphrase(), 0o644);
    const { exitCode, stderr } = await pulumi(["config", "-s", "staging"]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/others can read this passphrase\n.*chmod 0600/);
    await chmod(passphrase(), 0o600);
    expect((await pulumi(["config", "-s", "staging"])).exitCode).toBe(0);
  });

  test.each([
    ["up", "-s", "prod"],
    ["up", "--stack=prod", "--yes"],
    ["stack", "init", "prod"],
  ])("%s %s %s without a backend says how to choose one, before anything is gotten", async (...args) => {
    await mkdir(join(machine.home, "users-pulumi"), { recursive: true });
    const { exitCode, stdout, stderr } = await run("infra/toolchain/pulumi.ts", args);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^pgstead: stack prod:\n {2}no Pulumi login and no state is chosen for it/);
    for (const way of [
      "npm run pulumi -- login`",
      "login s3://bucket",
      "login file:///path",
      "PULUMI_BACKEND_URL",
    ])
      expect(stderr).toContain(way);
    expect(stderr).toContain("npm run pulumi -- stack init prod");
  });
});
