import { setTimeout as sleep } from "node:timers/promises";
import type { Duplex } from "node:stream";
import { Client, utils, type AnyAuthMethod, type ConnectConfig, type ParsedKey } from "ssh2";
import { explainDial, explainPrivateKey, mayPass, SshError, type DialError } from "../../core/ssh/failure";
import { nextAttemptMs, renderHop, type SshHop } from "../../core/ssh/login";
import { watchHostKeys } from "./host-keys";
import { hostProof } from "./trust";

export interface DialOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told before each further attempt. */
  readonly say?: ((text: string) => void) | undefined;
}

/** Milliseconds between two questions whether the host is still there; three without an answer end the connection. */
const keepaliveInterval = 15_000;

/**
 * Logs in to a host, with as many attempts as it has. A login that is refused and a host key that is wrong are not tried
 * again: they get no better, and a host shuts out who tries too often.
 *
 * @param way makes the connection that all goes through; without one, TCP from here
 * @throws SshError; the signal's reason
 */
export async function dial(
  hop: SshHop,
  { signal, say }: DialOptions,
  way?: () => Promise<Duplex>,
): Promise<Client> {
  const limit = hop.dialErrorLimit;
  for (let failed = 1; ; failed += 1) {
    signal?.throwIfAborted();
    try {
      return await attempt(hop, signal, await way?.());
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof SshError) || !mayPass(error)) throw error;
      if (limit >= 0 && failed > limit) throw error;
      say?.(`${renderHop(hop)}: attempt ${failed} of ${limit < 0 ? "∞" : limit + 1} failed; trying again`);
      await sleep(nextAttemptMs(failed), undefined, signal === undefined ? {} : { signal }).catch(
        () => undefined,
      );
    }
  }
}

/** What became known on the way to a login. */
interface Course {
  problem?: SshError | undefined;
  agent?: string | undefined;
  takes: readonly string[];
}

function attempt(hop: SshHop, signal: AbortSignal | undefined, sock: Duplex | undefined): Promise<Client> {
  const client = new Client();
  const course: Course = { takes: [] };
  const config = configure(hop, course, watchHostKeys(client));
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      signal?.removeEventListener("abort", abort);
      client.off("ready", ready).off("error", failed).off("close", closed);
      // What happens to the connection from now on shows where it is used; it must not end the process.
      client.on("error", () => undefined);
    };
    const fail = (error: Error): void => {
      settle();
      client.destroy();
      sock?.destroy();
      reject(error);
    };
    const abort = (): void => {
      fail(signal?.reason as Error);
    };
    const ready = (): void => {
      settle();
      resolve(client);
    };
    const failed = (error: Error & Partial<DialError>): void => {
      // The other ways in come after the agent.
      if (error.level === "agent") course.agent = error.message;
      else fail(course.problem ?? explainDial(hop, withCourse(error, course)));
    };
    const closed = (): void => {
      fail(course.problem ?? explainDial(hop, withCourse(new Error("no word of why"), course)));
    };
    client.on("ready", ready).on("error", failed).on("close", closed);
    signal?.addEventListener("abort", abort, { once: true });
    client.connect(sock === undefined ? config : { ...config, sock });
  });
}

function withCourse(error: Error & Partial<DialError>, { takes, agent }: Course): DialError {
  return { message: error.message, code: error.code, level: error.level, takes, agent };
}

function configure(hop: SshHop, course: Course, told: (shown: Uint8Array) => void): ConnectConfig {
  const proof = hostProof(hop);
  return {
    host: hop.host,
    port: hop.port,
    username: hop.user,
    readyTimeout: hop.dialTimeout * 1000,
    keepaliveInterval,
    keepaliveCountMax: 3,
    ...(hop.agentSocket === undefined ? {} : { agent: hop.agentSocket }),
    authHandler: waysIn(hop, course),
    hostVerifier: (shown: Buffer) => {
      told(shown);
      course.problem = proof.judge(shown);
      return course.problem === undefined;
    },
    ...(proof.signatures === undefined
      ? {}
      : { algorithms: { serverHostKey: [...proof.signatures] as never } }),
  };
}

/** The proofs one after the other, without those that the host has said it does not take. */
function waysIn(hop: SshHop, course: Course): (takes: readonly string[] | null) => AnyAuthMethod | false {
  const { user: username, password, agentSocket } = hop;
  const key = hop.privateKey === undefined ? undefined : parsePrivateKey(hop, hop.privateKey);
  const left: AnyAuthMethod[] = [
    ...(key === undefined ? [] : [{ type: "publickey" as const, username, key }]),
    ...(password === undefined ? [] : [{ type: "password" as const, username, password }]),
    ...(password === undefined ? [] : [askingFor(username, password)]),
    ...(agentSocket === undefined ? [] : [{ type: "agent" as const, username, agent: agentSocket }]),
  ];
  return (takes) => {
    course.takes = takes ?? course.takes;
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const name = next.type === "agent" ? "publickey" : next.type;
      if (takes === null || takes.includes(name)) return next;
    }
    return false;
  };
}

/** A host that asks gets the password, whatever it asks: nobody is here who could answer. */
function askingFor(username: string, password: string): AnyAuthMethod {
  return {
    type: "keyboard-interactive",
    username,
    prompt: (_name, _text, _language, questions, finish) => {
      finish(questions.map(() => password));
    },
  };
}

/** @throws SshError a key that is none, or that its passphrase does not open */
export function parsePrivateKey(hop: SshHop, text: string): ParsedKey {
  const parsed = utils.parseKey(text, hop.passphrase) as ParsedKey | ParsedKey[] | Error;
  if (parsed instanceof Error) throw explainPrivateKey(hop, parsed.message);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key?.isPrivateKey() !== true) throw explainPrivateKey(hop, "it is no private key");
  return key;
}
