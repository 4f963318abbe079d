import type Docker from "dockerode";
import { execIn } from "../../../components/io/docker/container";
import {
  queryOverSocket,
  startServerContainer,
  stopServerContainer,
} from "../../../components/io/docker/server";
import { assertGoing } from "../engine";

/** What the settings of a server are: as the stack made them, or as the image has them. */
export type SettingsName = "tuned" | "stock";

/** A server in a container whose settings are exchanged; both are used on the same data. */
export interface ServerUnderLoad {
  readonly docker: Docker;
  /** Name of its container. */
  readonly container: string;
  /** postgresql.auto.conf, by what it makes of the server. */
  readonly settings: Readonly<Record<SettingsName, string>>;
}

export async function readServer(docker: Docker, container: string): Promise<ServerUnderLoad> {
  const tuned = await execute({ docker, container }, ["sh", "-c", 'cat "$PGDATA/postgresql.auto.conf"']);
  return { docker, container, settings: { tuned, stock: "# stock settings\n" } };
}

/**
 * Starts the server with other settings. Nothing of the last start stays in its memory.
 *
 * @throws Error it does not have them: the figures would be of the same server twice
 */
export async function useSettings(server: ServerUnderLoad, name: SettingsName): Promise<void> {
  const { docker, container, settings } = server;
  const write = 'umask 077; cd "$PGDATA"; cat >bench.draft; mv bench.draft postgresql.auto.conf';
  await execute(server, ["sh", "-c", write], settings[name]);
  await stopServerContainer(docker, container);
  await startServerContainer(docker, container, {
    say: () => Promise.resolve(),
    signal: new AbortController().signal,
  });
  const count =
    "SELECT count(*) FROM pg_catalog.pg_settings WHERE sourcefile LIKE '%/postgresql.auto.conf';\n";
  const isTuned = (await queryOverSocket(docker, container, count)) !== "0";
  if (isTuned !== (name === "tuned")) throw new Error(`the server did not start with its ${name} settings`);
}

/** Settings that a reader of the figures wants to know. */
export async function readSettings({ docker, container }: ServerUnderLoad): Promise<Record<string, string>> {
  const shown = ["shared_buffers", "max_wal_size", "checkpoint_timeout", "wal_buffers", "huge_pages"];
  const list = shown.map((name) => `('${name}')`).join(", ");
  const sql = `SELECT name || '=' || pg_catalog.current_setting(name) FROM (VALUES ${list}) AS shown (name);\n`;
  const lines = (await queryOverSocket(docker, container, sql)).split("\n");
  return Object.fromEntries(lines.map((line) => line.split("=", 2) as [string, string]));
}

/** Runs a program in the server's container, as its account. */
export async function execute(
  { docker, container }: Pick<ServerUnderLoad, "docker" | "container">,
  command: readonly string[],
  input?: string,
): Promise<string> {
  assertGoing();
  const options = { timeoutMs: 300_000, ...(input === undefined ? {} : { input }) };
  const { exitCode, stdout, stderr } = await execIn(docker, container, command, options);
  if (exitCode === 0) return stdout;
  throw new Error(`${command.join(" ")} in ${container} ended with ${exitCode}: ${stderr}${stdout}`);
}
