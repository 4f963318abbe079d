import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { Agent, type ClientRequestArgs } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { sshCommand, explainSsh, type NoWay } from "../../core/docker/way";
import type { SshAddress } from "../../core/docker/address";
import { connectSeconds } from "./connection";
import { EngineUnreachableError } from "./failure";

/**
 * Connections to an engine by way of SSH, as Docker's own client makes them: OpenSSH's `ssh` runs `docker system
 * dial-stdio` on the host. So hosts, keys, jumps and known_hosts are those of `~/.ssh/config` and the agent. Nothing is
 * asked: an unknown host key and a key with a passphrase that is not in the agent are failures.
 *
 * A login takes a moment, so a connection serves one request after another; one that has nothing to do ends by itself.
 */
export function sshAgent(address: SshAddress): Agent {
  const key = sshCommand(address);
  const known = agents.get(key);
  if (known !== undefined) return known;
  const made = new SshAgent(address);
  agents.set(key, made);
  return made;
}

const agents = new Map<string, SshAgent>();

/** Milliseconds that a connection stays without a request. */
const idle = 5_000;

/** An SSH server turns logins away at random when ten are under way (MaxStartups), of all its clients together. */
const mostLogins = 4;

/** Milliseconds after which a login that was not told of any more is taken for done: its request takes long. */
const longestLogin = 2_000;

type Connected = (error: Error | null, stream: Duplex) => void;

class SshAgent extends Agent {
  private logins = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly address: SshAddress) {
    super({ keepAlive: true, timeout: idle, maxFreeSockets: 4 });
  }

  override createConnection(_: ClientRequestArgs, connected?: Connected): undefined {
    const open = (): void => {
      this.logins += 1;
      const connection = new SshConnection(this.address);
      this.whenLoggedIn(connection);
      connected?.(null, connection);
    };
    if (this.logins < mostLogins) open();
    else this.waiting.push(open);
  }

  private whenLoggedIn(connection: SshConnection): void {
    const done = (): void => {
      clearTimeout(timer);
      connection.off("answered", done).off("close", done);
      this.logins -= 1;
      this.waiting.shift()?.();
    };
    const timer = setTimeout(done, longestLogin);
    connection.once("answered", done).once("close", done);
  }
}

/** One `ssh` as a socket. */
class SshConnection extends Duplex {
  private readonly child: ChildProcessWithoutNullStreams;
  private said = "";
  private hasAnswered = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly address: SshAddress) {
    super();
    // In a session of its own: Ctrl-C is for the run, which brings to an end what the engine is at.
    const detached = process.platform !== "win32";
    this.child = spawn("ssh", sshArguments(address), { stdio: "pipe", detached, windowsHide: true });
    const { stdin, stdout, stderr } = this.child;
    stdin.on("error", () => undefined); // why is told at its end
    stdout.on("data", (chunk: Buffer) => {
      if (!this.hasAnswered) this.emit("answered");
      this.hasAnswered = true;
      if (!this.push(chunk)) stdout.pause();
    });
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.said = `${this.said}${text}`.slice(-4096);
    });
    this.child.once("error", (error) => this.destroy(notStarted(address, error)));
    this.child.once("close", (code) => {
      this.ended(code);
    });
  }

  override _read(): void {
    this.child.stdout.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.child.stdin.write(chunk, () => {
      done();
    });
  }

  override _final(done: () => void): void {
    this.child.stdin.end(() => {
      done();
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.timer);
    this.child.kill();
    done(error);
  }

  private ended(code: number | null): void {
    if (this.hasAnswered && code === 0) this.push(null);
    else this.destroy(unreachable(this.address, explainSsh(this.address, this.said, code)));
  }

  // What an agent asks of a socket.

  setTimeout(milliseconds: number): this {
    clearTimeout(this.timer);
    if (milliseconds > 0) this.timer = setTimeout(() => this.emit("timeout"), milliseconds).unref();
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  /** A connection without a request keeps no program running. */
  unref(): this {
    for (const part of this.parts()) part.unref();
    return this;
  }

  ref(): this {
    for (const part of this.parts()) part.ref();
    return this;
  }

  private parts(): readonly { ref(): void; unref(): void }[] {
    const { stdin, stdout, stderr } = this.child;
    return [this.child, ...([stdin, stdout, stderr] as unknown as Socket[])];
  }
}

/** What the user's own configuration says otherwise would ask somebody, wait for ever, or open what a login is not for. */
function sshArguments({ user, host, port }: SshAddress): string[] {
  return [
    ...["-T", "-a", "-x"],
    ...["-o", "BatchMode=yes"],
    ...["-o", `ConnectTimeout=${connectSeconds}`],
    ...["-o", "ClearAllForwardings=yes"],
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    ...["--", host, "docker", "system", "dial-stdio"],
  ];
}

function notStarted(address: SshAddress, error: NodeJS.ErrnoException): Error {
  if (error.code !== "ENOENT") return error;
  const message = "there is no `ssh` on this machine";
  return unreachable(address, { message, hint: "install OpenSSH's client (Debian: openssh-client)." }, error);
}

function unreachable(address: SshAddress, { message, hint }: NoWay, cause?: unknown): Error {
  const place = `${address.host}${address.port === undefined ? "" : `:${address.port}`}`;
  const problem = { path: "", message: `over SSH to ${place}: ${message}`, hint };
  return new EngineUnreachableError("Docker engine", [problem], { cause });
}
