import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  isSecret,
  secret,
  unknown,
  type PropertyMap,
  type PropertyValue,
} from "../../components/providers/properties";
import { program, textAsset } from "../fixtures/official-command/program";
import { eventually } from "../support/eventually";
import { startProvider, type ProviderClient } from "../support/provider-client";
import { ProviderStack, type Declared } from "../support/provider-stack";
import { startSshServer, type SshServer } from "../support/ssh-server";

interface Recorded {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
}

const fixture = (file: string): unknown =>
  JSON.parse(readFileSync(join(__dirname, "../fixtures/official-command", `${file}.json`), "utf8"));
const recorded = (step: number) => fixture(`state-${step}`) as readonly Recorded[];
const steps = fixture("steps") as Record<string, readonly { op: string; name: string; diff: string[] }[]>;

let sshd: SshServer;
let provider: ProviderClient;
let stack: ProviderStack;

const start = async (): Promise<ProviderClient> => {
  const client = await startProvider({
    entry: "infra/toolchain/offline/command/main.ts",
    env: { SSH_AUTH_SOCK: "" },
  });
  await client.configure({});
  return client;
};

beforeAll(async () => {
  [sshd, provider] = await Promise.all([startSshServer(), start()]);
  stack = new ProviderStack(provider);
});

afterAll(async () => {
  await Promise.all([sshd.stop(), provider.stop()]);
  rmSync(sshd.directory, { recursive: true, force: true });
});

/** What a program writes, with the SDK's defaults. */
const connection = (changes: PropertyMap = {}): PropertyMap => ({
  host: "127.0.0.1",
  port: sshd.port,
  user: sshd.user,
  privateKey: sshd.privateKey("key"),
  dialErrorLimit: 3,
  perDialTimeout: 15,
  ...changes,
});

const recordedProgram = (step: 1 | 2 | 3) =>
  program(step, {
    connection: connection(),
    dir: sshd.directory,
    remotePath: join(sshd.directory, "copied.txt"),
  });

const command = (inputs: PropertyMap, name = "own"): Declared => ({
  name,
  token: "command:local:Command",
  inputs,
});
const remote = (inputs: PropertyMap, name = "far"): Declared => ({
  name,
  token: "command:remote:Command",
  inputs: { connection: secret(connection()), ...inputs },
});

describe("the recorded program gives the answers of the official plugin", () => {
  function expectRecorded(step: 1 | 2 | 3): void {
    const expected = recorded(step).filter(({ type }) => type.startsWith("command:"));
    for (const { name, type, id, inputs, outputs } of expected) {
      const entry = stack.entry(`${type.split(":").at(-1) ?? ""}/${name}`);
      expect(entry.token).toBe(type);
      // Eight digits after the name; those of a copy have none.
      expect(entry.id.replace(/[0-9a-f]{8}$/, "")).toBe(id.replace(/[0-9a-f]{8}$/, ""));
      expect([name, masked(entry.inputs)]).toEqual([name, inputs]);
      expect([name, masked(entry.state)]).toEqual([name, outputs]);
    }
  }

  test("the provider's configuration is completed as recorded", async () => {
    const settings = recorded(1).find(({ type }) => type.startsWith("pulumi:"))?.inputs ?? {};
    expect(await provider.checkConfig({ version: "1.2.1" })).toEqual({ inputs: settings, failures: [] });
    expect(await provider.diffConfig(settings, settings)).toMatchObject({ changed: false });
    const { failures } = await provider.checkConfig({ host: "x" });
    expect(failures.map(({ property }) => property)).toEqual(["host"]);
  });

  test("steps 1 and 2, a second run and a refresh", async () => {
    const made = await stack.up(...Object.values(recordedProgram(1)));
    expect(made.map(({ op }) => op)).toEqual(["create", "create", "create"]);
    expectRecorded(1);
    expect(readFileSync(join(sshd.directory, "copied.txt"), "utf8")).toBe("one\n");
    expect(await stack.up(...Object.values(recordedProgram(1)))).toEqual([]);
    expect(await stack.refresh()).toEqual([]);
    const changed = await stack.up(...Object.values(recordedProgram(2)));
    const byName = <Item extends { name: string }>(items: readonly Item[]) =>
      items.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    expect(byName(changed)).toEqual(byName(steps["up 2"] ?? []));
    expectRecorded(2);
    expect(readFileSync(join(sshd.directory, "copied.txt"), "utf8")).toBe("two\n");
  });

  test("step 3: changed triggers are replaced by the SDK's word, and the old one is deleted after", async () => {
    const { lc } = recordedProgram(3);
    const old = stack.entry("Command/lc");
    // The engine makes it a replacement, as the SDK says `replaceOnChanges: ["triggers[*]"]`: "replace" stays empty.
    expect(await stack.diff(lc)).toMatchObject({
      diffs: ["triggers"],
      replaces: [],
      deleteBeforeReplace: false,
      detailed: { "triggers[0]": "update" },
    });
    expect(steps["up 3"]).toEqual([{ op: "replace", name: "lc", diff: ["triggers"], replace: [] }]);
    stack.entries.delete("Command/lc");
    await stack.up(lc);
    expectRecorded(3);
    await provider.resource(lc.token, "lc").delete(old.id, old);
    expect(readFileSync(join(sshd.directory, "lc.deleted"), "utf8")).toBe("gone\n");
    await stack.destroy();
    // Deleting a copy removes nothing.
    expect(existsSync(join(sshd.directory, "copied.txt"))).toBe(true);
  });
});

