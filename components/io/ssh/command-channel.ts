import type { Client, ClientChannel } from "ssh2";

/** A variable that the host does not take into the environment of a command. */
export interface RefusedVariable {
  readonly refused: string;
}

interface Variables {
  readonly must: Readonly<Record<string, string>>;
  readonly may?: Readonly<Record<string, string>> | undefined;
}

/**
 * Starts a command with variables in its environment, one after the other and each with the host's answer.
 *
 * ssh2's own `exec` sends them without asking for an answer, so a command would run without what it needs: sshd drops
 * every variable that its AcceptEnv does not name. What asks is in the library and not in its interface: this file alone
 * uses it, for the pinned version (1.17), and test/integration/ssh.test.ts would show a version that has it no more.
 *
 * @param variables `may` may be refused
 * @param started called at the host's answer, before anything of the command: its end may come with the same packet, and
 *   a promise would be too late for it
 */
export async function execWith(
  client: Client,
  command: string,
  { must, may = {} }: Variables,
  started: (channel: ClientChannel) => void,
): Promise<RefusedVariable | undefined> {
  if (Object.keys(must).length + Object.keys(may).length === 0) return exec(client, command, started);
  const channel = await openSession(client as Client & Internals);
  const { _protocol: protocol } = client as Client & Internals;
  const ask = (request: () => void, taken = (): void => undefined): Promise<boolean> =>
    new Promise((resolve) => {
      channel._callbacks.push((failed) => {
        if (failed === false) taken();
        resolve(failed === false);
      });
      request();
    });
  for (const [name, value] of [...Object.entries(must), ...Object.entries(may)]) {
    const isTaken = await ask(() => {
      protocol.env(channel.outgoing.id, name, value, true);
    });
    if (isTaken || !(name in must)) continue;
    channel.close();
    return { refused: name };
  }
  const isStarted = await ask(
    () => {
      protocol.exec(channel.outgoing.id, command, true);
    },
    () => {
      channel.subtype = "exec";
      started(channel);
    },
  );
  if (!isStarted) throw new Error("Unable to exec");
  return undefined;
}

/** Sends a signal to a command whose standard input has ended: the library's own `signal` does nothing then. */
export function sendSignal(client: Client, channel: ClientChannel, name: "TERM" | "KILL"): void {
  const { _protocol: protocol } = client as Client & Internals;
  const { outgoing } = channel as SessionChannel;
  if (outgoing.state === "open" || outgoing.state === "eof") protocol.signal(outgoing.id, name);
}

function exec(
  client: Client,
  command: string,
  started: (channel: ClientChannel) => void,
): Promise<undefined> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      started(channel);
      resolve(undefined);
    });
  });
}

interface Internals {
  readonly _chanMgr: { add(opened: Opened): number };
  readonly _protocol: {
    session(local: number, window: number, packet: number): void;
    env(remote: number, name: string, value: string, wantReply: boolean): void;
    exec(remote: number, command: string, wantReply: boolean): void;
    signal(remote: number, name: string): void;
  };
}

type Opened = ((error: Error | undefined, channel: SessionChannel) => void) & { type?: string };

type SessionChannel = ClientChannel & {
  readonly _callbacks: ((failed: boolean | Error) => void)[];
  readonly outgoing: { readonly id: number; readonly state: string };
  subtype: string;
};

/** The library's own sizes: 2 MiB may be under way, in packets of 32 KiB. */
const [window, packet] = [2 * 1024 * 1024, 32 * 1024];

function openSession(client: Client & Internals): Promise<SessionChannel> {
  return new Promise((resolve, reject) => {
    const opened: Opened = (error, channel) => {
      if (error) reject(error);
      else resolve(channel);
    };
    opened.type = "session";
    const local = client._chanMgr.add(opened);
    if (local === -1) reject(new Error("No free channels available"));
    else client._protocol.session(local, window, packet);
  });
}
