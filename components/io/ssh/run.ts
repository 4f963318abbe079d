import type { Client, ClientChannel } from "ssh2";
import { lostConnection, mayStillRun, SshError } from "../../core/ssh/failure";
import type { SshHop } from "../../core/ssh/login";
import { execWith, sendSignal } from "./command-channel";

export interface RunOptions {
  /** Its standard input: secrets go there. Default: none, it reads an end at once. */
  readonly stdin?: string | Uint8Array | undefined;
  /**
   * Variables that it needs. sshd takes only those that its `AcceptEnv` names (Debian's: LANG and LC_*): any other fails
   * before the command starts. What is in an environment can be read by its account and root: no place for a secret.
   */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Variables that it does without where the host does not take them. */
  readonly optionalEnvironment?: Readonly<Record<string, string>> | undefined;
  /**
   * Aborted, the command is sent SIGTERM, and the call fails with the signal's reason once it has ended. What does not
   * end is left with its outputs closed, and the failure says so: sshd passes no signal on in a session of root.
   */
  readonly signal?: AbortSignal | undefined;
  /** Told what it writes, as it comes. */
  readonly onOutput?: ((stream: "stdout" | "stderr", part: Buffer) => void) | undefined;
  /** Bytes of each of its two outputs that are kept; what comes after is read and dropped. Default 16 MiB. */
  readonly limit?: number | undefined;
}

export interface SshResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Null where a signal ended it. */
  readonly code: number | null;
  /** Such as `SIGKILL`. */
  readonly signal?: string | undefined;
  /** It wrote more than is kept. */
  readonly isCut: boolean;
}

const defaultLimit = 16 * 1024 * 1024;

/** Milliseconds that an aborted command has to end by itself. */
const patience = 2_000;

/**
 * Runs a command in the login shell of the account, to its end. A code other than 0 is a result.
 *
 * @throws SshError where the connection is lost on the way: then nobody knows whether the command came to its end
 */
export async function run(
  client: Client,
  hop: SshHop,
  command: string,
  options: RunOptions = {},
): Promise<SshResult> {
  options.signal?.throwIfAborted();
  let result: Promise<SshResult> | undefined;
  await start(client, hop, command, options, (channel) => {
    result = finish(client, hop, channel, options);
  });
  if (result === undefined) throw new Error("a command was started without a channel");
  return result;
}

async function start(
  client: Client,
  hop: SshHop,
  command: string,
  { environment = {}, optionalEnvironment }: RunOptions,
  started: (channel: ClientChannel) => void,
): Promise<void> {
  const variables = { must: environment, may: optionalEnvironment };
  const variable = await execWith(client, command, variables, started).catch((error: unknown) => {
    throw lostConnection(hop, "while a command was to start", error);
  });
  if (variable === undefined) return;
  const message = `does not take the variable ${variable.refused} into the environment of a command`;
  const hint = `name it in AcceptEnv of its sshd_config, or write it before the command: '${variable.refused}=value command'.`;
  throw new SshError("environment", hop, message, hint);
}

function finish(
  client: Client,
  hop: SshHop,
  channel: ClientChannel,
  { stdin, signal, onOutput, limit = defaultLimit }: RunOptions,
): Promise<SshResult> {
  const stdout = keep(channel, limit, (part) => onOutput?.("stdout", part));
  const stderr = keep(channel.stderr, limit, (part) => onOutput?.("stderr", part));
  return new Promise((resolve, reject) => {
    let exit: { code: number | null; signal?: string } | undefined;
    let timer: NodeJS.Timeout | undefined;
    const abort = (): void => {
      sendSignal(client, channel, "TERM");
      timer = setTimeout(() => {
        sendSignal(client, channel, "KILL");
        channel.close();
        signal?.removeEventListener("abort", abort);
        reject(mayStillRun(hop, patience / 1000, signal?.reason));
      }, patience);
    };
    const closed = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else if (exit === undefined) reject(lostConnection(hop, "while a command ran", undefined));
      else
        resolve({
          stdout: stdout.text(),
          stderr: stderr.text(),
          ...exit,
          isCut: stdout.isCut() || stderr.isCut(),
        });
    };
    channel.on("exit", (code: number | null, name?: string) => {
      exit = { code, ...(name === undefined ? {} : { signal: name }) };
    });
    channel.once("close", closed);
    // A command that does not read its input may end before that is sent.
    channel.on("error", () => undefined);
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted === true) abort();
    channel.end(stdin ?? "");
  });
}

function keep(stream: NodeJS.ReadableStream, limit: number, tell: (part: Buffer) => void) {
  const parts: Buffer[] = [];
  let kept = 0;
  let isCut = false;
  stream.on("data", (part: Buffer) => {
    tell(part);
    const fitting = part.subarray(0, limit - kept);
    if (fitting.length < part.length) isCut = true;
    kept += fitting.length;
    if (fitting.length > 0) parts.push(fitting);
  });
  return { text: () => Buffer.concat(parts).toString("utf8"), isCut: () => isCut };
}
