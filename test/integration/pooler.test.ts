import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chown, mkdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConnectionTarget } from "../../components/core/connection";
import { readExisting } from "../../components/io/existing-server";
import { withSession } from "../../components/io/session";
import { eventually } from "../support/eventually";
import { freePort, startServer, temporaryDirectory, type TestServer } from "../support/server";

const program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"].find(existsSync);
let server: TestServer;
let directory: string;
let login: ConnectionTarget;
const started: ChildProcess[] = [];

/** A real PgBouncer before the server, which hands on the client's password. */
async function startPooler(mode: "session" | "transaction", ignored: string): Promise<ConnectionTarget> {
  if (program === undefined) throw new Error("PgBouncer is needed: apt install pgbouncer");
  const port = await freePort();
  const { account } = server.instance;
  const place = join(directory, `${mode}-${port}`);
  await mkdir(place, { recursive: true });
  const file = join(place, "pgbouncer.ini");
  const users = join(place, "users.txt");
  await writeFile(users, `"postgres" "${server.password}"\n`);
  const lines = [
    "[databases]",
    `* = host=127.0.0.1 port=${server.port}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    `pool_mode = ${mode}`,
    "auth_type = scram-sha-256",
    `auth_file = ${users}`,
    `ignore_startup_parameters = ${ignored}`,
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  if (account !== undefined) {
    for (const path of [place, file, users]) await chown(path, account.uid, account.gid);
  }
  const identity = account === undefined ? {} : { uid: account.uid, gid: account.gid };
  started.push(spawn(program, [file], { stdio: "ignore", cwd: "/", ...identity }));
  const target = { ...login, port };
  await eventually("PgBouncer listens", async () => {
    const said = await readExisting(target).then(
      () => "",
      (reason: unknown) => String(reason),
    );
    return said.includes("no answer") ? undefined : true;
  });
  return target;
}

beforeAll(async () => {
  [server, directory] = await Promise.all([startServer(), temporaryDirectory()]);
  login = { host: "127.0.0.1", port: server.port, user: "postgres", password: server.password };
});

afterAll(async () => {
  for (const child of started) child.kill("SIGKILL");
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

describe("a pooler in between", () => {
  test("is none where the server itself answers", async () => {
    expect((await readExisting(login)).capabilities.superuser).toBe(true);
  });

  test("that refuses the settings of a session is told by its refusal", async () => {
    const target = await startPooler("session", "extra_float_digits");
    await expect(readExisting(target)).rejects.toThrow(
      /unsupported startup parameter.*[\s\S]*give its own host and port/,
    );
  });

  test.each(["session", "transaction"] as const)(
    "that leaves out the settings of a session is refused in %s pooling, with one error",
    async (mode) => {
      const target = await startPooler(mode, "extra_float_digits,options");
      // It works as far as a query goes: what is lost is not to be seen.
      const [row] = await withSession(target, {}, (session) => session.query("SELECT 1 AS one"));
      expect(row).toEqual({ one: 1 });
      await expect(readExisting(target)).rejects.toThrow(
        /a connection pooler such as PgBouncer is in between: it leaves out the settings with which a session starts[\s\S]*hint: give the server's own host and port/,
      );
    },
  );

  test("that only shares processes between transactions is refused by what it does", async () => {
    // As the server gives every session of this login the same settings, none is missed.
    const admin = await server.connect();
    await admin.query("ALTER ROLE postgres SET search_path = pg_catalog");
    await admin.close();
    const target = await startPooler("transaction", "extra_float_digits,options");
    await expect(readExisting(target)).rejects.toThrow(
      /it gives each transaction another session of the server/,
    );
    const session = await startPooler("session", "extra_float_digits,options");
    expect((await readExisting(session)).capabilities.login).toBe("postgres");
  });
});

test("the program that is tried is PgBouncer", () => {
  expect(execFileSync(program ?? "pgbouncer", ["--version"], { encoding: "utf8" })).toMatch(/^PgBouncer/);
});
