import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readDiskIdentifier } from "../../components/io/embedded/control-file";
import { draftOf, readServerStatus, stopServer } from "../../components/io/embedded/server";
import { scramVerifier } from "../../components/io/scram";
import { isUnknown, secret } from "../../components/providers/properties";
import { embeddedToken, useEmbeddedStack } from "../support/own-embedded";
import { plansOf } from "../support/own-provider";
import { InitFailure } from "../support/provider-client";

const own = useEmbeddedStack();
const lastPlan = () => plansOf(own.provider).at(-1);

describe("a new server", () => {
  test("is planned, made and then as declared; its password is on no command line", async () => {
    const declared = own.declare();
    const preview = await own.client.create(declared.inputs, { preview: true });
    expect(lastPlan()).toBe(
      "plan: 2 actions\n  initialize the server (initdb)  -- a new server\n  start the server  -- it is new",
    );
    expect(preview).toMatchObject({
      id: own.instance.dataDirectory,
      state: { host: "127.0.0.1", port: own.port, refusals: [] },
    });
    expect(isUnknown(preview.state.systemIdentifier)).toBe(true);
    expect(existsSync(own.instance.dataDirectory)).toBe(false);

    const making = own.stack.up(declared);
    const seen = await commandLinesUntil(making);
    expect(seen).toContain("initdb");
    expect(seen).not.toContain(own.password);
    expect(seen).not.toContain("SCRAM-SHA-256$");

    expect(own.state).toMatchObject({
      host: "127.0.0.1",
      port: own.port,
      dataDirectory: own.instance.dataDirectory,
      refusals: [],
    });
    expect(own.state.version).toMatch(/^17\./);
    expect(await own.sql("SELECT system_identifier::text AS id FROM pg_control_system()")).toEqual([
      { id: own.state.systemIdentifier },
    ]);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    expect(await own.stack.up(declared)).toEqual([]);
    expect(await own.stack.refresh()).toEqual([]);
    await expect(own.connect({ password: "wrong" })).rejects.toThrow("password authentication failed");
    const owner = JSON.parse(
      await readFile(join(own.instance.directory, "instance.json"), "utf8"),
    ) as unknown;
    expect(owner).toEqual({ checkout: own.directory, project: "test", stack: "test", port: own.port });
  });

  test("onto data of an interrupted run is adopted with the same password", async () => {
    await own.stack.up(own.declare());
    await own.sql("CREATE TABLE public.kept ()");
    own.stack.entries.clear(); // the run was killed before anything was recorded
    await own.stack.up(own.declare());
    expect(await own.sql("SELECT to_regclass('public.kept')::text AS kept")).toEqual([
      { kept: "public.kept" },
    ]);
  });

  test("onto data with another password is refused, kept out of the state, and left as it was", async () => {
    await own.stack.up(own.declare());
    await stopServer(own.instance);
    own.stack.entries.clear();
    const failure: unknown = await own.stack
      .up(own.declare({ password: secret("other"), verifier: secret(scramVerifier("other")) }))
      .then(
        () => "it was adopted",
        (error: unknown) => error,
      );
    expect(failure).not.toBeInstanceOf(InitFailure);
    expect(String(failure)).toMatch(
      /administrator postgres has another password than the state\n.*was the stack's state lost/,
    );
    expect(String(failure)).toContain(`remove ${own.instance.dataDirectory} and ${own.instance.directory}`);
    expect(String(failure)).not.toContain("other\n");
    expect(own.stack.entries.size).toBe(0);
    expect((await readServerStatus(own.instance)).kind).toBe("stopped");
  });

  test("that was made and did not start stays in the state, and the next run goes on", async () => {
    const declared = own.declare();
    const inputs = (await own.client.check(declared.inputs)).inputs;
    // The configuration is made so that it cannot start: the port is taken between plan and start.
    const listener = createServer();
    const failure: unknown = await new Promise((resolve) => {
      const run = own.client.create(inputs).then(
        () => "it started",
        (error: unknown) => error,
      );
      const timer = setInterval(() => {
        if (!existsSync(draftOf(own.instance))) return;
        clearInterval(timer);
        listener.listen(own.port, "127.0.0.1", () => void run.then(resolve));
      }, 2);
    });
    expect(failure).toBeInstanceOf(InitFailure);
    const partial = failure as InitFailure;
    expect(partial.id).toBe(own.instance.dataDirectory);
    expect(partial.reasons.join()).toContain(`port ${own.port} is in use`);
    expect(partial.state.systemIdentifier).toBe(await readDiskIdentifier(partial.id));
    await new Promise((resolve) => listener.close(resolve));
    own.stack.entries.set("EmbeddedServer/server", {
      name: "server",
      token: embeddedToken,
      id: partial.id,
      inputs,
      state: partial.state,
    });
    expect(await own.stack.up(declared)).toMatchObject([{ op: "update" }]);
    expect(await own.sql("SELECT 1 AS n")).toEqual([{ n: 1 }]);
    expect(own.state.systemIdentifier).toMatch(/^\d+$/);
  });

  test("refuses a port in use before it makes anything", async () => {
    const listener = createServer().listen(own.port, "127.0.0.1");
    const { state: planned } = await own.client.create(own.declare().inputs, { preview: true });
    expect(planned.refusals).toMatchObject([{ subject: "server.port" }]);
    await expect(own.stack.up(own.declare())).rejects.toThrow(
      /refused before any statement was sent[^]*is in use on 127.0.0.1 by process/,
    );
    await new Promise((resolve) => listener.close(resolve));
    expect(await readdir(own.directory)).toEqual([]);
  });
});

/** Everything that stands on a command line, or in an environment, while something runs. */
async function commandLinesUntil(running: Promise<unknown>): Promise<string> {
  const seen = new Set<string>();
  const end = { reached: false };
  void running.finally(() => (end.reached = true));
  while (!end.reached) {
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
      // Processes end while they are looked at.
      seen.add(await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
    }
  }
  await running;
  return [...seen].join("\n").replaceAll("\0", " ");
}

test("what cannot change, and what is wrong, is refused all at once", async () => {
  const olds = own.declare().inputs;
  const { failures } = await own.client.check(
    {
      ...olds,
      administrator: "root",
      dataDirectory: "/elsewhere",
      port: 70_000,
      restart: "maybe",
      colour: 1,
    },
    olds,
  );
  expect(failures.map(({ property, reason }) => `${property}: ${reason}`)).toEqual([
    expect.stringMatching(
      /^colour: not an argument of this resource; it has administrator, checkout/,
    ) as string,
    "restart: expected one of allow, refuse",
    "port: expected a whole number from 1024 to 65535",
    "dataDirectory: a server cannot move: set it back, or destroy the stack and make it anew",
    "administrator: it cannot change from postgres to root: initdb makes it; set the name back",
  ]);
});
