import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  readonly status: number;
  readonly contentType?: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What of a request an answer depends on: nothing of it is ever sent back. */
export interface Asked {
  readonly authorization: string | undefined;
}

/** What is answered, by path. */
export type Routes = Readonly<Record<string, (asked: Asked) => Answer | Promise<Answer>>>;

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Limits against whoever asks slowly, or too much: a connection more is turned away, a request that has not come whole
 * within five seconds gets 408, and an answer that nobody reads is given up.
 */
const limits = {
  maxConnections: 256,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 5_000,
  idleTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  checkEveryMs: 1_000,
  maxHeaderBytes: 8_192,
};

/**
 * Answers GET and HEAD on every address of the container; paths take no query.
 *
 * @param port 0: one that is free
 * @throws Error where the port is taken
 */
export async function startHttp(port: number, routes: Routes): Promise<HttpServer> {
  const options = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: limits.checkEveryMs,
  };
  const server = createServer(options, (request, response) => {
    void answer(request, routes).then((found) => {
      send(request, response, found);
    });
  });
  server.maxConnections = limits.maxConnections;
  server.setTimeout(limits.idleTimeoutMs);
  await listen(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer({ method, url = "/", headers }: IncomingMessage, routes: Routes): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") {
    return { status: 405, text: "GET and HEAD only\n", headers: { allow: "GET, HEAD" } };
  }
  const [path = "/", query] = url.split("?");
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return { status: 404, text: `there is ${Object.keys(routes).join(", ")}\n` };
  if (query !== undefined && query !== "") return { status: 400, text: "this path takes no query\n" };
  try {
    return await route({ authorization: headers.authorization });
  } catch {
    // What an error says may be of the server's inside.
    return { status: 500, text: "this failed: the container's log may say why\n" };
  }
}

function send(request: IncomingMessage, response: ServerResponse, found: Answer): void {
  const { status, contentType = "text/plain; charset=utf-8", text, headers = {} } = found;
  // Nobody waits for a body that comes with a request.
  const hasBody = request.headers["content-length"] !== undefined || "transfer-encoding" in request.headers;
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(hasBody ? { connection: "close" } : {}),
    ...headers,
  });
  response.end(text);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
