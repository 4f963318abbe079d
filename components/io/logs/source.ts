import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { LogFile } from "../../core/ops/log-files";
import { listLogFiles } from "../log-directory";
import type { Session } from "../session";
import type { LogStyle } from "./read-entries";

/** The log files of a server, wherever they are. */
export interface LogSource {
  /** For people. */
  readonly place: string;
  /** All files of the directory. */
  list(): Promise<readonly LogFile[]>;
  /** The bytes of one; the stream is read once, to its end. */
  open(name: string): AsyncIterable<Buffer>;
}

/** What a server says of its log. */
export interface LogSettings extends LogStyle {
  readonly dataDirectory: string;
  /** As it is set: relative to the data directory, or absolute. */
  readonly directory: string;
  /** `log_destination` as a list. */
  readonly destinations: readonly string[];
  /** `logging_collector`: false, and the log is whoever's that started the server. */
  readonly collector: boolean;
}

/** Takes a superuser or pg_read_all_settings, which pg_monitor has: the directories are not for everybody. */
export async function readLogSettings(session: Session): Promise<LogSettings> {
  const [row] = await session.query<{
    data: string | null;
    directory: string | null;
    destinations: string;
    collector: boolean;
    zone: string;
    prefix: string;
  }>(`SELECT pg_catalog.current_setting('data_directory', true) AS data,
    pg_catalog.current_setting('log_directory', true) AS directory,
    pg_catalog.current_setting('log_destination') AS destinations,
    pg_catalog.current_setting('logging_collector')::boolean AS collector,
    pg_catalog.current_setting('log_timezone') AS zone,
    pg_catalog.current_setting('log_line_prefix') AS prefix`);
  if (row === undefined) throw new Error("the server answers with nothing");
  const { data, directory, destinations, ...rest } = row;
  return {
    ...rest,
    dataDirectory: data ?? "",
    directory: directory ?? "log",
    destinations: destinations.split(",").map((word) => word.trim().toLowerCase()),
  };
}

/** Files on this machine. */
export function localLogs(directory: string): LogSource {
  return {
    place: directory,
    list: () => listLogFiles(directory),
    open: (name) => createReadStream(join(directory, name)) as AsyncIterable<Buffer>,
  };
}

/** Bytes that are asked for at once: the session holds two such pieces. */
const pieceBytes = 1024 * 1024;

/**
 * Files of a server that nothing else reaches, through a session: `pg_ls_logdir` takes pg_monitor,
 * `pg_read_binary_file` pg_read_server_files.
 */
export function sqlLogs(session: Session, { directory }: LogSettings, place: string): LogSource {
  return {
    place,
    async list() {
      const rows = await session.query<{ name: string; size: string; modifiedAt: number }>(
        `SELECT name, size::text, (extract(epoch FROM modification) * 1000)::float8 AS "modifiedAt"
        FROM pg_catalog.pg_ls_logdir()`,
      );
      return rows.map(({ size, ...row }) => ({ ...row, size: Number(size) }));
    },
    async *open(name) {
      for (let offset = 0; ; offset += pieceBytes) {
        const [row] = await session.query<{ piece: Buffer | null }>(
          "SELECT pg_catalog.pg_read_binary_file($1, $2, $3, true) AS piece",
          [`${directory}/${name}`, offset, pieceBytes],
        );
        const piece = row?.piece ?? Buffer.alloc(0);
        if (piece.length > 0) yield piece;
        if (piece.length < pieceBytes) return;
      }
    },
  };
}
