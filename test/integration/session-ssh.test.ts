import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { ConnectionTarget } from "../../components/core/connection";
import type { SshWay } from "../../components/core/ssh/way";
import {
  openCancellable,
  openSession,
  WayClosedError,
  withSession,
  type Session,
} from "../../components/io/session";
import { listenThrough } from "../../components/io/ssh/local-port";
import { closeRelays, openRelaysHere } from "../../components/io/ssh/reach";
import { Connections } from "../../infra/toolchain/offline/postgresql/connection";
import { parseConfig } from "../../infra/toolchain/offline/postgresql/provider-config";
import { makeAuthority, type Authority } from "../support/certificates";
import { findClientTools } from "../support/client-tools";
import { eventually } from "../support/eventually";
import { startPasswordHost } from "../support/password-host";
import { freePort, startServer, type TestServer } from "../support/server";
import { listenOnSocket } from "../support/socket-login";
import { passphrase, startSshServer, type SshServer } from "../support/ssh-server";

let sshd: SshServer;
let postgres: TestServer;
let socket: ConnectionTarget;
let authority: Authority;

beforeAll(async () => {
  [sshd, postgres] = await Promise.all([startSshServer(), startServer()]);
  // As in a provider that Pulumi started without the wrapper.
  await expect(openSession(target())).rejects.toThrow("run `npm run pulumi");
  openRelaysHere();
  socket = await listenOnSocket(postgres, join(sshd.directory, "socket"));
  authority = await makeAuthority(sshd.directory);
  await authority.secure(postgres, ["localhost"]);
  await eventually("the server has its certificate", () =>
    withSession(target(undefined, proven()), {}, () => Promise.resolve(true)).catch(() => undefined),
  );
  await closeRelays();
});

afterEach(closeRelays);

afterAll(async () => {
  await Promise.all([sshd.stop(), postgres.stop()]);
  await rm(sshd.directory, { recursive: true, force: true });
});

function way(changes: Partial<SshWay> = {}): SshWay {
  const keyFile = join(sshd.directory, "key");
  const hop = { host: "127.0.0.1", port: sshd.port, user: sshd.user, keyFile };
  return { ...hop, hostKey: sshd.publicKey("host"), ...changes };
}

function target(ssh: SshWay = way(), changes: Partial<ConnectionTarget> = {}): ConnectionTarget {
  const { port, superuser: user, password } = postgres;
  return { host: "localhost", port, user, password, ssh, ...changes };
}

const isEncrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

/** TLS that proves the server's name. */
function proven(): Partial<ConnectionTarget> {
  return { tls: { mode: "verify-full", ca: authority.file } };
}

const logins = (): number => (sshd.log().match(/Accepted publickey/g) ?? []).length;

