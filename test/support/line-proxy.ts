import { pipeline, Transform } from "node:stream";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A way to a server on loopback that can be cut, held up, or made slow. */
export interface LineProxy {
  readonly port: number;
  /** Bytes that clients sent so far. */
  readonly sent: () => number;
  /** Cuts every connection once clients have sent that many bytes more, and takes no other. */
  cutAfter(bytes: number): void;
  /** Cuts every connection that there is now. */
  breakOnce(): void;
  /** Once clients have sent that many bytes more nothing goes any more, and no connection ends. */
  holdAfter(bytes: number): void;
  /** The same of what the server answers. */
  holdAnswersAfter(bytes: number): void;
  /** Each piece waits for that time. */
  slow(ms: number): void;
  /** All goes again. */
  mend(): void;
  close(): Promise<void>;
}

const never = Number.POSITIVE_INFINITY;

export async function startLineProxy(target: number): Promise<LineProxy> {
  const sockets = new Set<Socket>();
  const way = { sent: 0, answered: 0, cutAt: never, holdAt: never, holdAnswersAt: never, delay: 0 };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const isHeld = (): boolean => way.sent >= way.holdAt || way.answered >= way.holdAnswersAt;
  const pass = (from: Socket, to: Socket, count: (bytes: number) => void): void => {
    sockets.add(from);
    from.on("close", () => sockets.delete(from));
    const watch = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        count(chunk.length);
        if (way.sent >= way.cutAt) cut();
        else if (isHeld()) return;
        else {
          setTimeout(() => {
            done(null, chunk);
          }, way.delay);
        }
      },
    });
    pipeline(from, watch, to, () => {
      from.destroy();
      to.destroySoon();
    });
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (way.sent >= way.cutAt) {
      client.destroy();
      return;
    }
    const upstream = connect({ port: target, host: "127.0.0.1", allowHalfOpen: true });
    pass(client, upstream, (bytes) => (way.sent += bytes));
    pass(upstream, client, (bytes) => (way.answered += bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sent: () => way.sent,
    cutAfter: (bytes) => (way.cutAt = way.sent + bytes),
    breakOnce: cut,
    holdAfter: (bytes) => (way.holdAt = way.sent + bytes),
    holdAnswersAfter: (bytes) => (way.holdAnswersAt = way.answered + bytes),
    slow: (ms) => (way.delay = ms),
    mend() {
      Object.assign(way, { cutAt: never, holdAt: never, holdAnswersAt: never, delay: 0 });
      cut(); // what was held has lost bytes
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
