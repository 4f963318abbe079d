import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { instanceAt, writeServerFile, type Instance } from "../../components/io/embedded/instance";
import { initServer, readServerStatus, startServer, stopServer } from "../../components/io/embedded/server";
import { scramVerifier } from "../../components/io/scram";
import { bringUp } from "../../components/providers/embedded-lifecycle";
import { reveal, unknown } from "../../components/providers/properties";
import { useEmbeddedStack } from "../support/own-embedded";
import { startProvider, type ProviderClient } from "../support/provider-client";
import { ProviderStack } from "../support/provider-stack";

const own = useEmbeddedStack();
const isRoot = process.getuid?.() === 0;

async function pid(): Promise<number> {
  const status = await readServerStatus(own.instance);
  if (status.kind !== "running") throw new Error("it does not run");
  return status.postmaster.pid;
}

/** A process that has ended keeps its number until it is collected (state Z). */
async function isAlive(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""); // it is gone
  return text !== "" && !text.includes(") Z ");
}

describe("root that may not look into other accounts' processes, as in a container", () => {
  const withoutPtrace = ["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace", "--"] as const;
  let closed: ProviderClient | undefined;
  let reason = "";

  beforeAll(async () => {
    if (!isRoot) {
      reason = "an ordinary account runs its servers itself, and sees them";
      return;
    }
    // PID of another account's process, whose working directory is closed then.
    const other = spawn("sleep", ["60"], { uid: 54_321, gid: 54_321, cwd: "/" });
    const [program, ...args] = withoutPtrace;
    const look = spawnSync(program, [...args, "readlink", `/proc/${other.pid ?? 0}/cwd`], {
      encoding: "utf8",
    });
    other.kill();
    if (look.error !== undefined || look.status === 0 || look.stdout !== "") {
      reason = `setpriv cannot take CAP_SYS_PTRACE away here: ${look.error?.message ?? look.stdout}`;
      return;
    }
    closed = await startProvider({
      command: [...withoutPtrace, process.execPath, "components/providers/pulumi-resource-pgstead"],
    });
  });
  afterAll(() => closed?.stop());

  /** The same stack, looked at by the provider that sees less. */
  function throughClosed(): ProviderStack {
    if (closed === undefined) throw new Error(reason);
    const stack = new ProviderStack(closed);
    for (const [key, entry] of own.stack.entries) stack.entries.set(key, entry);
    return stack;
  }

  test("sees a running server as running, and lets it run", async ({ skip }) => {
    skip(closed === undefined, reason);
    await own.stack.up(own.declare());
    const before = await pid();
    const stack = throughClosed();
    expect(await stack.diff(own.declare())).toMatchObject({ changed: false });
    own.newPassword();
    await stack.up(own.declare());
    expect(await pid()).toBe(before);
    expect(existsSync(join(own.instance.dataDirectory, "postmaster.pid"))).toBe(true);
    await (await own.connect()).close();
  });

  test("stops a server before it removes its data", async ({ skip }) => {
    skip(closed === undefined, reason);
    await own.stack.up(own.declare());
    const server = await pid();
    await throughClosed().destroy();
    expect(await isAlive(server)).toBe(false);
    expect(await readdir(own.directory)).toEqual([]);
  });

  test("removes nothing below a server whose lock file is lost", async ({ skip }) => {
    skip(closed === undefined, reason);
    await own.stack.up(own.declare());
    const server = await pid();
    const lock = join(own.instance.dataDirectory, "postmaster.pid");
    const text = await readFile(lock, "utf8");
    await rm(lock);
    await expect(throughClosed().destroy()).rejects.toThrow(`a server runs on it: process ${server}`);
    expect(await own.sql("SELECT 1 AS n")).toEqual([{ n: 1 }]);
    await writeServerFile(own.instance, lock, text);
  });

  test("starts a dead server whose number another program of the account has by now", async ({ skip }) => {
    skip(closed === undefined, reason);
    await own.stack.up(own.declare());
    await stopServer(own.instance);
    const { account, dataDirectory } = own.instance;
    const other = spawn("sleep", ["60"], { uid: account?.uid, gid: account?.gid, cwd: "/" });
    try {
      const lock = `${other.pid ?? 0}\n${dataDirectory}\n1700000000\n${own.port}\n\n127.0.0.1\n  12345  0\nready   \n`;
      await writeServerFile(own.instance, join(dataDirectory, "postmaster.pid"), lock);
      await throughClosed().up(own.declare());
      expect(await own.sql("SELECT 1 AS n")).toEqual([{ n: 1 }]);
      expect(other.exitCode).toBeNull();
    } finally {
      other.kill();
    }
  });
});

