import { existsSync } from "node:fs";
import { chown, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readDiskIdentifier } from "../../components/io/embedded/control-file";
import { instanceAt, removeInstance, type Instance } from "../../components/io/embedded/instance";
import { removeStaleLock } from "../../components/io/embedded/postmaster";
import { initServer, readServerStatus, startServer, stopServer } from "../../components/io/embedded/server";
import { readSystemIdentifier } from "../../components/io/identity";
import { serverAccount } from "../../components/io/os-account";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { openSession, withSession } from "../../components/io/session";
import { eventually } from "../support/eventually";
import { freePort, temporaryDirectory } from "../support/server";

const isRoot = process.getuid?.() === 0;
const password = generatePassword();
const init = { administrator: "postgres", verifier: scramVerifier(password), noSync: true };
let directory: string;
let instance: Instance;
let port: number;

beforeEach(async () => {
  directory = await temporaryDirectory();
  instance = instanceAt(join(directory, "data"));
  port = await freePort();
});

afterEach(async () => {
  await stopServer(instance);
  await rm(directory, { recursive: true, force: true });
});

const start = () => startServer(instance, { port, clusterName: "x" });
const target = () => ({ host: "127.0.0.1", port, user: "postgres", password });

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("removal", () => {
  test("of the data of a running server is refused, and the server goes on", async () => {
    await initServer(instance, init);
    const { pid } = await start();
    await expect(removeInstance(instance)).rejects.toThrow(
      new RegExp(`data:\n {2}a server runs on it: process ${pid}\n {4}hint: stop that server`),
    );
    await (await openSession(target())).close();
    expect(await removeStaleLock(instance.dataDirectory)).toBe(false);
  });

  test("of the data of a running server whose lock file is lost is refused as well", async () => {
    await initServer(instance, init);
    const { pid } = await start();
    await rm(join(instance.dataDirectory, "postmaster.pid"));
    try {
      expect((await readServerStatus(instance)).kind).toBe("stopped");
      await expect(removeInstance(instance)).rejects.toThrow(`a server runs on it: process ${pid}`);
      await symlink(instance.dataDirectory, join(directory, "link"));
      await expect(removeInstance(instanceAt(join(directory, "link")))).rejects.toThrow(
        "a server runs on it",
      );
      expect(existsSync(join(instance.dataDirectory, "PG_VERSION"))).toBe(true);
    } finally {
      process.kill(pid, "SIGQUIT");
      await eventually("it ends", () => (isAlive(pid) ? undefined : true));
    }
    await removeInstance(instance);
    expect(existsSync(instance.dataDirectory)).toBe(false);
  });
});

test("a directory beside the data that only looks like a draft of ours is left alone", async () => {
  const own = `${instance.dataDirectory}.new`;
  await mkdir(own);
  await writeFile(join(own, "thesis.txt"), "42");
  await initServer(instance, init);
  expect(await readFile(join(own, "thesis.txt"), "utf8")).toBe("42");
  expect((await readdir(directory)).toSorted()).toEqual(["data", "data.new", "data.pgstead"]);
});

describe("the account of a server", () => {
  const daemon = { name: "daemon", uid: 1, gid: 1 };

  test("that exists is the owner of its data, whichever account a new one would get", async ({ skip }) => {
    skip(!isRoot, "an ordinary account runs its servers itself");
    expect(serverAccount()?.uid).not.toBe(daemon.uid);
    expect(instance.account).toEqual(serverAccount());
    instance = { ...instance, account: daemon };
    await initServer(instance, init);
    await start();

    const found = instanceAt(instance.dataDirectory);
    expect(found.account).toEqual(daemon);
    await stopServer(found);
    expect((await readServerStatus(found)).kind).toBe("stopped");
    const { pid } = await startServer(found, { port, clusterName: "x" });
    expect((await stat(`/proc/${pid}`)).uid).toBe(daemon.uid);
    await (await openSession(target())).close();
    for (const path of ["data", "data/pgstead.conf", "data/postgresql.conf", "data.pgstead"]) {
      const { uid, gid } = await stat(join(directory, path));
      expect({ path, uid, gid }).toEqual({ path, uid: daemon.uid, gid: daemon.gid });
    }
  });

  test("is chosen for a directory that holds no server yet, and for one of root's", async ({ skip }) => {
    skip(!isRoot, "an ordinary account runs its servers itself");
    const place = join(directory, "place");
    await mkdir(place);
    await chown(place, daemon.uid, daemon.gid);
    expect(instanceAt(place).account).toEqual(serverAccount());
    await writeFile(join(place, "PG_VERSION"), "17\n");
    expect(instanceAt(place).account).toEqual(daemon);
    await chown(place, 54_321, 54_322);
    expect(instanceAt(place).account).toEqual({ name: "54321", uid: 54_321, gid: 54_322 });
    await chown(place, 0, 0);
    expect(instanceAt(place).account).toEqual(serverAccount());
  });
});

test("the identifier on disk is the one that the server tells", async () => {
  expect(await readDiskIdentifier(instance.dataDirectory)).toBeUndefined();
  await initServer(instance, init);
  await start();
  expect(await readDiskIdentifier(instance.dataDirectory)).toBe(
    await withSession(target(), {}, readSystemIdentifier),
  );
});
