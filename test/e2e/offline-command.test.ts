import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
import { startSshServer, type SshServer } from "../support/ssh-server";

let checkout: Checkout;
let sshd: SshServer;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  [checkout, sshd] = await Promise.all([makeCheckout(), startSshServer()]);
  const home = dirname(checkout.directory);
  await mkdir(join(home, "backend"));
  env = {
    PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
    PULUMI_HOME: join(home, "pulumi"),
    PULUMI_CONFIG_PASSPHRASE: "of a test",
    DIRECTORY: sshd.directory,
    SSH_PORT: String(sshd.port),
    SSH_USER: sshd.user,
    SSH_KEY: join(sshd.directory, "key"),
    SSH_HOST_KEY: sshd.publicKey("host"),
  };
  await pulumi(1, "stack", "init", "trial");
});

afterAll(async () => {
  await checkout.remove();
  await sshd.stop();
  await rm(sshd.directory, { recursive: true, force: true });
});

/** The wrapper in the directory of a program that runs commands, with the values of a step. */
function pulumi(step: number, ...args: string[]): Promise<Output> {
  const words = ["--cwd", "test/fixtures/command-program", ...args];
  return checkout.run("infra/toolchain/pulumi.ts", words, { env: { ...env, STEP: String(step) } });
}

const up = (step: number): Promise<Output> =>
  pulumi(step, "up", "--yes", "--skip-preview", "--stack", "trial");

async function said(): Promise<unknown> {
  const { stdout } = await pulumi(1, "stack", "output", "--json", "--stack", "trial");
  return (JSON.parse(stdout) as { said: unknown }).said;
}

test("the real engine makes, updates, replaces, refreshes and destroys commands and copies", async () => {
  await up(1);
  expect(await said()).toEqual(["created 1", "created"]);
  const { stdout: state } = await pulumi(1, "stack", "export", "--stack", "trial");
  expect(state).toContain('"command:remote:CopyToRemote"');
  expect(state).not.toMatch(/PRIVATE KEY|of the input/);
  expect((await up(2)).text).toMatch(/~ 3 updated/);
  expect(await said()).toEqual(["updated 2 after created 1", "created again"]);
  expect(readFileSync(join(sshd.directory, "copied.txt"), "utf8")).toBe("two\n");
  // Changed triggers replace: the new one is made, then the old one's delete runs.
  expect((await up(3)).text).toMatch(/\+-1 replaced/);
  expect(await said()).toEqual(["created 2", "created again"]);
  expect(readFileSync(join(sshd.directory, "here.deleted"), "utf8")).toBe("gone\n");
  await pulumi(3, "refresh", "--yes", "--skip-preview", "--expect-no-changes", "--stack", "trial");
  await pulumi(3, "destroy", "--yes", "--skip-preview", "--stack", "trial");
  expect(readFileSync(join(sshd.directory, "here.deleted"), "utf8")).toBe("gone\ngone\n");
  expect(existsSync(join(sshd.directory, "copied.txt"))).toBe(true);
});