async function failureOf(ssh: SshWay, changes: Partial<ConnectionTarget> = {}): Promise<string> {
  const error = await openSession(target(ssh, changes)).then(
    async (session) => {
      await session.close();
      throw new Error("it came through");
    },
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(WayClosedError);
  return (error as Error).message;
}

describe("sessions over an SSH host", () => {
  test("share one login, work, and are cancelled over it as well", async () => {
    const before = logins();
    const sessions = await Promise.all(
      [1, 2, 3].map(() => openSession(target(), { statementTimeoutMs: 20_000 })),
    );
    for (const session of sessions) {
      const [row] = await session.query<{ text: string; address: string }>(
        "SELECT repeat('x', 1000000) AS text, host(inet_client_addr()) AS address",
      );
      expect(row?.text).toHaveLength(1_000_000);
    }
    await Promise.all(sessions.map((session) => session.close()));
    const long = await openCancellable(target(), {});
    const sleeping = long.query("SELECT pg_sleep(60)");
    const ended = expect(sleeping).rejects.toMatchObject({ code: "57014" });
    await withSession(target(), {}, (session) =>
      eventually("the statement runs", async () => {
        const rows = await session.query(
          "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'",
        );
        return rows.length > 0 ? true : undefined;
      }),
    );
    await long.cancel();
    await ended;
    await long.close();
    expect(logins() - before).toBe(1);
  });

  test("go through a bastion, to a socket of the host, and with keys that a passphrase opens", async () => {
    const before = logins();
    const ask = (to: ConnectionTarget) =>
      withSession(to, {}, (session) => session.query("SELECT pg_backend_pid() > 0 AS ok"));
    expect(await ask(target(way({ bastion: way() })))).toEqual([{ ok: true }]);
    expect(logins() - before).toBe(2);
    expect(await ask(target(way(), { host: socket.host }))).toEqual([{ ok: true }]);
    const locked = way({ keyFile: join(sshd.directory, "locked") });
    expect(await failureOf(locked)).toContain("PGSTEAD_SSH_PASSPHRASE_FILE");
    const file = join(sshd.directory, "passphrase");
    await writeFile(file, `${passphrase}\n`, { mode: 0o600 });
    process.env.PGSTEAD_SSH_PASSPHRASE_FILE = file;
    try {
      expect(await ask(target(locked))).toEqual([{ ok: true }]);
    } finally {
      delete process.env.PGSTEAD_SSH_PASSPHRASE_FILE;
    }
  });

  test("log in to an account that has a password only, and say which one was wrong", async () => {
    const password = "of the account alone";
    const host = await startPasswordHost(password);
    const [right, wrong] = ["right", "wrong"].map((name) => join(sshd.directory, name)) as [string, string];
    await writeFile(right, `${password}\n`, { mode: 0o600 });
    await writeFile(wrong, "guessed", { mode: 0o600 });
    const { keyFile: _, ...noKey } = way();
    const account = { ...noKey, port: host.port, hostKey: host.hostKey };
    vi.stubEnv("SSH_AUTH_SOCK", "");
    vi.stubEnv("HOME", sshd.directory);
    try {
      for (const user of ["by-password", "by-questions"]) {
        vi.stubEnv("PGSTEAD_SSH_PASSWORD_FILE", right);
        const ask = (session: Session) => session.query("SELECT 1 AS one");
        expect(await withSession(target({ ...account, user }), {}, ask)).toEqual([{ one: 1 }]);
        await closeRelays();
        vi.stubEnv("PGSTEAD_SSH_PASSWORD_FILE", wrong);
        const told = await failureOf({ ...account, user });
        expect(told).toContain(`SSH ${user}@127.0.0.1:${host.port}`);
        expect(told).toMatch(/does not let/);
        expect(told).not.toContain("guessed");
        await closeRelays();
      }
      vi.stubEnv("PGSTEAD_SSH_PASSWORD_FILE", "");
      expect(await failureOf({ ...account, user: "by-password" })).toContain("PGSTEAD_SSH_PASSWORD_FILE");
    } finally {
      vi.unstubAllEnvs();
      await host.stop();
    }
  });

  test("tell why there is none, soon and with what to do", async () => {
    const began = Date.now();
    const port = await freePort();
    expect(await failureOf(way({ port }))).toContain(`127.0.0.1:${port}: nobody listens there`);
    expect(await failureOf(way({ hostKey: sshd.publicKey("key") }))).toContain("showed another host key");
    const empty = join(sshd.directory, "known_hosts");
    await writeFile(empty, "");
    const { hostKey: _, ...unknown } = way();
    expect(await failureOf({ ...unknown, knownHosts: empty })).toContain(
      `showed a host key that ${empty} does not have`,
    );
    expect(await failureOf(way({ keyFile: join(sshd.directory, "stranger") }))).toContain("does not let");
    expect(await failureOf(way({ keyFile: join(sshd.directory, "nowhere") }))).toContain(
      "name a file that this account can read",
    );
    expect(await failureOf(way({ keyFile: join(sshd.directory, "restricted") }))).toContain(
      "AllowTcpForwarding",
    );
    expect(await failureOf(way(), { port })).toContain(`cannot reach localhost:${port}`);
    expect(Date.now() - began).toBeLessThan(20_000);
  });

  test("that the connection's end takes along say so, and the next ones as well", async () => {
    const session = await openSession(target());
    const sleeping = session.query("SELECT pg_sleep(60)");
    const told = expect(sleeping).rejects.toThrow("the connection was lost while sessions went through it");
    expect(sshd.cutConnections()).toBe(1);
    await told;
    expect(await failureOf(way())).toContain("is the host up?");
    await closeRelays();
    await withSession(target(), {}, (again) => again.query("SELECT 1"));
  });

  test("prove the server by its own name, whatever is in between", async () => {
    const encrypted = async (to: ConnectionTarget): Promise<unknown> =>
      withSession(to, {}, async (session) => {
        const [row] = await session.query<{ ssl: boolean }>(isEncrypted);
        return row?.ssl;
      });
    expect(await encrypted(target(way(), proven()))).toBe(true);
    const wrong = { host: "127.0.0.1", ...proven() };
    await expect(encrypted(target(way(), wrong))).rejects.toThrow("its certificate is not believed");
    const tools = findClientTools();
    if (tools === undefined) throw new Error("there is no psql");
    for (const [through, told] of [
      [proven(), undefined],
      [wrong, "its certificate is not believed"],
    ] as const) {
      const local = await listenThrough(target(way(), through), { endsTls: true });
      // The listener has the TLS: the server sees it, and the program does not.
      const { username, password } = { username: postgres.superuser, password: postgres.password };
      const settings = { host: "127.0.0.1", port: local.port, username, password, sslmode: "disable" };
      const plugin = new Connections(parseConfig(settings, {}));
      const asPlugin = () => plugin.use("postgres", (connection) => connection.query(isEncrypted));
      const asLibpq = () =>
        tools.run("psql", ["--no-psqlrc", "--tuples-only", "--no-align", "--command", isEncrypted], {
          ...{ PGHOST: "127.0.0.1", PGPORT: String(local.port), PGUSER: username, PGPASSWORD: password },
          ...{ PGDATABASE: "postgres", PGSSLMODE: "disable" },
        });
      if (told === undefined) {
        expect(await asPlugin()).toEqual([{ ssl: true }]);
        expect((await asLibpq()).trim()).toBe("t");
      } else {
        await expect(asPlugin()).rejects.toThrow(told);
        await expect(asLibpq()).rejects.toThrow(told);
      }
      await local.close();
    }
  });

  test("are found by programs that know host and port only, who hear why they get none", async () => {
    const local = await listenThrough(target(), { endsTls: true });
    const { ssh: _, ...own } = target();
    const direct = { ...own, host: "127.0.0.1", port: local.port };
    expect(await withSession(direct, {}, (session) => session.query("SELECT 1 AS one"))).toEqual([
      { one: 1 },
    ]);
    await local.close();
    const port = await freePort();
    const dead = await listenThrough(target(way(), { port }), { endsTls: true });
    await expect(openSession({ ...direct, port: dead.port })).rejects.toThrow(
      `cannot reach localhost:${port}`,
    );
    await dead.close();
  });
});
