import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeServerFile } from "../../components/io/embedded/instance";
import { readPostmaster } from "../../components/io/embedded/postmaster";
import { provenFile } from "../../components/io/settings-proof";
import type { PropertyMap } from "../../components/providers/properties";
import { crashAtEveryStatement, type CrashSubject } from "../support/crash";
import { eventually } from "../support/eventually";
import { connectionTo, startOwnProvider } from "../support/own-provider";
import { autoConf, settingsOf, show } from "../support/own-settings";
import { ProviderStack } from "../support/provider-stack";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const before = { work_mem: "5MB", max_connections: "60", statement_timeout: "1h" };
const after = { work_mem: "6MB", max_connections: "70", log_lock_waits: "on" };

/** The server as before the first run, whatever a crash has left. */
async function reset(): Promise<void> {
  await server.halt();
  const { instance } = server;
  await writeServerFile(instance, join(instance.dataDirectory, "postgresql.auto.conf"), "");
  await server.start();
  // A start puts what was kept back.
  await server.halt();
  await writeServerFile(instance, join(instance.dataDirectory, "postgresql.auto.conf"), "");
  await server.start();
}

const subject = (): CrashSubject => ({
  server,
  before: (connection) => settingsOf(server, connection, before),
  declare: (connection) => settingsOf(server, connection, after),
  reset,
  connect: (port): PropertyMap => ({ ...connectionTo(server), port }),
  async afterCrash() {
    // Nobody is needed for a server that was stopped to run again but whoever starts it.
    await server.start();
    expect(["100", "60", "70"]).toContain(await show(server, "max_connections"));
  },
});

describe("a run that changes and restarts is killed at every statement", () => {
  // Before a statement is after the one before it.
  test.each(["provider after", "server"] as const)(
    "%s: the server runs, and the next run converges",
    async (crash) => {
      await crashAtEveryStatement(subject(), crash);
      expect((await autoConf(server)).sort()).toEqual([
        "log_lock_waits = 'on'",
        "max_connections = '70'",
        "work_mem = '6MB'",
      ]);
      expect(isKept()).toBe(false);
    },
    600_000,
  );
});

const isKept = (): boolean => existsSync(join(server.instance.dataDirectory, provenFile));

describe("a run is killed between its statements", () => {
  const bad = { ...before, huge_pages: "on" };
  const isStopped = async () => (await readPostmaster(server.instance.dataDirectory)) === undefined;
  const isHuge = async () =>
    (await readFile(join(server.instance.dataDirectory, "postgresql.auto.conf"), "utf8")).includes(
      "huge_pages",
    );

  test.each([
    ["when it has kept what was there", after, isKept],
    ["when the server is stopped", after, isStopped],
    ["when the server is stopped, to be started with settings that it does not start with", bad, isStopped],
    [
      "when the server did not start, and what was there is put back",
      bad,
      (() => {
        let written = false;
        return async () => {
          const huge = await isHuge();
          written ||= huge;
          return written && !huge;
        };
      })(),
    ],
  ] as const)("%s: it can be started, and the next run converges", async (_when, settings, isTime) => {
    await reset();
    const provider = await startOwnProvider();
    const stack = new ProviderStack(provider);
    const connection = connectionTo(server);
    await stack.up(settingsOf(server, connection, before));
    const dead = new Promise((resolve) => provider.process.once("exit", resolve));
    const run = stack.up(settingsOf(server, connection, settings)).catch((error: unknown) => error);
    await until(isTime);
    provider.process.kill("SIGKILL");
    await dead;
    await run;
    await provider.stop();
    // What the killed run had begun, such as a start, comes to its end by itself.
    await eventually("the server takes sessions", async () => {
      await server.start().catch(() => undefined);
      return show(server, "work_mem").catch(() => undefined);
    });

    const next = await startOwnProvider();
    try {
      const again = new ProviderStack(next);
      for (const [key, entry] of stack.entries) again.entries.set(key, entry);
      const declared = settingsOf(server, connection, after);
      await again.up(declared);
      expect(await again.diff(declared)).toMatchObject({ changed: false });
      expect(await show(server, "max_connections")).toBe("70");
      expect(isKept()).toBe(false);
    } finally {
      await next.stop();
    }
  });

  test("what a run kept and could not remove any more is removed by the next one, and shown before", async () => {
    await reset();
    const provider = await startOwnProvider();
    try {
      const stack = new ProviderStack(provider);
      const declared = settingsOf(server, connectionTo(server), after);
      await stack.up(declared);
      const { instance } = server;
      await writeServerFile(instance, join(instance.dataDirectory, provenFile), "work_mem = '1MB'\n");
      expect(await stack.diff(declared)).toMatchObject({ changed: true });
      expect(provider.messages.at(-1)?.message).toContain("forget the settings of the last start but one");
      await stack.up(declared);
      expect(isKept()).toBe(false);
      expect(await stack.diff(declared)).toMatchObject({ changed: false });
    } finally {
      await provider.stop();
    }
  });
});

/** Often enough to see what lasts a few milliseconds. */
async function until(isTime: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await isTime())) {
    if (Date.now() > deadline) throw new Error("the moment to kill did not come within 30 s");
    await setTimeout(1);
  }
}
