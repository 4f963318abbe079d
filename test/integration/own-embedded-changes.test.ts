import { readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { removeInstance } from "../../components/io/embedded/instance";
import { readServerStatus, stopServer } from "../../components/io/embedded/server";
import { reveal, unknown } from "../../components/providers/properties";
import { embeddedToken, useEmbeddedStack } from "../support/own-embedded";
import { plansOf } from "../support/own-provider";
import { freePort } from "../support/server";

const own = useEmbeddedStack();
const lastPlan = () => plansOf(own.provider).at(-1);

describe("a server that died", () => {
  test("is planned as a start, and comes back with its data", async () => {
    const declared = own.declare();
    await own.stack.up(declared);
    await own.sql("CREATE TABLE public.kept AS SELECT 7 AS n");
    await own.kill();
    expect(await own.stack.diff(declared)).toMatchObject({ detailed: { running: "update" }, replaces: [] });
    expect(lastPlan()).toBe("plan: 1 action\n  start the server  -- the server is not running");
    const entry = own.stack.entry("EmbeddedServer/server");
    const request = { ...entry, oldInputs: entry.inputs };
    const planned = await own.client.update(request, { preview: true });
    // Dependants need these: they are known, although it does not run.
    expect(planned).toMatchObject({
      host: "127.0.0.1",
      port: own.port,
      systemIdentifier: entry.state.systemIdentifier,
    });
    expect(await own.stack.refresh()).toEqual([]);
    expect(await own.stack.up(declared)).toMatchObject([{ op: "update" }]);
    expect(await own.sql("SELECT n FROM public.kept")).toEqual([{ n: 7 }]);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });

  test("and its data with it is made anew where it is disposable, otherwise the run stops", async () => {
    await own.stack.up(own.declare());
    await stopServer(own.instance);
    await removeInstance(own.instance);
    const kept = own.declare({ disposable: false });
    expect(await own.stack.diff(kept)).toMatchObject({ changed: true });
    await expect(own.stack.up(kept)).rejects.toThrow(
      /data of the server: its data directory .* is gone, and the stack is not disposable/,
    );
    expect(await readdir(own.directory)).toEqual([]);
    const before = own.state.systemIdentifier;
    const entry = own.stack.entry("EmbeddedServer/server");
    const planned = await own.client.update({ ...entry, oldInputs: entry.inputs }, { preview: true });
    expect(planned.systemIdentifier).toBe(unknown);
    await own.stack.up(own.declare());
    expect(own.state.systemIdentifier).not.toBe(before);
  });
});

describe("another port", () => {
  test("is a restart where that is allowed, with everything else known before", async () => {
    await own.stack.up(own.declare());
    const old = own.port;
    own.port = await freePort();
    const declared = own.declare();
    expect(await own.stack.diff(declared)).toMatchObject({
      detailed: { port: "update", running: "update" },
      replaces: [],
    });
    expect(lastPlan()).toContain(
      `restart the server  -- it listens on port ${old}, declared is ${own.port}; sessions are ended`,
    );
    await own.stack.up(declared);
    expect(await own.sql("SHOW port")).toEqual([{ port: String(own.port) }]);
    await expect(own.connect({ port: old })).rejects.toThrow("no answer from PostgreSQL");
  });

  test("is refused where it is not, and nothing is touched", async () => {
    await own.stack.up(own.declare());
    const other = own.declare({ port: await freePort(), restart: "refuse" });
    expect(await own.stack.diff(other)).toMatchObject({ changed: true });
    await expect(own.stack.up(other)).rejects.toThrow(
      /refused before any statement was sent[^]*pgstead:server.restart: "allow"/,
    );
    expect(await own.sql("SHOW port")).toEqual([{ port: String(own.port) }]);
  });
});

describe("at the end", () => {
  test("a disposable server goes with its data, running or dead", async () => {
    await own.stack.up(own.declare());
    await own.stack.destroy();
    expect(await readdir(own.directory)).toEqual([]);
    await expect(own.connect()).rejects.toThrow("no answer from PostgreSQL");
    await own.stack.up(own.declare());
    await stopServer(own.instance);
    await own.stack.destroy();
    expect(await readdir(own.directory)).toEqual([]);
  });

  test("any other is stopped and keeps its data, from which it can go on", async () => {
    const kept = own.declare({ disposable: false });
    await own.stack.up(kept);
    await own.sql("CREATE TABLE public.kept ()");
    await own.stack.destroy();
    expect(own.provider.messages.at(-1)?.message).toBe(
      `stopped; the data stays in ${own.instance.dataDirectory}`,
    );
    expect((await readServerStatus(own.instance)).kind).toBe("stopped");
    await own.stack.up(kept);
    expect(await own.sql("SELECT to_regclass('public.kept') IS NOT NULL AS kept")).toEqual([{ kept: true }]);
  });

  test("what the state knows counts: a server is disposable only from the run on that said so", async () => {
    await own.stack.up(own.declare({ disposable: false }));
    await own.stack.up(own.declare({ disposable: true }));
    await own.stack.destroy();
    expect(await readdir(own.directory)).toEqual([]);
  });
});

describe("a refresh", () => {
  test("forgets a disposable server that is gone, and no other", async () => {
    await own.stack.up(own.declare());
    await stopServer(own.instance);
    await removeInstance(own.instance);
    const kept = { ...own.stack.entry("EmbeddedServer/server"), state: { ...own.state, disposable: false } };
    own.stack.entries.set("EmbeddedServer/kept", { ...kept, name: "kept" });
    expect(await own.stack.refresh()).toEqual([{ op: "delete", name: "server", diff: [], replace: [] }]);
  });

  test("brings one under management by its data directory, from which the program goes on", async () => {
    await own.stack.up(own.declare());
    await own.sql("CREATE TABLE public.kept ()");
    own.stack.entries.clear();
    const entry = await own.stack.import(embeddedToken, "server", own.instance.dataDirectory);
    expect(entry.inputs).toMatchObject({
      port: own.port,
      dataDirectory: own.instance.dataDirectory,
      disposable: false,
      restart: "refuse",
    });
    await own.stack.up(own.declare());
    expect(reveal(own.state.password)).toBe(own.password);
    expect(await own.sql("SELECT to_regclass('public.kept') IS NOT NULL AS kept")).toEqual([{ kept: true }]);
    expect(await own.stack.diff(own.declare())).toMatchObject({ changed: false });
    await expect(
      own.stack.import(embeddedToken, "x", join(dirname(own.instance.dataDirectory), "none")),
    ).rejects.toThrow("there is no");
  });
});

test("data of another major version is refused in the preview and in the run", async () => {
  await own.stack.up(own.declare());
  await stopServer(own.instance);
  await writeFile(join(own.instance.dataDirectory, "PG_VERSION"), "15\n");
  expect(await own.stack.diff(own.declare())).toMatchObject({ changed: true });
  await expect(own.stack.up(own.declare())).rejects.toThrow(
    /version of the server: .* is of PostgreSQL 15, the programs here are 17/,
  );
});
