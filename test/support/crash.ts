import { expect } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { startOwnProvider } from "./own-provider";
import { ProviderStack, type Declared } from "./provider-stack";
import { startStatementProxy, type StatementProxy } from "./statement-proxy";
import type { TestServer } from "./server";

/** An own resource, and a server that it is to change. */
export interface CrashSubject {
  readonly server: TestServer;
  /** Declares the resource with a way to the server. */
  declare(connection: PropertyMap): Declared;
  /** Makes the server differ from what is declared, as before the first run. */
  reset(): Promise<void>;
  connect(port: number): PropertyMap;
  /** What has to hold after every crash, before anybody mends anything: a login works, files are valid. */
  afterCrash?(): Promise<void>;
}

/** Who is killed, and whether the statement still reaches the server. */
export type Crash = "provider before" | "provider after" | "server";

/**
 * Runs the resource once for each of its statements and crashes there; then a run without a crash has to converge, and a
 * preview after it to find nothing. Gives the number of statements.
 */
export async function crashAtEveryStatement(subject: CrashSubject, crash: Crash): Promise<number> {
  await subject.reset();
  const count = await countStatements(subject);
  expect(count).toBeGreaterThan(3);
  for (let at = 1; at <= count; at += 1) {
    await subject.reset();
    await crashAt(subject, crash, at);
    if (crash === "server") await subject.server.start();
    await subject.afterCrash?.();
    await converges(subject, `${crash}, statement ${at} of ${count}`);
  }
  return count;
}

async function countStatements(subject: CrashSubject): Promise<number> {
  const provider = await startOwnProvider();
  const proxy = await startStatementProxy(subject.server);
  try {
    await new ProviderStack(provider).up(subject.declare(subject.connect(proxy.port)));
    return proxy.statements.length;
  } finally {
    await proxy.stop();
    await provider.stop();
  }
}

async function crashAt(subject: CrashSubject, crash: Crash, at: number): Promise<void> {
  const provider = await startOwnProvider();
  const dead = new Promise((resolve) => provider.process.once("exit", resolve));
  const proxy: StatementProxy = await startStatementProxy(subject.server, async (statement) => {
    if (statement !== at) return;
    if (crash === "server") return subject.server.crash();
    provider.process.kill("SIGKILL");
    await dead;
    if (crash === "provider before") throw new Error("killed before it was sent");
  });
  try {
    const { token, name, inputs } = subject.declare(subject.connect(proxy.port));
    // A server that crashes at the last statement may have answered all that mattered.
    await provider
      .resource(token, name)
      .create(inputs)
      .catch(() => undefined);
  } finally {
    await proxy.stop();
    await provider.stop();
  }
}

async function converges(subject: CrashSubject, where: string): Promise<void> {
  const provider = await startOwnProvider();
  try {
    const stack = new ProviderStack(provider);
    const declared = subject.declare(subject.connect(subject.server.port));
    await stack.up(declared);
    expect(await stack.diff(declared), where).toMatchObject({ changed: false });
  } finally {
    await provider.stop();
  }
}
