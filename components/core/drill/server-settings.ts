/** Settings of a server that a backup is restored to. They are on its command line, where nothing that is restored wins over them. */
export interface DrillServerPlan {
  readonly major: number;
  readonly socketDirectory: string;
  /** Files of its own access rules: whatever the restored ones say. */
  readonly hbaFile: string;
  readonly identFile: string;
  /** Port of loopback that it listens on besides; absent: the socket alone. */
  readonly port?: number | undefined;
  /** To be loaded when it starts; undefined: as the restored files say. */
  readonly libraries?: readonly string[] | undefined;
  /** That libraries of jobs work in. */
  readonly database?: string | undefined;
}

/** Port in the name of its socket; it listens on none. */
export const drillPort = 5432;

/**
 * Nobody reaches it but by its socket, and it reaches nobody: what a restored server would begin by itself (subscriptions,
 * jobs of libraries, replication, archiving) would act on what the original is at work on. It is small, wherever it
 * comes from, and nothing of it has to outlive a crash.
 */
export function drillServerSettings(plan: DrillServerPlan): Readonly<Record<string, string>> {
  const { major, socketDirectory, hbaFile, identFile, libraries, database, port } = plan;
  return {
    listen_addresses: port === undefined ? "" : "127.0.0.1",
    port: String(port ?? drillPort),
    unix_socket_directories: socketDirectory,
    unix_socket_permissions: "0700",
    hba_file: hbaFile,
    ident_file: identFile,
    external_pid_file: "",
    cluster_name: "pgstead drill",
    ssl: "off",
    archive_mode: "off",
    // Nobody looks before the log was replayed to its end; until then it would want to be as large as the original.
    hot_standby: "off",
    primary_conninfo: "",
    // No worker of a library or of a subscription, none of a parallel query.
    max_worker_processes: "0",
    max_logical_replication_workers: "0",
    max_wal_senders: "0",
    max_parallel_maintenance_workers: "0",
    ...(libraries === undefined ? {} : { shared_preload_libraries: libraries.join(",") }),
    ...(libraries?.includes("pg_cron") === true && database !== undefined
      ? { "cron.database_name": database }
      : {}),
    ...(major >= 17 ? { event_triggers: "off" } : {}),
    ...small,
    ...heedless,
    ...quiet,
  };
}

const small = {
  shared_buffers: "64MB",
  huge_pages: "off",
  work_mem: "8MB",
  maintenance_work_mem: "64MB",
  autovacuum: "off",
  max_wal_size: "256MB",
  wal_buffers: "4MB",
  max_connections: "20",
  superuser_reserved_connections: "3",
  // Thousands of tables in one transaction need as many.
  max_locks_per_transaction: "1024",
} as const;

const heedless = { fsync: "off", full_page_writes: "off", synchronous_commit: "off" } as const;

/** Its log goes to a file of the drill; statements are nobody's to keep, whatever a library logs. */
const quiet = {
  logging_collector: "off",
  log_destination: "stderr",
  log_statement: "none",
  log_min_duration_statement: "-1",
  log_min_error_statement: "panic",
  log_connections: "off",
  log_disconnections: "off",
} as const;

/** The library that kept a server from its start, by what it said. */
export function missingLibrary(said: string): string | undefined {
  const [, path = ""] = /could not (?:access file|load library) "([^"]+)"/.exec(said) ?? [];
  const [, name = ""] = /([^/]+?)(?:\.(?:so|dylib|dll))?$/.exec(path) ?? [];
  return name === "" ? undefined : name;
}
