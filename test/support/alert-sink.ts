import type Docker from "dockerode";
import { confined } from "./docker-server";

/** What a receiver of alerts got: a request, or a mail. */
export interface SinkMessage {
  /** Of a request, with its query; of a mail `smtp`. */
  readonly to: string;
  readonly body: string;
}

/** A webhook as Alertmanager posts it. */
export interface WebhookMessage {
  readonly status: "firing" | "resolved";
  readonly alerts: readonly {
    readonly status: "firing" | "resolved";
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

/** A real receiver in a network of containers, by the name `sink`: HTTP on 8080, and SMTP without TLS on 2525. */
export interface AlertSink {
  messages(): Promise<readonly SinkMessage[]>;
  remove(): Promise<void>;
}

/** @param image any with Node.js */
export async function startAlertSink(
  docker: Docker,
  { name, network, image }: { readonly name: string; readonly network: string; readonly image: string },
): Promise<AlertSink> {
  const container = await docker.createContainer({
    name,
    Image: image,
    Entrypoint: ["node", "-e", `(${serve.toString()})()`],
    Cmd: [],
    HostConfig: { ...confined, NetworkMode: network },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: ["sink"] } } },
  });
  await container.start();
  return {
    async messages() {
      const { output } = await readLog(container);
      return output
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as SinkMessage);
    },
    async remove() {
      await container.remove({ force: true });
    },
  };
}

/** Docker's frames: eight bytes of a header, of which the last four are the length. */
async function readLog(container: Docker.Container): Promise<{ readonly output: string }> {
  const raw = await container.logs({ stdout: true, stderr: true });
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= raw.length;) {
    const length = raw.readUInt32BE(at + 4);
    parts.push(raw.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return { output: Buffer.concat(parts).toString("utf8") };
}

/** Runs in the container: a line of JSON for whatever comes. Nothing of this file is known there. */
function serve(): void {
  const http = process.getBuiltinModule("node:http");
  const net = process.getBuiltinModule("node:net");
  const tell = (to: string, body: string): void => {
    console.log(JSON.stringify({ to, body }));
  };
  http
    .createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (part: string) => (body += part));
      request.on("end", () => {
        tell(request.url ?? "", body);
        response.end("ok");
      });
    })
    .listen(8080);
  net
    .createServer((socket) => {
      let mail: string | undefined;
      let rest = "";
      socket.write("220 sink\r\n");
      socket.on("error", () => {
        socket.destroy();
      });
      socket.setEncoding("utf8").on("data", (part: string) => {
        rest += part;
        for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
          const line = rest.slice(0, end);
          rest = rest.slice(end + 2);
          if (mail !== undefined && line !== ".") mail += `${line}\n`;
          else if (mail !== undefined) {
            tell("smtp", mail);
            mail = undefined;
            socket.write("250 kept\r\n");
          } else if (line.toUpperCase() === "DATA") {
            mail = "";
            socket.write("354 go on\r\n");
          } else if (line.toUpperCase() === "QUIT") socket.end("221 bye\r\n");
          else socket.write("250 ok\r\n");
        }
      });
    })
    .listen(2525);
}
