import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

export type Passing = "last" | undefined;

/** Stands between a client and a PostgreSQL server, and sees each statement before the server does. */
export interface StatementProxy {
  readonly port: number;
  /** Statements that have passed, of all sessions, in their order; without their values. */
  readonly statements: readonly string[];
  stop(): Promise<void>;
}

/**
 * @param before called with each statement before it is sent on; what it throws drops the session instead, and "last" lets
 * this one pass and nothing after it
 */
export async function startStatementProxy(
  target: { readonly host: string; readonly port: number },
  before: (count: number, statement: string) => Passing | Promise<Passing> = () => undefined,
): Promise<StatementProxy> {
  const statements: string[] = [];
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const server = connect(target.port, target.host);
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    server.pipe(client);
    server.on("close", () => client.destroy());
    client.on("close", () => server.destroy());
    forward(client, server, async (statement) => {
      statements.push(statement);
      return before(statements.length, statement);
    });
  });
  const port = await listen(listener);
  return {
    port,
    statements,
    async stop() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, "close");
    },
  };
}

async function listen(listener: Server): Promise<number> {
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return (listener.address() as AddressInfo).port;
}

/** Sends message after message on: PostgreSQL's protocol, "Message Formats"; the first one of a session has no type. */
function forward(client: Socket, server: Socket, see: (statement: string) => Promise<Passing>): void {
  let pending: Buffer = Buffer.alloc(0);
  let hasStarted = false;
  let isCut = false;
  let queue = Promise.resolve();
  client.on("data", (chunk: Buffer) => {
    queue = queue.then(async () => {
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        const head = hasStarted ? 1 : 0;
        if (isCut || pending.length < head + 4) return;
        const length = head + pending.readUInt32BE(head);
        if (pending.length < length) return;
        const message = pending.subarray(0, length);
        pending = pending.subarray(length);
        const statement = hasStarted ? statementOf(message) : undefined;
        hasStarted = true;
        const passing = statement === undefined ? undefined : await see(statement);
        server.write(message);
        isCut = passing === "last";
      }
    });
    queue.catch(() => {
      client.destroy();
      server.destroy();
    });
  });
}

/** The text of a simple query, or of one that is parsed with values to follow. */
function statementOf(message: Buffer): string | undefined {
  const type = String.fromCharCode(message[0] ?? 0);
  const body = message.subarray(5).toString("utf8");
  if (type === "Q") return body.replace(/\0$/, "");
  return type === "P" ? body.split("\0")[1] : undefined;
}
