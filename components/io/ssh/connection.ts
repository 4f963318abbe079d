import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import type { SshLogin } from "../../core/ssh/login";
import { dial, type DialOptions } from "./dial";
import { provenKeys, type ProvenKeys } from "./host-keys";
import { run, type RunOptions, type SshResult } from "./run";
import { listenFor, openStream, type Behind, type LocalPort } from "./tunnel";
import { upload, type Source } from "./upload";

/** A host that is logged in to. */
export interface SshConnection {
  /** Runs a command in the login shell of the account; a code other than 0 is a result. */
  run(command: string, options?: RunOptions): Promise<SshResult>;
  /** A connection to a place behind the host: the `stream` of a PostgreSQL session, say. */
  openStream(behind: Behind): Promise<Duplex>;
  /** The same for programs that only know host and port, on this machine's loopback address. */
  listenFor(behind: Behind, failed?: (error: Error) => void): Promise<LocalPort>;
  /** Copies a text, a file or a directory to the host, over SFTP. */
  upload(source: Source, remotePath: string): Promise<void>;
  /** Keys of the host, and of the bastion where there is one. */
  hostKeys(): Promise<{ readonly host: ProvenKeys; readonly bastion?: ProvenKeys }>;
  /** True once the connection has ended, for whatever reason. */
  isLost(): boolean;
  close(): Promise<void>;
}

/**
 * Logs in to a host, through its bastion where there is one. Each hop is checked and tried by itself, with its own key,
 * its own host key and its own attempts.
 *
 * @throws SshError: where, what, what to do; the signal's reason
 */
export async function openSsh(login: SshLogin, options: DialOptions = {}): Promise<SshConnection> {
  const { bastion } = login;
  if (bastion === undefined) return connection([await dial(login, options)], login);
  const first = await dial(bastion, options);
  try {
    const second = await dial(login, options, () => openStream(first, bastion, login));
    return connection([second, first], login);
  } catch (error) {
    await end(first);
    throw error;
  }
}

/** Opens a connection, uses it and closes it, whatever happens. */
export async function withSsh<Result>(
  login: SshLogin,
  options: DialOptions,
  work: (connection: SshConnection) => Promise<Result>,
): Promise<Result> {
  const opened = await openSsh(login, options);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

function connection(clients: readonly [Client, ...Client[]], login: SshLogin): SshConnection {
  const [client] = clients;
  let isLost = false;
  client.once("close", () => (isLost = true));
  return {
    run: (command, options) => run(client, login, command, options),
    openStream: (behind) => openStream(client, login, behind),
    listenFor: (behind, failed) => listenFor(client, login, behind, failed),
    upload: (source, remotePath) => upload(client, login, source, remotePath),
    async hostKeys() {
      const host = await provenKeys(client);
      const [, bastion] = clients;
      return bastion === undefined ? { host } : { host, bastion: await provenKeys(bastion) };
    },
    isLost: () => isLost,
    async close() {
      if (!isLost) await end(client);
      for (const way of clients.slice(1)) await end(way);
    },
  };
}

/** Milliseconds that a host has to end a connection; then it is cut. */
const patience = 1_000;

function end(client: Client): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      client.destroy();
      resolve();
    }, patience);
    client.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    client.end();
  });
}
