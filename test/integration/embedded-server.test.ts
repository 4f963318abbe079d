import { spawnSync } from "node:child_process";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { removeInstance } from "../../components/io/embedded/instance";
import { readServerStatus, startServer as start } from "../../components/io/embedded/server";
import { eventually } from "../support/eventually";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

afterAll(async () => {
  await server.stop();
});

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  const session = await server.connect();
  const found = await session.query(sql);
  await session.close();
  return found;
}

async function pid(): Promise<number> {
  const status = await readServerStatus(server.instance);
  if (status.kind !== "running") throw new Error("it does not run");
  return status.postmaster.pid;
}

describe("a new server", () => {
  test("has checksums, UTF8, and the same order of text on every platform", async () => {
    expect(
      await rows(
        "SELECT current_setting('data_checksums') AS sums, current_setting('server_encoding') AS encoding",
      ),
    ).toEqual([{ sums: "on", encoding: "UTF8" }]);
    expect(
      await rows(
        "SELECT datlocprovider AS provider, datlocale AS locale FROM pg_database WHERE datname = 'postgres'",
      ),
    ).toEqual([{ provider: "b", locale: "C.UTF-8" }]);
  });

  test("asks every connection for scram-sha-256, and keeps verifiers only", async () => {
    const rules = await rows("SELECT auth_method, error FROM pg_hba_file_rules");
    expect(rules.length).toBeGreaterThan(3);
    for (const rule of rules) expect(rule).toEqual({ auth_method: "scram-sha-256", error: null });
    const [administrator] = await rows("SELECT rolpassword FROM pg_authid WHERE rolname = 'postgres'");
    expect(administrator?.rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
    expect(await rows("SHOW password_encryption")).toEqual([{ password_encryption: "scram-sha-256" }]);
  });

  test("listens on loopback only, and on no socket", async () => {
    expect(
      await rows(
        "SELECT current_setting('listen_addresses') AS tcp, current_setting('unix_socket_directories') AS unix",
      ),
    ).toEqual([{ tcp: "127.0.0.1", unix: "" }]);
    const others = Object.values(networkInterfaces()).flatMap((list = []) =>
      list.filter(({ internal }) => !internal),
    );
    for (const { address } of others.filter(({ family }) => family === "IPv4")) {
      const answer = await new Promise<string>((resolve) => {
        const socket = createConnection({ host: address, port: server.port });
        socket
          .once("connect", () => {
            resolve("it listens");
          })
          .once("error", ({ message }) => {
            resolve(message);
          });
        socket.once("close", () => socket.destroy());
      });
      expect(answer).toContain("ECONNREFUSED");
    }
  });

  test("has its settings in files, where ALTER SYSTEM can change them, and none on the command line", async () => {
    expect(await rows("SELECT name FROM pg_settings WHERE source = 'command line'")).toEqual([]);
    expect(
      await rows("SELECT source, setting FROM pg_settings WHERE name = 'shared_preload_libraries'"),
    ).toEqual([{ source: "configuration file", setting: "pg_stat_statements" }]);
    const args = (await readFile(`/proc/${await pid()}/cmdline`, "utf8")).split("\0");
    expect(args.slice(1).filter(Boolean)).toEqual(["-D", server.instance.dataDirectory]);
  });

  test("can use its libraries", async () => {
    await rows("CREATE EXTENSION pg_stat_statements SCHEMA public");
    expect(await rows("SELECT count(*) > 0 AS some FROM public.pg_stat_statements")).toEqual([
      { some: true },
    ]);
  });

  test("is closed to other accounts", async () => {
    const { dataDirectory, directory, account } = server.instance;
    for (const place of [dataDirectory, directory]) {
      const { mode, uid } = await stat(place);
      expect(mode & 0o777).toBe(0o700);
      expect(uid).toBe(account?.uid ?? process.getuid?.());
    }
    if (account !== undefined) {
      const stranger = { uid: 54_321, gid: 54_321 };
      const { status, stderr } = spawnSync("cat", [join(dataDirectory, "PG_VERSION")], {
        ...stranger,
        encoding: "utf8",
      });
      expect(stderr).toContain("Permission denied");
      expect(status).not.toBe(0);
    }
  });

  test("leaves nothing of its making behind", async () => {
    const { dataDirectory, directory } = server.instance;
    expect((await readdir(dirname(dataDirectory))).toSorted()).toEqual(["instance", "instance.pgstead"]);
    expect((await readdir(directory)).toSorted()).toEqual(["start.log"]);
  });
});

test("stop and start keep the data, and a second start does nothing", async () => {
  await rows("CREATE TABLE public.kept AS SELECT 42 AS n");
  await server.halt();
  expect((await readServerStatus(server.instance)).kind).toBe("stopped");
  await server.halt();
  await server.start();
  const before = await pid();
  await server.start();
  expect(await pid()).toBe(before);
  expect(await rows("SELECT n FROM public.kept")).toEqual([{ n: 42 }]);
});

test("killed, it is seen as stopped, and starts again with its data, whatever its children do meanwhile", async () => {
  const busy = await server.connect();
  const lost = busy.query("SELECT pg_sleep(600)").catch(() => "lost");
  const killed = await pid();
  process.kill(killed, "SIGKILL");
  await eventually("it is seen", async () =>
    (await readServerStatus(server.instance)).kind === "stopped" ? true : undefined,
  );
  expect(existsSync(join(server.instance.dataDirectory, "postmaster.pid"))).toBe(true);
  await server.start();
  expect(await pid()).not.toBe(killed);
  expect(await rows("SELECT n FROM public.kept")).toEqual([{ n: 42 }]);
  expect(await lost).toBe("lost");
  await busy.close().catch(() => undefined); // its server was killed
});

test("data that was put back without what lies beside it starts", async () => {
  await server.halt();
  await rm(server.instance.directory, { recursive: true });
  await server.start();
  expect(await rows("SELECT n FROM public.kept")).toEqual([{ n: 42 }]);
});

test("two servers run side by side, and know nothing of each other", async () => {
  const other = await startServer();
  try {
    const session = await other.connect();
    expect(await session.query("SELECT to_regclass('public.kept') AS kept")).toEqual([{ kept: null }]);
    await session.close();
    expect(await rows("SELECT n FROM public.kept")).toEqual([{ n: 42 }]);
    await other.halt();
    await removeInstance(other.instance);
    expect(await readdir(dirname(other.instance.dataDirectory))).toEqual([]);
    expect((await readServerStatus(other.instance)).kind).toBe("absent");
    await expect(start(other.instance, { port: other.port, clusterName: "gone" })).rejects.toThrow();
    expect(await pid()).toBeGreaterThan(0);
  } finally {
    await other.stop();
  }
});
