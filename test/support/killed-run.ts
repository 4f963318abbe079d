import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { projectRoot } from "../../components/io/places";
import type { MigrateProcess } from "./migrate-process";
import type { MigratedDatabase } from "./migrations";
import type { TestServer } from "./server";
import { startStatementProxy } from "./statement-proxy";

/** Starts a run as its own process. */
export function startMigrating(shop: MigratedDatabase, port: number, down = false): ChildProcess {
  const { name: database, owner, migrator, directory } = shop;
  const given: MigrateProcess = { database, owner, login: { ...migrator, port }, directory, down };
  const args = ["infra/toolchain/run.cjs", "test/support/migrate-process.ts", JSON.stringify(given)];
  return spawn(process.execPath, args, { cwd: projectRoot(), stdio: "ignore" });
}

/**
 * Runs once, and is killed when a statement reaches the server: whether it saw the answer is lost with it. Gives how
 * many statements have passed.
 */
export async function runKilled(
  server: TestServer,
  shop: MigratedDatabase,
  at: number,
  down = false,
): Promise<number> {
  const run: { child?: ChildProcess } = {};
  const proxy = await startStatementProxy(server, async (count) => {
    const { child } = run;
    if (count !== at || child === undefined) return undefined;
    const dead = once(child, "exit");
    child.kill("SIGKILL");
    await dead;
    return "last";
  });
  run.child = startMigrating(shop, proxy.port, down);
  await once(run.child, "exit");
  await proxy.stop();
  return proxy.statements.length;
}
