/** One entry of a server's log, whatever it was written as. */
export interface LogEntry {
  /** In milliseconds, UTC. */
  readonly at: number;
  /** `LOG`, `ERROR`, `FATAL` … */
  readonly level: LogLevel;
  /** SQLSTATE; absent where the log does not have it: a text whose prefix has no `%e`. */
  readonly code?: string;
  readonly message: string;
  readonly detail?: string;
  readonly statement?: string;
  readonly user?: string;
  readonly database?: string;
  readonly application?: string;
  /** Address of the client, or `[local]`. */
  readonly client?: string;
}

/** From the mildest to the worst. */
export const logLevels = ["DEBUG", "INFO", "NOTICE", "LOG", "WARNING", "ERROR", "FATAL", "PANIC"] as const;
export type LogLevel = (typeof logLevels)[number];

/** The level of a word of the log, `DEBUG1` to `DEBUG5` as one; undefined: it is none. */
export function levelOf(word: string | undefined): LogLevel | undefined {
  const plain = word?.replace(/^DEBUG\d$/, "DEBUG");
  return logLevels.find((level) => level === plain);
}

/** A file of the log by what PostgreSQL calls it (`log_destination`). */
export type LogFormat = "jsonlog" | "csvlog" | "stderr";

/** By the ending of its name, compressed or not; undefined: it is no log file. */
export function formatOf(name: string): LogFormat | undefined {
  const ending = /\.(json|csv|log)(?:\.gz)?$/.exec(name)?.[1];
  return ending === undefined
    ? undefined
    : ({ json: "jsonlog", csv: "csvlog", log: "stderr" } as const)[ending as "json" | "csv" | "log"];
}

/** What is left out where it says nothing. */
export function present<Name extends keyof LogEntry>(
  name: Name,
  value: string | undefined | null,
): Partial<Record<Name, string>> {
  return value === undefined || value === null || value === "" || value === "[unknown]"
    ? {}
    : ({ [name]: value } as Record<Name, string>);
}