describe("commands", () => {
  test("run nothing in a preview, and their outputs are not known then", async () => {
    const mark = join(sshd.directory, "previewed");
    for (const { token, name, inputs } of [
      command({ create: `touch '${mark}'` }),
      remote({ create: `touch '${mark}'` }),
    ]) {
      const { state } = await provider.resource(token, name).create(inputs, { preview: true });
      expect(state).toMatchObject({ stdout: unknown, stderr: unknown });
    }
    expect(existsSync(mark)).toBe(false);
  });

  test("run create again where there is no update; the last output is in the environment, unless refused", async () => {
    await stack.up(command({ create: 'echo "a=$A last=$PULUMI_COMMAND_STDOUT"', environment: { A: "1" } }));
    await stack.up(command({ create: 'echo "a=$A last=$PULUMI_COMMAND_STDOUT"', environment: { A: "2" } }));
    expect(stack.entry("Command/own").state.stdout).toBe("a=2 last=a=1 last=");
    const quiet = { create: 'echo "last=$PULUMI_COMMAND_STDOUT"', addPreviousOutputInEnv: false };
    await stack.up(command(quiet));
    expect(stack.entry("Command/own").state.stdout).toBe("last=");
    await stack.up(command({ create: "print('py', end='')", interpreter: ["python3", "-c"], dir: "/" }));
    expect(stack.entry("Command/own").state.stdout).toBe("py");
    await stack.destroy("Command/own");
  });

  test("that fail say what they said, without secrets, and leave the state as it was", async () => {
    await stack.up(command({ create: "echo fine", delete: "exit 0" }));
    const before = stack.entry("Command/own");
    const failing = command({
      create: "echo fine",
      update: 'echo "out $TOKEN"; echo oops >&2; exit 7',
      environment: { TOKEN: secret("a-secret-token") },
    });
    const said = await stack.up(failing).catch((error: unknown) => String(error));
    expect(said).toContain("could not be updated: exit status 7: running");
    expect(said).toContain("out [secret]");
    expect(said).toContain("oops");
    expect(said).not.toContain("a-secret-token");
    expect(stack.entry("Command/own")).toEqual(before);
    const lines = provider.messages.map(({ message }) => message);
    expect(lines).toContain("out [secret]");
    const far = await stack
      .up(remote({ create: "cat; exit 4", stdin: secret("sent-in-secret") }))
      .catch(String);
    expect(far).toContain("could not be created: Process exited with status 4");
    expect(far).not.toContain("sent-in-secret");
    expect(stack.entries.has("Command/far")).toBe(false);
    await stack.destroy("Command/own");
  });

  test("show lines as logging says", async () => {
    await stack.up(command({ create: "echo shown-out; echo hidden-err >&2", logging: "stdout" }));
    const lines = provider.messages.filter(({ ephemeral }) => ephemeral).map(({ message }) => message);
    expect(lines).toContain("shown-out");
    expect(lines).not.toContain("hidden-err");
    await stack.destroy("Command/own");
  });

  test("there get their environment by AcceptEnv, or fail before they start", async () => {
    await stack.up(remote({ create: 'echo "$SHOP_X"', environment: { SHOP_X: "taken" } }));
    expect(stack.entry("Command/far").state.stdout).toBe("taken");
    const refused = stack.up(remote({ create: "true", environment: { OTHER: "x" } }));
    await expect(refused).rejects.toThrow("does not take the variable OTHER");
    const wrong = connection({ hostKey: sshd.publicKey("stranger") });
    const error = await stack.up(remote({ create: "true", connection: secret(wrong) })).catch(String);
    expect(error).toMatch(/no algorithm|another host key/);
    await stack.destroy("Command/far");
  });

  test("end when the run is cancelled", async () => {
    const own = await start();
    const mark = join(sshd.directory, "cancelled");
    const inputs = { create: `echo $$ > '${mark}'; sleep 60; touch '${mark}.late'` };
    const running = own.resource("command:local:Command", "long").create(inputs);
    await eventually("it runs", () => existsSync(mark) || undefined);
    await own.cancel();
    await expect(running).rejects.toThrow("the run was cancelled");
    await own.stop();
    expect(existsSync(`${mark}.late`)).toBe(false);
  });
});

