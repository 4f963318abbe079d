import { expect } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { eventually } from "./eventually";
import { startOwnProvider } from "./own-provider";
import type { ProviderClient } from "./provider-client";
import { ProviderStack, type Declared } from "./provider-stack";
import { startStatementProxy, type StatementProxy } from "./statement-proxy";
import type { TestServer } from "./server";

/** An own resource, and a server that it is to change. */
export interface CrashSubject {
  readonly server: TestServer;
  /** Declares the resource with a way to the server. */
  declare(connection: PropertyMap): Declared;
  /** What the run before declared, with a server that does not crash; default: there was none. */
  before?(connection: PropertyMap): Declared;
  /** Makes the server differ from what is declared, as before the first run. */
  reset(): Promise<void>;
  connect(port: number): PropertyMap;
  /** Crashes at every so-manieth statement only, from the first one on; default at each. */
  readonly every?: number;
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
  for (let at = 1; at <= count; at += subject.every ?? 1) {
    await subject.reset();
    const state = await crashAt(subject, crash, at);
    await subject.afterCrash?.();
    await converges(subject, state, `${crash}, statement ${at} of ${count}`);
  }
  return count;
}

async function countStatements(subject: CrashSubject): Promise<number> {
  const provider = await startOwnProvider();
  const proxy = await startStatementProxy(subject.server);
  try {
    const stack = await stackBefore(subject, provider);
    await stack.up(subject.declare(subject.connect(proxy.port)));
    return proxy.statements.length;
  } finally {
    await proxy.stop();
    await provider.stop();
  }
}

/** A state as the run before left it. */
async function stackBefore(subject: CrashSubject, provider: ProviderClient): Promise<ProviderStack> {
  const stack = new ProviderStack(provider);
  if (subject.before !== undefined) await stack.up(subject.before(subject.connect(subject.server.port)));
  return stack;
}

/** Gives the state that the crash left. */
async function crashAt(subject: CrashSubject, crash: Crash, at: number): Promise<ProviderStack> {
  const provider = await startOwnProvider();
  const stack = await stackBefore(subject, provider);
  let crashed = Promise.resolve();
  const dead = new Promise((resolve) => provider.process.once("exit", resolve));
  const proxy: StatementProxy = await startStatementProxy(subject.server, async (statement) => {
    if (statement !== at) return undefined;
    if (crash === "server") {
      const gone = subject.server.crash();
      // As its service manager does: a run that has not begun yet goes on with it.
      crashed = gone.then(() => restart(subject.server));
      await gone;
      return undefined;
    }
    provider.process.kill("SIGKILL");
    await dead;
    if (crash === "provider before") throw new Error("killed before it was sent");
    return "last";
  });
  try {
    // A server that crashes at the last statement may have answered all that mattered.
    await stack.up(subject.declare(subject.connect(proxy.port))).catch(() => undefined);
    return stack;
  } finally {
    // The run notices before the server is back.
    await crashed;
    await proxy.stop();
    await provider.stop();
  }
}

/** Tried again where the run that crashed starts it at the same time. */
async function restart(server: TestServer): Promise<void> {
  const start = () =>
    server.start().then(
      () => true,
      () => undefined,
    );
  await eventually("the server runs again", start);
}

async function converges(subject: CrashSubject, state: ProviderStack, where: string): Promise<void> {
  const provider = await startOwnProvider();
  try {
    const stack = new ProviderStack(provider);
    for (const [key, entry] of state.entries) stack.entries.set(key, entry);
    const declared = subject.declare(subject.connect(subject.server.port));
    await stack.up(declared);
    expect(await stack.diff(declared), where).toMatchObject({ changed: false });
  } finally {
    await provider.stop();
  }
}
