import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConnectionTarget } from "../../components/core/connection";
import {
  LoginRefusedError,
  openCancellable,
  ServerUnreachableError,
  withSession,
} from "../../components/io/session";
import { eventually } from "../support/eventually";
import { startServer, temporaryDirectory, type TestServer } from "../support/server";
import { listenOnSocket } from "../support/socket-login";

let server: TestServer;
let directory: string;
let target: ConnectionTarget;

beforeAll(async () => {
  server = await startServer();
  directory = await temporaryDirectory();
  target = await listenOnSocket(server, join(directory, "socket"));
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

function whoAmI(to: ConnectionTarget): Promise<object[]> {
  return withSession(to, {}, (session) =>
    session.query("SELECT current_user AS me, inet_client_addr() AS address"),
  );
}

describe("a session over a socket", () => {
  test("logs in by the account alone, without a password", async () => {
    expect(await whoAmI(target)).toEqual([{ me: "postgres", address: null }]);
  });

  test("is asked over the socket to cancel a statement", async () => {
    const session = await openCancellable(target, {});
    const cancelled = expect(session.query("SELECT pg_sleep(600)")).rejects.toMatchObject({ code: "57014" });
    await withSession(target, {}, (other) =>
      eventually("the statement runs", async () => {
        const [row] = await other.query("SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active'", [
          session.pid,
        ]);
        return row === undefined ? undefined : true;
      }),
    );
    await session.cancel();
    await cancelled;
    await session.close();
  });

  test("asks for no TLS, whatever is said of it, as libpq does", async () => {
    expect(await whoAmI({ ...target, tls: { mode: "verify-full" } })).toHaveLength(1);
  });

  test("as another role than the account's is refused, and says over which socket", async () => {
    await expect(whoAmI({ ...target, user: "eve" })).rejects.toThrow(LoginRefusedError);
    await expect(whoAmI({ ...target, user: "eve" })).rejects.toThrow(
      `login of eve on database postgres at ${target.host}/.s.PGSQL.${target.port}: Peer authentication failed`,
    );
  });

  test("where nothing listens names the socket's file", async () => {
    const none = { ...target, host: join(directory, "none") };
    await expect(whoAmI(none)).rejects.toThrow(ServerUnreachableError);
    await expect(whoAmI(none)).rejects.toThrow(
      `no answer from PostgreSQL at ${none.host}/.s.PGSQL.${none.port}: `,
    );
  });
});
