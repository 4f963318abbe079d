import { isAbsolute, join } from "node:path";
import { logLinePrefix } from "../../../components/core/tuning/logging";
import {
  localLogs,
  readLogSettings,
  type LogSettings,
  type LogSource,
} from "../../../components/io/logs/source";
import { defaultDataDirectory } from "../../../components/io/places";
import { maintenanceDatabase, ServerUnreachableError, type Session } from "../../../components/io/session";
import { sqlLogs } from "../../../components/io/logs/source";
import type { CommandContext } from "../command";
import { cannotTell } from "../failure";
import { findEngine } from "../find-engine";
import { lookInto } from "../sessions";

/** Where the log of a stack's server is, and how it is written. */
export interface LogPlace {
  readonly source: LogSource;
  readonly settings: LogSettings;
  readonly remarks: readonly string[];
}

/**
 * Finds the log files of a stack and has them read: on this machine where the server is embedded, through its container,
 * or through the server itself where that is all there is. A server that is down is read all the same where its files
 * are reached without it: then its log is what one wants.
 */
export async function withLogs<Result>(
  context: CommandContext,
  read: (place: LogPlace) => Promise<Result>,
): Promise<Result> {
  const { config } = context;
  const { administrator } = await context.outputs();
  if (config.target === "existing") {
    return lookInto(administrator, maintenanceDatabase, async (session) => {
      const settings = assertCollected(await readLogSettings(session));
      const source = sqlLogs(session, settings, `${settings.directory} of the server`);
      return readThrough(session, () => read({ source, settings, remarks: [] }));
    });
  }
  const found = await lookInto(administrator, maintenanceDatabase, readLogSettings).catch(unlessDown);
  const settings = assertCollected(found ?? usualSettings(context));
  const remarks =
    found === undefined ? ["the server is down: its log is read as this stack usually writes it"] : [];
  return read({ source: await sourceOf(context, settings), settings, remarks });
}

function unlessDown(error: unknown): undefined {
  if (error instanceof ServerUnreachableError) return undefined;
  throw error;
}

async function sourceOf({ config, root }: CommandContext, settings: LogSettings): Promise<LogSource> {
  if (config.docker === undefined) {
    const { directory, dataDirectory } = settings;
    return localLogs(isAbsolute(directory) ? directory : join(dataDirectory, directory));
  }
  // What speaks to an engine is loaded where there is one.
  const { containerLogs } = await import("../../../components/io/docker/log-files.js");
  return containerLogs(findEngine(config.docker, root), `${config.docker.name}-server`);
}

/** As `up` sets it. */
function usualSettings({ config, root, project, stack }: CommandContext): LogSettings {
  return {
    dataDirectory: config.server.dataDirectory ?? defaultDataDirectory(root, project, stack),
    directory: "log",
    destinations: ["jsonlog"],
    collector: true,
    zone: "UTC",
    prefix: logLinePrefix,
  };
}

function assertCollected(settings: LogSettings): LogSettings {
  if (settings.collector) return settings;
  throw cannotTell(
    "the log of the server",
    "logging_collector is off: PostgreSQL keeps no log files, and what it says went to whoever started it",
    "look there (`journalctl -u postgresql`, `kubectl logs`), or set logging_collector to on, which takes a restart",
  );
}

/** What the login may not read is told with what lets it. */
async function readThrough<Result>(session: Session, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if ((error as { readonly code?: string }).code !== "42501") throw error;
    const [row] = await session.query<{ user: string }>("SELECT current_user::text AS user");
    throw cannotTell(
      "the log of the server",
      `${row?.user ?? "the login"} may not read it: ${(error as Error).message}`,
      "grant it pg_monitor and pg_read_server_files, or run this as a superuser; of a managed server its provider shows the log",
    );
  }
}
