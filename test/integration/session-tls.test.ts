import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Tls } from "../../components/core/connection";
import {
  LoginRefusedError,
  openCancellable,
  ServerUnreachableError,
  withSession,
} from "../../components/io/session";
import { makeAuthority, type Authority } from "../support/certificates";
import { eventually } from "../support/eventually";
import { startServer, temporaryDirectory, type TestServer } from "../support/server";

let server: TestServer;
let directory: string;
let authority: Authority;

beforeAll(async () => {
  [server, directory] = await Promise.all([startServer(), temporaryDirectory()]);
  authority = await makeAuthority(directory);
});

afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

/** Whether a session is encrypted, as the server sees it. */
async function encrypted(tls: Tls, host: string = server.host): Promise<boolean> {
  const { port, superuser: user, password } = server;
  return withSession({ host, port, user, password, tls }, {}, async (session) => {
    const [row] = await session.query<{ ssl: boolean }>(
      "SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()",
    );
    return row?.ssl === true;
  });
}

async function failure(tls: Tls, host?: string): Promise<string> {
  const error: unknown = await encrypted(tls, host).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  // A server that is not believed is there: nothing may be planned as if it were not.
  expect(error).not.toBeInstanceOf(ServerUnreachableError);
  expect(error).not.toBeInstanceOf(LoginRefusedError);
  expect(String(error)).not.toContain(server.password);
  return String(error);
}

/** The server has taken over its new certificate. */
async function secure(names: readonly string[], proof: () => Promise<boolean>): Promise<void> {
  await authority.secure(server, names);
  await eventually("the server has the new certificate", async () =>
    (await proof().catch(() => false)) ? true : undefined,
  );
}

test("a server without TLS is not spoken to in clear where TLS is asked for", async () => {
  expect(await encrypted({ mode: "disable" })).toBe(false);
  for (const mode of ["require", "verify-ca", "verify-full"] as const) {
    const text = await failure({ mode });
    expect(text).toContain(`has no TLS, and the mode is ${mode}`);
    expect(text).toContain("tls: { mode: disable }");
  }
});

describe("a server with a certificate for its address", () => {
  beforeAll(async () => {
    await secure(["127.0.0.1"], () => encrypted({ mode: "require" }));
  });

  test("is asked over TLS to cancel a statement", async () => {
    const { host, port, superuser: user, password } = server;
    const target = { host, port, user, password, tls: { mode: "verify-full", ca: authority.pem } } as const;
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

  test("is believed by every mode, the authority given as text or as a file", async () => {
    expect(await encrypted({ mode: "verify-full", ca: authority.pem })).toBe(true);
    expect(await encrypted({ mode: "verify-full", ca: authority.file })).toBe(true);
    expect(await encrypted({ mode: "verify-ca", ca: authority.file })).toBe(true);
    expect(await encrypted({ mode: "require" })).toBe(true);
    expect(await encrypted({ mode: "disable" })).toBe(false);
  });

  test("is not believed with another authority, and not with the public ones", async () => {
    const other = await makeAuthority(directory);
    for (const mode of ["verify-ca", "verify-full"] as const) {
      expect(await failure({ mode, ca: other.pem })).toContain("its certificate is not believed");
      expect(await failure({ mode })).toContain("tls: { ca: … }");
    }
  });

  test("is not believed under a name that the certificate does not have, but for verify-ca", async () => {
    const tls = { mode: "verify-full", ca: authority.pem } as const;
    expect(await failure(tls, "localhost")).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
    expect(await failure(tls, "localhost")).toContain("lower the mode to verify-ca");
    expect(await encrypted({ ...tls, mode: "verify-ca" }, "localhost")).toBe(true);
  });

  test("is not asked with an authority that cannot be read", async () => {
    expect(await failure({ mode: "verify-full", ca: join(directory, "nothing.crt") })).toContain(
      "cannot be read",
    );
    await writeFile(join(directory, "text.crt"), "no certificate");
    expect(await failure({ mode: "verify-full", ca: join(directory, "text.crt") })).toContain(
      "is no PEM file",
    );
  });
});

test("a certificate for a name does not hold for an address", async () => {
  const tls = { mode: "verify-full", ca: authority.pem } as const;
  await secure(["localhost"], () => encrypted(tls, "localhost"));
  expect(await failure(tls)).toContain("ERR_TLS_CERT_ALTNAME_INVALID");
});
