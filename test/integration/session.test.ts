import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import {
  LoginRefusedError,
  openSession,
  ServerUnreachableError,
  withSession,
} from "../../components/io/session";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { freePort, startServer } from "../support/server";

const password = "secret-password-42";
let listener: Server | undefined;
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  listener?.close();
  listener = undefined;
});

/** A server that answers the first message with bytes of its own, and keeps what it receives. */
async function fakeServer(answer: Buffer): Promise<{ port: number; received: () => string }> {
  const received: Buffer[] = [];
  const port = await freePort();
  listener = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined); // the client ends the connection as it likes
    socket.on("data", (data) => {
      if (received.push(data) === 1) socket.write(answer);
    });
  });
  await new Promise<void>((resolve) => listener?.listen(port, "127.0.0.1", resolve));
  return { port, received: () => Buffer.concat(received).toString("latin1") };
}

/** Authentication request of the protocol: `R`, length, code, and what belongs to it. */
function authentication(code: number, rest: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.write("R");
  head.writeInt32BE(8 + rest.length, 1);
  head.writeInt32BE(code, 5);
  return Buffer.concat([head, rest]);
}

const target = (port: number) => ({ host: "127.0.0.1", port, user: "app", password });

describe("a server that asks for the password", () => {
  test.each([
    ["in clear", authentication(3)],
    ["as MD5", authentication(5, Buffer.from([1, 2, 3, 4]))],
  ])("%s does not get it", async (form, request) => {
    const { port, received } = await fakeServer(request);
    const failure: unknown = await openSession(target(port)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LoginRefusedError);
    expect(String(failure)).toContain(
      `the server asks for the password ${form}; pgstead answers scram-sha-256 only`,
    );
    expect(received()).toContain("app");
    expect(received()).not.toContain(password);
    // A password message starts with `p`: after the start packet there is none.
    expect(received()).not.toMatch(/p\0\0\0/);
  });

  test("by SCRAM gets a proof of it, and not the password", async () => {
    const mechanisms = Buffer.from("SCRAM-SHA-256\0\0", "latin1");
    const { port, received } = await fakeServer(authentication(10, mechanisms));
    await expect(openSession(target(port), { connectTimeoutMs: 500 })).rejects.toThrow(
      ServerUnreachableError,
    );
    expect(received()).toContain("SCRAM-SHA-256");
    expect(received()).not.toContain(password);
  });
});

test("a pooler that does not take a session's settings is told as such", async () => {
  const parts = ["SFATAL", "C08P01", "Munsupported startup parameter: options", ""].map(
    (part) => `${part}\0`,
  );
  const body = Buffer.from(parts.join(""), "latin1");
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(4 + body.length, 1);
  const { port } = await fakeServer(Buffer.concat([head, body]));
  await expect(openSession(target(port))).rejects.toThrow("is a pooler such as PgBouncer in between?");
});

describe("a server that is not there", () => {
  test("is unreachable, with its place", async () => {
    const port = await freePort();
    const failure: unknown = await openSession(target(port)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ServerUnreachableError);
    expect(String(failure)).toContain(`no answer from PostgreSQL at 127.0.0.1:${port}`);
    expect(String(failure)).not.toContain(password);
  });

  test("and one that never answers is given up", async () => {
    const { port } = await fakeServer(Buffer.alloc(0));
    const failure: unknown = await openSession(target(port), { connectTimeoutMs: 300 }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(ServerUnreachableError);
  });
});

test("a real server refuses a wrong password and a database that is not there, and takes our verifier", async () => {
  const server = await startServer();
  try {
    const admin = await server.connect();
    const good = generatePassword();
    await admin.query(`CREATE ROLE app LOGIN PASSWORD '${scramVerifier(good)}'`);
    const login = { host: server.host, port: server.port, user: "app", password: good };
    expect(
      await withSession(login, {}, (session) => session.query("SELECT current_user::text AS who")),
    ).toEqual([{ who: "app" }]);
    const wrong: unknown = await openSession({ ...login, password }).catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(LoginRefusedError);
    expect(String(wrong)).toContain("login of app on database postgres at 127.0.0.1:");
    await expect(openSession(login, { database: "nowhere" })).rejects.toThrow(LoginRefusedError);
    await admin.query("CREATE DATABASE closed");
    await admin.query("REVOKE CONNECT ON DATABASE closed FROM PUBLIC");
    await expect(openSession(login, { database: "closed" })).rejects.toThrow(LoginRefusedError);
    const reader = { readOnly: true, statementTimeoutMs: 200 };
    await withSession(login, reader, async (session) => {
      await expect(session.query("CREATE TEMPORARY TABLE t ()")).rejects.toMatchObject({ code: "25006" });
      await expect(session.query("SELECT pg_sleep(60)")).rejects.toMatchObject({ code: "57014" });
      expect(await session.query("SHOW TimeZone")).toEqual([{ TimeZone: "UTC" }]);
    });
    // A session that is lost between two queries is an error of the next one, and does not end the process.
    const lost = await openSession(login);
    await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
    await expect(lost.query("SELECT 1")).rejects.toThrow();
    await admin.close();
  } finally {
    await server.stop();
  }
});
