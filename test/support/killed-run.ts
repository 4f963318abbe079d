import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { projectRoot } from "../../components/io/places";
import type { MigrateProcess } from "./migrate-process";
import type { MigratedDatabase } from "./migrations";
import type { TestServer } from "./server";
import { startStatementProxy } from "./statement-proxy";

/** Starts a program of `test/support` as its own process; what it is given is its only argument. */
export function startApart(program: string, given: unknown): ChildProcess {
  const args = ["infra/toolchain/run.cjs", `test/support/${program}.ts`, JSON.stringify(given)];
  return spawn(process.execPath, args, { cwd: projectRoot(), stdio: "ignore" });
}

/** Starts a run as its own process. */
export function startMigrating(shop: MigratedDatabase, port: number, down = false): ChildProcess {
  const { name: database, owner, migrator, directory } = shop;
  const given: MigrateProcess = { database, owner, login: { ...migrator, port }, directory, down };
  return startApart("migrate-process", given);
}

/**
 * Runs a process once, and kills it when a statement reaches the server: whether it saw the answer is lost with it. Gives the
 * statements that have passed.
 *
 * @param start given the port that it is to connect to
 */
export async function killAtStatement(
  server: TestServer,
  start: (port: number) => ChildProcess,
  isLast: (statement: string, count: number) => boolean,
): Promise<readonly string[]> {
  const run: { kill?: () => Promise<unknown> } = {};
  const proxy = await startStatementProxy(server, async (count, statement) => {
    if (run.kill === undefined || !isLast(statement, count)) return undefined;
    await run.kill();
    return "last";
  });
  const child = start(proxy.port);
  const dead = once(child, "exit");
  run.kill = () => {
    child.kill("SIGKILL");
    return dead;
  };
  await dead;
  await proxy.stop();
  return proxy.statements;
}

/** The same of a run of migrations; gives how many statements have passed. */
export async function runKilled(
  server: TestServer,
  shop: MigratedDatabase,
  at: number,
  down = false,
): Promise<number> {
  const start = (port: number): ChildProcess => startMigrating(shop, port, down);
  return (await killAtStatement(server, start, (_statement, count) => count === at)).length;
}
