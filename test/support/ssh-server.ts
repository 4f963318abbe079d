import { spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { SshHop, SshLogin } from "../../components/core/ssh/login";
import { freePort, temporaryDirectory } from "./server";
import { end, makeKey, sshdConfig, startAgent, startSshd } from "./sshd";

/** A real sshd of a test's own on loopback, for clients that speak SSH themselves. */
export interface SshServer {
  readonly port: number;
  /** The account that runs the tests: sshd lets it in without being root. */
  readonly user: string;
  /** Files of the keys, of what the tests write, and of the server. */
  readonly directory: string;
  /** Text of a key's private half. */
  privateKey(name: KeyName): string;
  /** Line of a key's public half. */
  publicKey(name: KeyName | "host" | "host-rsa"): string;
  /** A login as `key` with attempts that are short; nothing but the host key is left to say. */
  login(changes?: Partial<SshLogin>): SshLogin;
  /** Lines of the server's log. */
  log(): string;
  /**
   * Ends the processes of all connections at once, as a host does that is cut off; the server goes on.
   *
   * @returns how many there were
   */
  cutConnections(): number;
  /** Ends the server and every connection; `start` brings it back on the same port. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Starts an agent that has the key `agent`; gives its socket. */
  agent(): Promise<string>;
  stop(): Promise<void>;
}

const keyNames = ["key", "locked", "rsa", "ecdsa", "agent", "stranger", "restricted"] as const;
export type KeyName = (typeof keyNames)[number];

/** Opens the key `locked`. */
export const passphrase = "opens the key of a test";

export async function startSshServer(): Promise<SshServer> {
  const directory = await temporaryDirectory();
  const file = (name: string): string => join(directory, name);
  const lines = new Map<string, string>();
  for (const name of keyNames) {
    const type = name === "rsa" || name === "ecdsa" ? name : "ed25519";
    lines.set(name, makeKey(file(name), { type, ...(name === "locked" ? { passphrase } : {}) }));
  }
  lines.set("host", makeKey(file("host")));
  lines.set("host-rsa", makeKey(file("host-rsa"), { type: "rsa" }));
  const port = await freePort();
  writeFileSync(file("authorized_keys"), authorizedKeys(lines));
  const more = [`HostKey ${file("host-rsa")}`, "AcceptEnv SHOP_*", "LogLevel VERBOSE"];
  writeFileSync(file("sshd_config"), sshdConfig(directory, port, [...more, "Subsystem sftp internal-sftp"]));
  const user = userInfo().username;
  let running = await startSshd(file("sshd_config"), port);
  const logs: string[] = [];
  const children: ChildProcess[] = [];
  const hop: SshHop = {
    host: "127.0.0.1",
    port,
    user,
    privateKey: readFileSync(file("key"), "utf8"),
    trust: { kind: "key", key: lines.get("host") ?? "" },
    dialErrorLimit: 0,
    dialTimeout: 15,
  };
  return {
    port,
    user,
    directory,
    privateKey: (name) => readFileSync(file(name), "utf8"),
    publicKey: (name) => (lines.get(name) ?? "").trim(),
    login: (changes = {}) => ({ ...hop, ...changes }),
    log: () => [...logs, running.log()].join(""),
    cutConnections: () => cutConnections(running.server),
    async kill() {
      logs.push(running.log());
      await end(running.server);
    },
    async start() {
      running = await startSshd(file("sshd_config"), port);
    },
    async agent() {
      if (!existsSync(file("agent.sock"))) children.push(await startAgent(file("agent.sock"), file("agent")));
      return file("agent.sock");
    },
    async stop() {
      await Promise.all([running.server, ...children].map(end));
    },
  };
}

function cutConnections({ pid }: ChildProcess): number {
  const listed = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" });
  const children = listed.stdout
    .split("\n")
    .map(Number)
    .filter((child) => child > 0);
  return children.filter(endAtOnce).length;
}

/** False: it has ended by itself. */
function endAtOnce(child: number): boolean {
  try {
    return process.kill(child, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

function authorizedKeys(lines: ReadonlyMap<string, string>): string {
  const allowed = keyNames.filter((name) => name !== "stranger");
  return allowed
    .map((name) => `${name === "restricted" ? "restrict " : ""}${lines.get(name) ?? ""}`)
    .join("");
}
