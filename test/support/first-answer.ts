import { once } from "node:events";
import { connect } from "node:net";

/** What a server says to a login before any password: PostgreSQL's protocol, "Start-up". */
export type FirstAnswer = "asked" | "rejected" | "unmatched";

/** How a login is tried. */
export interface Attempt {
  readonly user: string;
  /** Null: a connection for physical replication. */
  readonly database: string | null;
  /** A Unix-domain socket, or a port of loopback with the address that the client has. */
  readonly way: { readonly path: string } | { readonly port: number; readonly from: string };
}

/** Sends the first packet of a login, without TLS, and gives what pg_hba.conf makes of it. */
export async function firstAnswer({ user, database, way }: Attempt): Promise<FirstAnswer> {
  const host = "from" in way && way.from.includes(":") ? "::1" : "127.0.0.1";
  const socket = connect("path" in way ? way : { port: way.port, host, localAddress: way.from });
  try {
    await once(socket, "connect");
    socket.write(startPacket(user, database));
    const [chunk] = (await once(socket, "data")) as [Buffer];
    const text = chunk.toString("utf8");
    if (text.startsWith("R")) return "asked";
    if (text.includes("no pg_hba.conf entry")) return "unmatched";
    if (text.includes("pg_hba.conf rejects")) return "rejected";
    throw new Error(`an answer of another kind: ${text}`);
  } finally {
    socket.destroy();
  }
}

function startPacket(user: string, database: string | null): Buffer {
  const words = ["user", user, ...(database === null ? ["replication", "true"] : ["database", database]), ""];
  const body = Buffer.from(words.map((word) => `${word}\0`).join(""), "utf8");
  const head = Buffer.alloc(8);
  head.writeInt32BE(body.length + 8, 0);
  head.writeInt32BE(3 << 16, 4);
  return Buffer.concat([head, body]);
}
