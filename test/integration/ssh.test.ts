import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { SshError, type SshFailureKind } from "../../components/core/ssh/failure";
import type { SshLogin } from "../../components/core/ssh/login";
import { openSsh } from "../../components/io/ssh/connection";
import { eventually } from "../support/eventually";
import { startLineProxy } from "../support/line-proxy";
import { freePort } from "../support/server";
import { startSilentHost } from "../support/ssh-host";
import { useSshBench } from "../support/ssh-bench";
import { passphrase } from "../support/ssh-server";
import { startPasswordHost } from "../support/password-host";

const bench = useSshBench();
const { use } = bench;

/** The failure of a login; what it says is one problem with a hint. */
async function failure(login: SshLogin): Promise<SshError> {
  const error = await openSsh(login).then(
    async (connection) => {
      await connection.close();
      throw new Error("the login worked");
    },
    (reason: unknown) => reason,
  );
  if (!(error instanceof SshError)) throw error;
  expect(error.problems).toHaveLength(1);
  expect(error.problems[0]?.hint).not.toBe("");
  return error;
}

describe("a login", () => {
  const whoami = (login: SshLogin) =>
    use(async (connection) => (await connection.run("id -un")).stdout.trim(), login);

  test.each([
    ["an Ed25519 key", () => ({})],
    ["an RSA key", () => ({ privateKey: bench.sshd.privateKey("rsa") })],
    ["an ECDSA key", () => ({ privateKey: bench.sshd.privateKey("ecdsa") })],
    ["a key with a passphrase", () => ({ privateKey: bench.sshd.privateKey("locked"), passphrase })],
    ["the agent", async () => ({ privateKey: undefined, agentSocket: await bench.sshd.agent() })],
    // The host prefers its Ed25519 key: it is asked for the one that is known.
    ["an RSA host key", () => ({ trust: { kind: "key" as const, key: bench.sshd.publicKey("host-rsa") } })],
    ["anybody as the host", () => ({ trust: { kind: "anybody" as const } })],
    ["a bastion", () => ({ bastion: bench.sshd.login({ privateKey: bench.sshd.privateKey("rsa") }) })],
  ] as [string, () => Partial<SshLogin> | Promise<Partial<SshLogin>>][])(
    "works with %s",
    async (_, changes) => {
      const changed: Partial<SshLogin> = await changes();
      expect(await whoami(bench.sshd.login(changed))).toBe(bench.sshd.user);
    },
  );

  test("works with known_hosts, hashed or not", async () => {
    const file = join(bench.sshd.directory, "known_hosts");
    const trust = { kind: "known-hosts" as const, file };
    const line = `[127.0.0.1]:${bench.sshd.port} ${bench.sshd.publicKey("host")}\n`;
    writeFileSync(file, line);
    expect(await whoami(bench.sshd.login({ trust }))).toBe(bench.sshd.user);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
    expect(readFileSync(file, "utf8")).toContain("|1|");
    expect(await whoami(bench.sshd.login({ trust }))).toBe(bench.sshd.user);
    writeFileSync(file, line.replace("]:", "]:1"));
    const unknown = await failure(bench.sshd.login({ trust }));
    expect(unknown.message).toContain("showed a host key that");
    const bytes = Buffer.from(bench.sshd.publicKey("host").split(" ")[1] ?? "", "base64");
    const shown = createHash("sha256").update(bytes).digest("base64").replace(/=+$/, "");
    expect(unknown.message).toContain(`SHA256:${shown}`);
  });

  test("works with a password, and where the host asks questions", async () => {
    const host = await startPasswordHost("open sesame");
    const login = {
      ...bench.sshd.login({ privateKey: undefined, password: "open sesame" }),
      port: host.port,
    };
    const trust = { kind: "key" as const, key: host.hostKey };
    for (const user of ["by-password", "by-questions"]) {
      const said = await use(async (connection) => connection.run("greet"), { ...login, user, trust });
      expect(said).toMatchObject({ stdout: `hello ${user}\n`, code: 0 });
    }
    const wrong = await failure({ ...login, user: "by-password", trust, password: "open barley" });
    expect(wrong.kind).toBe("login");
    expect(wrong.message).toContain("given: the password; it takes password");
    expect(wrong.message).not.toContain("barley");
    await host.stop();
  });

  test.each([
    ["unreachable", "nobody listens there", async () => ({ port: await freePort() })],
    ["unreachable", "nobody knows its name", () => ({ host: "nowhere.invalid" })],
    [
      "host-key",
      "showed another host key than the one in the declaration",
      () => ({ trust: { kind: "known-hosts" as const, file: otherHosts() } }),
    ],
    [
      "host-key",
      "the declared host key is none",
      () => ({ trust: { kind: "key" as const, key: "ssh-dss AA" } }),
    ],
    [
      "host-key",
      "known_hosts cannot be read",
      () => ({ trust: { kind: "known-hosts" as const, file: "/none" } }),
    ],
    [
      "login",
      "given: the private key; it takes publickey",
      () => ({ privateKey: bench.sshd.privateKey("stranger") }),
    ],
    ["login", "nothing to prove it with is given", () => ({ privateKey: undefined })],
    [
      "login",
      "the agent could not be asked",
      () => ({ privateKey: undefined, agentSocket: join(bench.sshd.directory, "no.sock") }),
    ],
    [
      "private-key",
      "has a passphrase, and none is given",
      () => ({ privateKey: bench.sshd.privateKey("locked") }),
    ],
    [
      "private-key",
      "does not open the private key",
      () => ({ privateKey: bench.sshd.privateKey("locked"), passphrase: "something else" }),
    ],
    ["private-key", "cannot be read", () => ({ privateKey: "-----BEGIN NONSENSE-----" })],
    ["private-key", "it is no private key", () => ({ privateKey: bench.sshd.publicKey("key") })],
    ["closed", "ended the connection before the login", () => ({ port: bench.postgres.port })],
    [
      "forward",
      "may not be used as a way",
      () => ({ bastion: bench.sshd.login({ privateKey: bench.sshd.privateKey("restricted") }) }),
    ],
    ["forward", "cannot reach", async () => ({ port: await freePort(), bastion: bench.sshd.login() })],
  ] satisfies [SshFailureKind, string, () => Partial<SshLogin> | Promise<Partial<SshLogin>>][])(
    "that cannot work is one problem (%s: %s)",
    async (kind, words, changes) => {
      const error = await failure(bench.sshd.login(await changes()));
      const expected = words.replace("the declaration", otherHosts());
      expect([error.kind, error.message]).toEqual([kind, expect.stringContaining(expected)]);
      expect(error.message).not.toContain("PRIVATE KEY");
    },
  );

  /** Another host's key for this host. */
  function otherHosts(): string {
    const file = join(bench.sshd.directory, "other_hosts");
    writeFileSync(file, `[127.0.0.1]:${bench.sshd.port} ${bench.sshd.publicKey("stranger")}\n`);
    return file;
  }

  test("ends in time where nobody says a word, and when the run is cancelled", async () => {
    const silent = await startSilentHost();
    const login = bench.sshd.login({ port: silent.port });
    const error = await failure({ ...login, dialTimeout: 0.5 });
    expect([error.kind, error.message]).toEqual(["silent", expect.stringContaining("longer than 0.5 s")]);
    const controller = new AbortController();
    const opening = openSsh({ ...login, dialTimeout: 60 }, { signal: controller.signal });
    controller.abort(new Error("cancelled"));
    await expect(opening).rejects.toThrow("cancelled");
    silent.server.close();
  });

  test("is tried again while the host is starting, and a refused one is not", async () => {
    await bench.sshd.kill();
    const said: string[] = [];
    const opening = openSsh(bench.sshd.login({ dialErrorLimit: -1 }), { say: (line) => said.push(line) });
    await eventually("an attempt has failed", () => said.length > 0 || undefined);
    await bench.sshd.start();
    await (await opening).close();
    expect(said[0]).toContain("attempt 1 of ∞ failed");
    const before = bench.sshd.log().length;
    await failure(bench.sshd.login({ privateKey: bench.sshd.privateKey("stranger"), dialErrorLimit: 5 }));
    expect(
      bench.sshd
        .log()
        .slice(before)
        .match(/^Connection from/gm),
    ).toHaveLength(1);
  });
});