describe("another server in the place of the one that the state knows", () => {
  /** Puts another server there, whose administrator has the same password. */
  async function exchange(): Promise<Instance> {
    await own.stack.up(own.declare());
    await stopServer(own.instance);
    await rename(own.instance.dataDirectory, join(own.directory, "ours"));
    const verifier = scramVerifier(own.password);
    await initServer(own.instance, { administrator: "postgres", verifier, noSync: true });
    return own.instance;
  }

  const verifierOf = async (password: string) =>
    (await own.sql("SELECT rolpassword AS v FROM pg_authid WHERE rolname = 'postgres'", { password }))[0]?.v;

  const says = /its system identifier is \d+, the state knows \d+[^]*hint: stop that server/;

  test("does not get our password, and does not get into the state", async () => {
    const other = await exchange();
    await startServer(other, { port: own.port, clusterName: "other" });
    const old = own.password;
    const verifier = await verifierOf(old);
    const known = own.state.systemIdentifier;
    own.newPassword();
    expect(await own.stack.diff(own.declare())).toMatchObject({ changed: true });
    await expect(own.stack.up(own.declare())).rejects.toThrow(says);
    expect(await verifierOf(old)).toBe(verifier);
    expect(own.state.systemIdentifier).toBe(known);
    expect(reveal(own.state.password)).toBe(old);
  });

  test("is found in the preview, is not started, and is not moved to another port", async () => {
    const other = await exchange();
    await expect(own.stack.up(own.declare())).rejects.toThrow(says);
    expect((await readServerStatus(other)).kind).toBe("stopped");
    await startServer(other, { port: own.port, clusterName: "other" });
    const before = await pid();
    await expect(own.stack.up(own.declare({ port: own.port + 1 }))).rejects.toThrow(says);
    expect(await pid()).toBe(before);
  });

  test("is not removed by destroy, running or stopped", async () => {
    const other = await exchange();
    await expect(own.stack.destroy()).rejects.toThrow(says);
    await startServer(other, { port: own.port, clusterName: "other" });
    const before = await pid();
    await expect(own.stack.destroy()).rejects.toThrow(says);
    expect(await pid()).toBe(before);
    await own.sql("SELECT 1");
  });

  test("is taken over by a refresh, as the hint says", async () => {
    await exchange();
    expect(await own.stack.refresh()).toMatchObject([{ op: "update", diff: ["systemIdentifier"] }]);
    await own.stack.up(own.declare());
    expect(await own.sql("SELECT system_identifier::text AS id FROM pg_control_system()")).toEqual([
      { id: own.state.systemIdentifier },
    ]);
    await own.stack.destroy();
    expect(await readdir(own.directory)).toEqual(["ours"]);
  });

  test("is not seen where the state has no identifier yet", async () => {
    await own.stack.up(own.declare());
    const entry = own.stack.entry("EmbeddedServer/server");
    for (const systemIdentifier of ["", unknown]) {
      own.stack.entries.set("EmbeddedServer/server", {
        ...entry,
        state: { ...entry.state, systemIdentifier },
      });
      expect(await own.stack.diff(own.declare())).toMatchObject({ changed: false });
    }
  });

  test("that answers a session is compared in it, before the password is set", async () => {
    await own.stack.up(own.declare());
    const old = own.password;
    const verifier = await verifierOf(old);
    const request = {
      urn: own.client.urn,
      name: "server",
      log: () => Promise.resolve(),
      signal: new AbortController().signal,
    };
    const inputs = {
      port: own.port,
      administrator: "postgres",
      checkout: own.directory,
      disposable: true,
      restart: "allow",
    } as const;
    const found = instanceAt(own.instance.dataDirectory);
    const same = { ...inputs, password: old, verifier: own.verifier };
    const known = { password: old, systemIdentifier: "1" };
    await expect(bringUp(request, found, same, known)).rejects.toThrow(says);
    own.newPassword();
    const other = { ...inputs, password: own.password, verifier: own.verifier };
    await expect(bringUp(request, found, other, known)).rejects.toThrow(says);
    expect(await verifierOf(old)).toBe(verifier);
  });
});
