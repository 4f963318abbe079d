import { rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectDocker } from "../../components/io/docker/engine";
import { createContext } from "../../infra/toolchain/context";
import { ensureBaseImage } from "../../infra/toolchain/docker/base-image";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { eventually } from "../support/eventually";
import { copyImage, startSecondEngine, type SecondEngine } from "../support/second-engine";
import { temporaryDirectory } from "../support/server";

let directory: string;
let engine: SecondEngine;
let under: DockerStackUnderTest;

beforeAll(async () => {
  directory = await temporaryDirectory();
  engine = await startSecondEngine(directory);
  // Made here already, for the other tests: it takes this engine a moment rather than a bootstrap of Debian.
  const docker = connectDocker({});
  await copyImage(docker, engine.docker, await ensureBaseImage(createContext(), docker));
  under = await makeDockerStack(
    [
      [["pgstead:docker", "host"], engine.host],
      [["pgstead:monitoring"], { enabled: false }],
    ],
    { docker: engine.docker },
  );
  await under.up();
}, 900_000);

afterAll(async () => {
  await under.remove();
  await engine.remove();
  await rm(directory, { recursive: true, force: true });
}, 300_000);

async function rows(): Promise<number | undefined> {
  const session = await under.connect().catch(() => undefined);
  if (session === undefined) return undefined;
  const [row] = await session.query<{ n: number }>("SELECT count(*)::int AS n FROM public.kept");
  await session.close();
  return row?.n;
}

test("data survives a restart of the engine, and one of the host; the stack is as it was", async () => {
  const session = await under.connect();
  await session.query("CREATE TABLE public.kept AS SELECT generate_series(1, 1000) AS n");
  await session.close();

  await engine.stop();
  await engine.start();
  expect(await eventually("the server is back after the engine's restart", rows)).toBe(1000);

  await engine.kill();
  await engine.start();
  expect(await eventually("the server is back after the power cut", rows)).toBe(1000);
  await under.pulumi(["preview", "--expect-no-changes"]);
});

test("an engine that does not run is told, and what can be compared with the state is", async () => {
  await engine.stop();
  try {
    const { exitCode, text } = await under.pulumi(["preview"], { exitCode: "any" });
    expect(text).toMatch(/Docker engine.*(?:does not answer|cannot be reached)/s);
    expect(text).toContain("is it running?");
    expect([0, 1, 255]).toContain(exitCode);
  } finally {
    await engine.start();
    await eventually("the server is back", rows);
  }
});