describe("a command", () => {
  test("gets its input and gives its outputs, its code and its signal", async () => {
    await use(async (connection) => {
      const input = "line of input\n".repeat(100_000);
      const copied = await connection.run("cat; echo done >&2; exit 3", { stdin: input });
      expect(copied).toEqual({ stdout: input, stderr: "done\n", code: 3, isCut: false });
      expect(await connection.run("kill -KILL $$")).toMatchObject({ code: null, signal: "SIGKILL" });
      expect(await connection.run("cat")).toMatchObject({ stdout: "", code: 0 });
      // Reads nothing of what it is sent.
      expect(await connection.run("true", { stdin: input })).toMatchObject({ code: 0 });
    });
  });

  test("keeps no more of its output than is allowed, and comes to its end", async () => {
    const parts: number[] = [];
    const result = await use((connection) =>
      connection.run("head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2", {
        limit: 1000,
        onOutput: (_, part) => parts.push(part.length),
      }),
    );
    expect(result).toEqual({ stdout: "x".repeat(1000), stderr: "end\n", code: 0, isCut: true });
    expect(parts.reduce((sum, length) => sum + length, 0)).toBe(3_000_004);
  });

  test("gets the variables that the host takes; one that it needs and does not get fails before it starts", async () => {
    await use(async (connection) => {
      const taken = await connection.run('echo "$SHOP_A $SHOP_B$OTHER"', {
        environment: { SHOP_A: "a b", SHOP_B: "ü" },
        optionalEnvironment: { OTHER: "dropped" },
      });
      expect(taken).toMatchObject({ stdout: "a b ü\n", code: 0 });
      const mark = join(bench.sshd.directory, "started");
      const refused = connection.run(`touch '${mark}'`, { environment: { OTHER: "x" } });
      await expect(refused).rejects.toMatchObject({ kind: "environment" });
      await expect(refused).rejects.toThrow("does not take the variable OTHER");
      expect(existsSync(mark)).toBe(false);
    });
  });

  test("ends when the run is cancelled; in a session of root it is told that it may go on", async () => {
    await use(async (connection) => {
      const controller = new AbortController();
      const file = join(bench.sshd.directory, "pid");
      const command = `echo $$ > '${file}'; trap 'exit 0' TERM; for i in $(seq 100); do sleep 0.1; done`;
      const running = connection.run(command, { signal: controller.signal });
      const pid = await eventually("the command runs", () =>
        existsSync(file) ? Number(readFileSync(file, "utf8")) || undefined : undefined,
      );
      controller.abort(new Error("cancelled"));
      const isRoot = bench.sshd.user === "root";
      await expect(running).rejects.toThrow(isRoot ? "it may still be running there" : "cancelled");
      if (isRoot) process.kill(pid, "SIGTERM");
    });
  });

  test("whose connection is lost has an end that nobody knows", async () => {
    const way = await startLineProxy(bench.sshd.port);
    const connection = await openSsh(bench.sshd.login({ port: way.port }));
    const file = join(bench.sshd.directory, "running");
    const running = connection.run(`touch '${file}'; sleep 30`);
    await eventually("the command runs", () => existsSync(file) || undefined);
    way.breakOnce();
    await expect(running).rejects.toMatchObject({ kind: "lost" });
    await expect(running).rejects.toThrow("whether it came to its end is not known");
    expect(connection.isLost()).toBe(true);
    await expect(connection.run("true")).rejects.toMatchObject({ kind: "lost" });
    await expect(connection.openStream({ host: "127.0.0.1", port: 1 })).rejects.toMatchObject({
      kind: "lost",
    });
    await connection.close();
    await way.close();
  });
});
