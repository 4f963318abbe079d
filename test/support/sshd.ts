import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually";

export interface KeyOptions {
  /** Default ed25519. */
  readonly type?: "ed25519" | "rsa" | "ecdsa";
  /** Default: none. */
  readonly passphrase?: string;
}

/** Makes a pair of keys; gives the public half as one line. */
export function makeKey(path: string, { type = "ed25519", passphrase = "" }: KeyOptions = {}): string {
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "test", "-f", path]);
  return execFileSync("ssh-keygen", ["-y", "-P", passphrase, "-f", path], { encoding: "utf8" });
}

/** Configuration of an sshd on loopback that lets in by the keys of its directory alone, without being root. */
export function sshdConfig(directory: string, port: number, more: readonly string[]): string {
  const file = (name: string): string => join(directory, name);
  return [
    "ListenAddress 127.0.0.1",
    `Port ${port}`,
    `HostKey ${file("host")}`,
    `PidFile ${file("sshd.pid")}`,
    `AuthorizedKeysFile ${file("authorized_keys")}`,
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "StrictModes no",
    "PrintMotd no",
    ...more,
    "",
  ].join("\n");
}

/** Starts a real sshd in the foreground, as a child that can be ended, and waits until it listens. */
export async function startSshd(
  config: string,
  port: number,
): Promise<{ server: ChildProcess; log: () => string }> {
  // Where no service of the system has made it.
  if (userInfo().username === "root") mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const program = execFileSync("sh", ["-c", "PATH=$PATH:/usr/sbin:/sbin; command -v sshd"], {
    encoding: "utf8",
  });
  const server = spawn(program.trim(), ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  const lines: string[] = [];
  server.stderr.setEncoding("utf8").on("data", (text: string) => lines.push(text));
  const log = (): string => lines.join("");
  await eventually("the SSH server listens", () => {
    if (server.exitCode !== null) throw new Error(`sshd ended with ${server.exitCode}: ${log()}`);
    return isOpen(port);
  });
  return { server, log };
}

function isOpen(port: number): Promise<true | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(undefined);
    });
  });
}

/** In the foreground, as a child that can be ended. */
export async function startAgent(socket: string, key: string): Promise<ChildProcess> {
  const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  await eventually("the agent takes the key", () => {
    try {
      execFileSync("ssh-add", ["-q", key], {
        env: { ...process.env, SSH_AUTH_SOCK: socket },
        stdio: "ignore",
      });
      return true;
    } catch {
      return undefined;
    }
  });
  return agent;
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}
