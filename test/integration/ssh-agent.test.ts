import { execFile } from "node:child_process";
import { rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { HostPlace } from "../../components/core/host/place";
import type { PropertyMap } from "../../components/providers/properties";
import { openKeyAgent, type KeyAgent } from "../../components/io/ssh/agent";
import { lookAtHost } from "../../components/io/host/login";
import { closeHosts } from "../../components/io/host/shell";
import { loginOf } from "../../infra/toolchain/offline/command/remote-login";
import { withSsh } from "../../components/io/ssh/connection";
import { passphrase, startSshServer, type SshServer } from "../support/ssh-server";

let sshd: SshServer;

beforeAll(async () => {
  sshd = await startSshServer();
});

afterAll(async () => {
  await closeHosts();
  await sshd.stop();
  await rm(sshd.directory, { recursive: true, force: true });
});

const run = promisify(execFile);

/** OpenSSH's own client, with nothing but an agent, straight there or through a bastion. */
async function openssh(agent: KeyAgent, ...more: string[]): Promise<string> {
  const options = [
    ...["-F", "none", "-p", String(sshd.port), "-o", "StrictHostKeyChecking=no", "-o", "BatchMode=yes"],
    ...["-o", `UserKnownHostsFile=${join(sshd.directory, "seen")}`, "-o", "IdentityFile=none"],
  ];
  const env = { ...process.env, SSH_AUTH_SOCK: agent.path };
  const { stdout } = await run("ssh", [...options, ...more, `${sshd.user}@127.0.0.1`, "echo in"], { env });
  return stdout.trim();
}

test("an agent of a run's own lets OpenSSH's client in with keys of each kind, and only with them", async () => {
  const [locked, rsa, ecdsa] = [
    await openKeyAgent(sshd.login({ privateKey: sshd.privateKey("locked"), passphrase }), undefined),
    await openKeyAgent(sshd.login({ privateKey: sshd.privateKey("rsa") }), undefined),
    await openKeyAgent(sshd.login({ privateKey: sshd.privateKey("ecdsa") }), undefined),
  ];
  const stranger = await openKeyAgent(sshd.login({ privateKey: sshd.privateKey("stranger") }), undefined);
  const behind = await openKeyAgent(
    sshd.login({ privateKey: sshd.privateKey("stranger") }),
    await sshd.agent(),
  );
  if (!locked || !rsa || !ecdsa || !stranger || !behind) throw new Error("an agent is missing");
  try {
    for (const agent of [locked, rsa, ecdsa]) expect(await openssh(agent)).toBe("in");
    // Both hops, as the plugin's `proxy`.
    const jump = `ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=${join(sshd.directory, "seen")} -o IdentityFile=none -p ${sshd.port} -W %h:%p ${sshd.user}@127.0.0.1`;
    expect(await openssh(locked, "-o", `ProxyCommand=${jump}`)).toBe("in");
    await expect(openssh(stranger)).rejects.toThrow(/Permission denied/);
    // The user's own agent comes after.
    expect(await openssh(behind)).toBe("in");
    expect((await stat(dirname(locked.path))).mode & 0o777).toBe(0o700);
    const listed = await run("ssh-add", ["-l"], { env: { ...process.env, SSH_AUTH_SOCK: behind.path } });
    expect(listed.stdout.trim().split("\n")).toHaveLength(2);
  } finally {
    await Promise.all([locked, rsa, ecdsa, stranger, behind].map((agent) => agent.close()));
  }
  await expect(stat(dirname(locked.path))).rejects.toThrow("ENOENT");
  expect(await openKeyAgent(sshd.login({ privateKey: undefined }), await sshd.agent())).toBeUndefined();
});

test("the plugin is told the host key that it will be shown, which is no secret, and gets in", async () => {
  const keyFile = join(sshd.directory, "key");
  const hop = {
    host: "127.0.0.1",
    port: sshd.port,
    user: sshd.user,
    keyFile,
    hostKey: sshd.publicKey("host"),
  };
  const place: HostPlace = { ssh: { ...hop, bastion: hop }, become: "none" };
  const { login, refusals } = await lookAtHost(place);
  // Go asks for RSA before Ed25519; ours was proven by Ed25519.
  const [type, key] = sshd.publicKey("host-rsa").split(" ");
  const { host, port, user } = hop;
  const expected = { host, port, user, hostKey: `${type} ${key}` };
  expect(login).toEqual({ ...expected, proxy: expected });
  expect(refusals).toEqual([]);
  const agent = await openKeyAgent(sshd.login(), undefined);
  try {
    const plugin = loginOf(login as unknown as PropertyMap, { SSH_AUTH_SOCK: agent?.path });
    const { stdout } = await withSsh(plugin, {}, (connection) => connection.run("echo in"));
    expect(stdout).toBe("in\n");
  } finally {
    await agent?.close();
  }
});
