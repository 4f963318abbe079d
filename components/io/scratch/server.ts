import { randomBytes, randomInt } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ConnectionTarget } from "../../core/connection";
import { instanceAt, makePassable } from "../embedded/instance";
import { canListen } from "../embedded/port";
import { initServer, startServer, stopServer } from "../embedded/server";
import { dataHome } from "../places";
import { generatePassword, scramVerifier } from "../scram";
import { isRunning } from "../running-process";
import { withSession } from "../session";

/** A server that is thrown away. */
export interface ScratchServer {
  /** Its superuser; on loopback, with a password that nobody else has. */
  readonly administrator: ConnectionTarget;
}

/** Where scratch servers are: beside those of stacks, whose account can get there. */
function scratchHome(): string {
  return join(dataHome(), "scratch");
}

/**
 * Makes a server from the programs that come with npm, uses it, and removes it, whatever happens. Of a run that was
 * killed the next one removes what is left.
 *
 * @param administrator name of its superuser
 */
export async function withScratchServer<Result>(
  administrator: string,
  use: (server: ScratchServer) => Promise<Result>,
): Promise<Result> {
  await removeLeftOvers();
  const home = scratchHome();
  await makePassable(home);
  const directory = join(home, `${process.pid}-${randomBytes(4).toString("hex")}`);
  const instance = instanceAt(join(directory, "data"));
  const password = generatePassword();
  try {
    await initServer(instance, { administrator, verifier: scramVerifier(password), noSync: true });
    const port = await freePort();
    await startServer(instance, { port, clusterName: "pgstead scratch" });
    const target = { host: "127.0.0.1", port, user: administrator, password };
    await hasten(target);
    return await use({ administrator: target });
  } finally {
    await stopServer(instance);
    await rm(directory, { recursive: true, force: true });
  }
}

/** Nothing of it has to outlive a crash. Thousands of tables in one transaction need as many locks. */
async function hasten(administrator: ConnectionTarget): Promise<void> {
  await withSession(administrator, { applicationName: "pgstead scratch" }, async (session) => {
    for (const setting of ["fsync = off", "full_page_writes = off", "autovacuum = off"]) {
      await session.query(`ALTER SYSTEM SET ${setting}`);
    }
    await session.query("SELECT pg_catalog.pg_reload_conf()");
  });
}

/** Removes the servers of runs that are gone: their process number is a part of their directory's name. */
export async function removeLeftOvers(home = scratchHome()): Promise<void> {
  const names = await readdir(home).catch(() => []); // none was ever made
  for (const name of names) {
    const pid = Number(/^(\d+)-[0-9a-f]{8}$/.exec(name)?.[1] ?? 0);
    if (pid === 0 || isRunning(pid)) continue;
    await stopServer(instanceAt(join(home, name, "data")));
    await rm(join(home, name), { recursive: true, force: true });
  }
}

/** A port of loopback that is free. Below the range that the system gives to outgoing connections: those could take it before the server does. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    if (await canListen(port)) return port;
  }
}
