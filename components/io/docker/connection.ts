import { Agent as HttpAgent, type ClientRequestArgs } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Duplex } from "node:stream";

/** Seconds for a connection to the host of an engine, encryption and login included. */
export const connectSeconds = 20;

/** Connections that come up soon or never: a host that is not there would be waited for minutes, a silent one for ever. */
export function tcpAgent(isSecure: boolean): HttpAgent {
  return isSecure ? giveUp(new HttpsAgent(), "secureConnect") : giveUp(new HttpAgent(), "connect");
}

type Connect = (options: ClientRequestArgs, connected?: unknown) => Duplex | null | undefined;

function giveUp(agent: HttpAgent, event: "connect" | "secureConnect"): HttpAgent {
  const connect = agent.createConnection.bind(agent) as Connect;
  const bounded: Connect = (options, connected) => {
    const socket = connect(options, connected);
    if (socket == null) return socket;
    const timer = setTimeout(() => {
      const late = new Error(`no connection within ${connectSeconds} s`);
      socket.destroy(Object.assign(late, { code: "ETIMEDOUT" }));
    }, connectSeconds * 1000);
    const done = (): void => {
      clearTimeout(timer);
    };
    socket.once(event, done).once("close", done);
    return socket;
  };
  return Object.assign(agent, { createConnection: bounded });
}
