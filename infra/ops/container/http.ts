import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics";

export interface HttpSurroundings {
  /** 0: one that is free. */
  readonly port: number;
  readonly metrics: Pick<Metrics, "render">;
  /** Why the scheduler does not do its work; undefined: it does. */
  readonly whyNotLive: () => string | undefined;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly contentType?: string;
  readonly text: string;
}

/**
 * Serves `/metrics` and `/health/live` on every address of the container. Neither holds a secret, and the port is not
 * published: only the stack's own network reaches it.
 */
export async function startHttp({ port, metrics, whyNotLive }: HttpSurroundings): Promise<HttpServer> {
  const routes: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
    "/metrics": async () => ({ status: 200, ...(await metrics.render()) }),
    "/health/live": () => {
      const reason = whyNotLive();
      return { status: reason === undefined ? 200 : 503, text: `${reason ?? "the scheduler ticks"}\n` };
    },
  };
  const server = createServer((request, response) => {
    void answer(request, routes).then((found) => {
      send(response, found);
    });
  });
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

async function answer(
  { method, url = "/" }: IncomingMessage,
  routes: Readonly<Record<string, () => Answer | Promise<Answer>>>,
): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") return { status: 405, text: "GET only\n" };
  const [path = "/"] = url.split("?");
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return { status: 404, text: "there is /metrics and /health/live\n" };
  try {
    return await route();
  } catch (error) {
    return { status: 500, text: `${error instanceof Error ? error.message : String(error)}\n` };
  }
}

function send(
  response: ServerResponse,
  { status, contentType = "text/plain; charset=utf-8", text }: Answer,
): void {
  response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" });
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
