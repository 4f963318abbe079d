import type Docker from "dockerode";
import {
  queryOverSocket,
  startServerContainer,
  stopServerContainer,
} from "../../../components/io/docker/server";
import { execute, type ServerUnderLoad } from "./load";
import { measurePgbench, type PgbenchResult } from "./pgbench";

/** What the settings of a server are: as the stack made them, or as the image has them. */
export const settingsNames = ["tuned", "stock"] as const;
export type SettingsName = (typeof settingsNames)[number];

export interface SettingsResult extends PgbenchResult {
  /** How the two servers differ, in short. */
  readonly settings: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** One whose settings are exchanged; both are used on the same data. */
export interface ServerWithSettings extends ServerUnderLoad {
  /** postgresql.auto.conf, by what it makes of the server. */
  readonly settings: Readonly<Record<SettingsName, string>>;
}

async function readServer(docker: Docker, container: string): Promise<ServerWithSettings> {
  const tuned = await execute({ docker, container }, ["sh", "-c", 'cat "$PGDATA/postgresql.auto.conf"']);
  return { docker, container, settings: { tuned, stock: "# stock settings\n" } };
}

/**
 * Starts the server with other settings. Nothing of the last start stays in its memory.
 *
 * @throws Error it does not have them: the figures would be of the same server twice
 */
async function useSettings(server: ServerWithSettings, name: SettingsName): Promise<void> {
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

/** How the server does with its settings, against the same container with the image's own. */
export async function measureSettings(docker: Docker, name: string, rounds: number): Promise<SettingsResult> {
  const server = await readServer(docker, `${name}-server`);
  const settings: Record<string, Record<string, string>> = {};
  const pgbench = await measurePgbench(server, {
    subjects: settingsNames,
    change: "dear",
    rounds,
    async use(subject) {
      await useSettings(server, subject === "tuned" ? "tuned" : "stock");
      settings[subject] = await readSettings(server);
    },
  });
  return { ...pgbench, settings };
}

/** Settings that a reader of the figures wants to know. */
async function readSettings({ docker, container }: ServerUnderLoad): Promise<Record<string, string>> {
  const shown = ["shared_buffers", "max_wal_size", "checkpoint_timeout", "wal_buffers", "huge_pages"];
  const list = shown.map((name) => `('${name}')`).join(", ");
  const sql = `SELECT name || '=' || pg_catalog.current_setting(name) FROM (VALUES ${list}) AS shown (name);\n`;
  const lines = (await queryOverSocket(docker, container, sql)).split("\n");
  return Object.fromEntries(lines.map((line) => line.split("=", 2) as [string, string]));
}
