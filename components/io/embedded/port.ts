import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer } from "node:net";
import { problemError } from "../../core/problem";
import type { Refusal } from "../../core/statement";
import { findInstanceOnPort } from "./instance";

/** Says whose a port is and how to choose another one, unless a server could listen on it now. */
export async function refusePort(port: number): Promise<Refusal | undefined> {
  if (await canListen(port)) return undefined;
  return {
    subject: "server.port",
    message: `port ${port} is in use on 127.0.0.1 by ${await describeUser(port)}`,
    hint: `choose another one: npm run pulumi -- config set --path pgstead:server.port ${await nextFree(port + 1)}`,
  };
}

/** Fails with what {@link refusePort} says. */
export async function assertPortFree(port: number): Promise<void> {
  const refusal = await refusePort(port);
  if (refusal !== undefined) throw problemError(refusal.subject, refusal.message, refusal.hint);
}

export function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => {
      resolve(false);
    });
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });
}

async function nextFree(from: number): Promise<number> {
  for (let port = from; port < 65535; port++) if (await canListen(port)) return port;
  return from;
}

async function describeUser(port: number): Promise<string> {
  const owner = await findInstanceOnPort(port);
  if (owner !== undefined) return `the embedded server of stack ${owner.stack} of ${owner.checkout}`;
  const process = await listeningProcess(port);
  return process === undefined ? "another program" : `process ${process.pid} (${process.name})`;
}

/** Linux: socket number from /proc/net/tcp, then the process that has it open. Elsewhere: unknown. */
async function listeningProcess(port: number): Promise<{ pid: string; name: string } | undefined> {
  const socket = await listeningSocket(port);
  if (socket === undefined) return undefined;
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []); // ended meanwhile, or another account's
    for (const file of files) {
      const link = await readlink(`/proc/${pid}/fd/${file}`).catch(() => "");
      if (link === `socket:[${socket}]`) return { pid, name: await processName(pid) };
    }
  }
  return undefined;
}

async function listeningSocket(port: number): Promise<string | undefined> {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const text = await readFile(table, "utf8").catch(() => ""); // not Linux
    for (const line of text.split("\n")) {
      const fields = line.trim().split(/\s+/);
      // Fields: 1 local address:port, 3 state (0A listens), 9 inode (Documentation/networking/proc_net_tcp.rst).
      if (fields[1]?.endsWith(`:${hex}`) === true && fields[3] === "0A") return fields[9];
    }
  }
  return undefined;
}

async function processName(pid: string): Promise<string> {
  return (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "unknown")).trim();
}
