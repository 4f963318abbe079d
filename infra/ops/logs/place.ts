import { isAbsolute, join } from "node:path";
import { logLinePrefix } from "../../../components/core/tuning/logging";
import {
  localLogs,
  readLogSettings,
  sqlLogs,
  type LogSettings,
  type LogSource,
} from "../../../components/io/logs/source";
import { defaultDataDirectory } from "../../../components/io/places";
import { maintenanceDatabase, type Session } from "../../../components/io/session";
import type { CommandContext } from "../command";
import { cannotTell } from "../failure";
import { findEngine } from "../find-engine";
import { assertOnServer, type NamesAsked } from "../on-server";
import { openWatcher } from "../watcher";

/** Where the log of a stack's server is, and how it is written. */
export interface LogPlace {
  readonly source: LogSource;
  readonly settings: LogSettings;
  readonly remarks: readonly string[];
  /**
   * Looks whether the server has what a filter names; a server that cannot be asked has everything.
   *
   * @throws ProblemError
   */
  readonly assertKnown: (names: NamesAsked) => Promise<void>;
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
  const watcher = await openWatcher(context);
  if (context.config.target === "existing") {
    return watcher.asAdministrator(maintenanceDatabase, (session) =>
      readThrough(session, async () => {
        const settings = assertCollected(await readLogSettings(session));
        const source = sqlLogs(session, settings, `${settings.directory} of the server`);
        const assertKnown = (names: NamesAsked): Promise<void> => assertOnServer(session, names);
        return read({ source, settings, remarks: [], assertKnown });
      }),
    );
  }
  const asked = await watcher
    .look(maintenanceDatabase, readLogSettings)
    .catch((error: unknown) => ({ error }));
  const settings = assertCollected("error" in asked ? usualSettings(context) : asked);
  const remarks = "error" in asked ? [unaskedRemark(asked.error)] : [];
  const assertKnown = async (names: NamesAsked): Promise<void> => {
    if (!("error" in asked))
      await watcher.look(maintenanceDatabase, (session) => assertOnServer(session, names));
  };
  return read({ source: await sourceOf(context, settings), settings, remarks, assertKnown });
}

/** A server that is down, hangs or has no connection left: the files are there all the same. */
function unaskedRemark(error: unknown): string {
  const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  return `the server could not be asked how it writes its log, so it is read as this stack usually writes it (${reason})`;
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
