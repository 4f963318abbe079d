import type { Socket } from "node:net";
import { SshError, type SshFailureKind } from "../../core/ssh/failure";
import type { Behind } from "./tunnel";

/** What a relay says before the bytes of a connection: nothing, or why there is none. */
export interface RelayAnswer {
  readonly failure?: {
    readonly kind: SshFailureKind;
    readonly hop: { readonly user: string; readonly host: string; readonly port: number };
    readonly message: string;
    readonly hint: string;
  };
}

/** One line, which is the whole of what either side says before the other has answered. */
export function sayLine(socket: Socket, value: Behind | RelayAnswer): void {
  socket.write(`${JSON.stringify(value)}\n`);
}

/** The line of the other side. What comes after it stays with the socket, which is then as nobody had read from it. */
export function hearLine(socket: Socket): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let heard = Buffer.alloc(0);
    const settle = (end: () => void): void => {
      socket.off("readable", read).off("error", fail).off("close", close);
      end();
    };
    const fail = (error: Error): void => {
      settle(() => {
        reject(error);
      });
    };
    const close = (): void => {
      fail(new Error("the relay ended the connection"));
    };
    const read = (): void => {
      for (let part = socket.read() as Buffer | null; part !== null; part = socket.read() as Buffer | null) {
        heard = Buffer.concat([heard, part]);
        const end = heard.indexOf("\n");
        if (end === -1) continue;
        const rest = heard.subarray(end + 1);
        settle(() => {
          if (rest.length > 0) socket.unshift(rest);
          resolve(JSON.parse(heard.subarray(0, end).toString("utf8")));
        });
        return;
      }
    };
    socket.on("readable", read).once("error", fail).once("close", close);
  });
}

export function answerOf({ kind, hop, problems: [problem] }: SshError): RelayAnswer {
  const { message = "", hint = "" } = problem ?? {};
  const { user, host, port } = hop;
  return { failure: { kind, hop: { user, host, port }, message, hint } };
}

/** @throws SshError what the relay said */
export function assertOpen({ failure }: RelayAnswer): void {
  if (failure === undefined) return;
  throw new SshError(failure.kind, failure.hop, failure.message, failure.hint);
}