test("what is not supported, and what is wrong, is refused by name, all of it at once", async () => {
  const check = async ({ token, name, inputs }: Declared): Promise<string[]> =>
    (await provider.resource(token, name).check(inputs)).failures.map(
      ({ property, reason }) => `${property} ${reason}`,
    );
  const own = await check(command({ assetPaths: ["*"], archivePaths: ["*"], logging: "loud", wrong: "x" }));
  expect(own).toHaveLength(4);
  expect(own.join("\n")).toContain(
    "`assetPaths` of Command is not supported by the offline edition of the command plugin",
  );
  const bad = connection({ port: "many", hostKey: "ssh-dss AA", proxy: { user: "x" } });
  const far = await check(remote({ connection: secret(bad) }));
  expect(far.toSorted()).toEqual([
    expect.stringMatching(/^ ?connection.hostKey: .*must be the line of a host key/),
    expect.stringMatching(/^ ?connection.port: .*whole number/),
    expect.stringMatching(/^ ?connection.proxy.host: .*needs `host`/),
  ]);
  expect(far.join("\n")).not.toContain("PRIVATE KEY");
  const copy = (source: PropertyValue): Declared => ({
    name: "cp",
    token: "command:remote:CopyToRemote",
    inputs: { connection: secret(connection()), remotePath: "x", source },
  });
  expect(await check(copy(textAsset("x")))).toEqual([]);
  const { text: _, ...elsewhere } = textAsset("x");
  expect(await check(copy({ ...elsewhere, uri: "https://example.com" }))).toHaveLength(1);
  expect(await check(copy({ ...elsewhere, path: "/none" }))).toEqual([
    expect.stringContaining("there is no /none"),
  ]);
  const other = provider.resource("command:remote:CopyFile", "old").check({});
  await expect(other).rejects.toThrow("command:remote:CopyFile is not supported");
});

/** As the recorded states write secrets, keys and assets, and with their places. */
function masked(map: PropertyMap): PropertyMap {
  const mask = (value: PropertyValue | undefined): PropertyValue | undefined => {
    if (isSecret(value)) return { "<secret>": mask((value as PropertyMap).value) };
    if (Array.isArray(value)) return value.map((item: PropertyValue) => mask(item) ?? null);
    if (typeof value === "string") return masks.get(value) ?? value;
    if (typeof value !== "object" || value === null) return value === sshd.port ? 2222 : value;
    const { "4dabf18193072939515e22adb298388d": kind, ...rest } = value as PropertyMap;
    if (kind !== undefined) return { "<asset>": { ...rest, hash: "<64 hex>" } };
    return Object.fromEntries(Object.entries(rest).map(([name, item]) => [name, mask(item)]));
  };
  const masks = new Map([
    [sshd.privateKey("key"), "<private key>"],
    [sshd.directory, "/tmp"],
    [join(sshd.directory, "copied.txt"), "./copied.txt"],
    [sshd.user, "root"],
  ]);
  return mask(map) as PropertyMap;
}
