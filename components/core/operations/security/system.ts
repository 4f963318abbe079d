import {
  cannotSay,
  cisDatabase,
  fail,
  manual,
  none,
  notApplicable,
  ofSetting,
  pass,
  type Control,
  type SecurityArea,
} from "./control";
import type { SecurityFacts } from "./facts";

const of = (area: SecurityArea, id: string, title: string, page: string, mend = "") => ({
  id: `${area}.${id}`,
  area,
  title,
  source: manual(page),
  mend,
});

const on = (value: string): boolean => value === "on";
const off = (value: string): boolean => value === "off";

const installation: readonly Control[] = [
  {
    ...of(
      "installation",
      "version",
      "the server runs the programs that are installed",
      "upgrading.html",
      "restart the server: a newer minor version is installed",
    ),
    cis: { number: "1.5", source: cisDatabase },
    judge: ({ version, installed }) => {
      const note =
        "whether it is the newest of its major version is told by https://www.postgresql.org/support/versioning/, which is not asked";
      if (installed === undefined) return cannotSay(`${version}; ${note}`);
      return installed === version
        ? pass(`${version}; ${note}`)
        : fail(`runs ${version}, installed is ${installed}`);
    },
  },
  {
    ...of(
      "installation",
      "supported",
      "the major version still gets fixes",
      "upgrading.html",
      "upgrade to a newer major version",
    ),
    // End of 13: November 2025; each has five years (postgresql.org/support/versioning).
    judge: ({ version }) => (Number.parseInt(version, 10) >= 14 ? pass(version) : fail(version)),
  },
  {
    ...of(
      "installation",
      "checksums",
      "pages have checksums, so that damage is seen",
      "checksums.html",
      "`pg_checksums --enable` with the server down",
    ),
    judge: ({ settings }) =>
      on(settings.data_checksums ?? "") ? pass("data_checksums = on") : fail("data_checksums = off"),
  },
];

/** Bits that a file must not have: writing for the group, anything for others; of secrets, anything for both. */
const fileLimits: Readonly<Record<string, number>> = {
  data_directory: 0o027,
  hba_file: 0o077,
  ident_file: 0o077,
  config_file: 0o077,
  auto_file: 0o077,
  ssl_key_file: 0o037,
  log_directory: 0o027,
  log_file: 0o037,
};

function file(what: string, title: string, page: string): Control {
  return {
    ...of(
      "files",
      what.replaceAll("_", "-"),
      title,
      page,
      "chmod it: 0700 for directories, 0600 for files; the server's account owns it",
    ),
    judge: ({ files }) => {
      const found = files?.filter((one) => one.what === what);
      if (found === undefined) return cannotSay("the files are out of reach from here");
      if (found.length === 0) return notApplicable("there is none");
      const shown = found.map(({ path, mode }) => `${path} ${mode.toString(8).padStart(4, "0")}`);
      const wrong = found.filter(({ mode }) => (mode & (fileLimits[what] ?? 0o077)) !== 0);
      return wrong.length === 0
        ? pass(shown[0] ?? "")
        : fail(wrong.map(({ path, mode }) => `${path} ${mode.toString(8).padStart(4, "0")}`).join(", "));
    },
  };
}

const files: readonly Control[] = [
  file("data_directory", "the data directory is the server's alone", "creating-cluster.html"),
  file("hba_file", "pg_hba.conf is the server's alone", "auth-pg-hba-conf.html"),
  file("ident_file", "pg_ident.conf is the server's alone", "auth-username-maps.html"),
  file("config_file", "postgresql.conf is the server's alone", "config-setting.html"),
  file("auto_file", "postgresql.auto.conf is the server's alone", "config-setting.html"),
  file("ssl_key_file", "the key of the certificate is not for everybody", "ssl-tcp.html"),
  file("log_directory", "the directory of the log is not for everybody", "runtime-config-logging.html"),
  file("log_file", "log files are not for everybody", "runtime-config-logging.html"),
];

const settings: readonly Control[] = [
  ofSetting(
    of("settings", "fsync", "what is committed is on the disk", "runtime-config-wal.html"),
    "fsync",
    on,
  ),
  ofSetting(
    of(
      "settings",
      "full-page-writes",
      "a page that is half written is whole after a crash",
      "runtime-config-wal.html",
    ),
    "full_page_writes",
    on,
  ),
  ofSetting(
    of("settings", "damaged-pages", "damaged pages are not passed over", "runtime-config-developer.html"),
    "zero_damaged_pages",
    off,
  ),
  ofSetting(
    of("settings", "checksum-failures", "failed checksums are errors", "runtime-config-developer.html"),
    "ignore_checksum_failure",
    off,
  ),
  ofSetting(
    of("settings", "system-tables", "nobody changes the catalogue by hand", "runtime-config-developer.html"),
    "allow_system_table_mods",
    off,
  ),
  ofSetting(
    of("settings", "row-security", "row level security is in force", "runtime-config-client.html"),
    "row_security",
    on,
  ),
  ofSetting(
    of("settings", "triggers", "triggers and rules fire", "runtime-config-client.html"),
    "session_replication_role",
    (value) => value === "origin",
  ),
  ofSetting(
    of(
      "settings",
      "library-path",
      "libraries come from PostgreSQL's own directory",
      "runtime-config-client.html",
    ),
    "dynamic_library_path",
    (value) => value === "$libdir",
  ),
  {
    ...of(
      "settings",
      "pending",
      "what is set is in force",
      "view-pg-settings.html",
      "restart the server (pgstead:server.restart: allow, then `up`)",
    ),
    judge: ({ pending }) => none(pending, "nothing waits for a restart"),
  },
  {
    ...of(
      "settings",
      "extensions",
      "only declared extensions are there",
      "extend-extensions.html",
      "DROP EXTENSION, or declare it",
    ),
    judge: ({ databases, declared }) => none(undeclaredExtensions(databases, declared), "declared ones only"),
  },
];

function undeclaredExtensions(
  databases: SecurityFacts["databases"],
  declared: SecurityFacts["declared"],
): string[] {
  return databases.flatMap(({ name, inside }) => {
    const known = new Set([
      "plpgsql",
      ...(declared.databases.find((one) => one.name === name)?.extensions ?? []),
    ]);
    return (inside?.extensions ?? [])
      .filter((extension) => !known.has(extension))
      .map((extension) => `${name}: ${extension}`);
  });
}

const replication: readonly Control[] = [
  ofSetting(
    of("replication", "log", "commands of replication are written", "runtime-config-logging.html"),
    "log_replication_commands",
    on,
  ),
  {
    ...of(
      "replication",
      "role",
      "who streams the write-ahead log is a role for that alone",
      "role-attributes.html",
      "take REPLICATION from the role, or declare one for it",
    ),
    judge: ({ roles, declared }) => {
      const allowed = new Set(declared.roles.filter((role) => role.replication).map(({ name }) => name));
      const wrong = roles.filter((role) => role.replication && !role.superuser && !allowed.has(role.name));
      return none(
        wrong.map(({ name }) => name),
        allowed.size === 0 ? "no role" : [...allowed].join(", "),
      );
    },
  },
  {
    ...of(
      "replication",
      "archiving",
      "the write-ahead log is archived, and arrives",
      "continuous-archiving.html",
      "declare pgstead:backup.physical (target docker)",
    ),
    judge: ({ archiver, declared }) => {
      if (archiver?.failing === true) return fail("archive_mode = on, and the last attempt failed");
      if (archiver !== undefined)
        return pass(archiver.archived ? "it arrives" : "archive_mode = on, nothing was due yet");
      return declared.disposable ? notApplicable("the stack is disposable") : fail("archive_mode = off");
    },
  },
  {
    ...of(
      "replication",
      "streaming",
      "standbys stream with TLS",
      "warm-standby.html#STREAMING-REPLICATION-AUTHENTICATION",
      "give them sslmode=verify-full, and hostssl rules",
    ),
    judge: ({ standbys }) =>
      standbys === 0
        ? notApplicable("no standby streams")
        : cannotSay(`${standbys} standbys stream: look at their primary_conninfo`),
  },
];

const special: readonly Control[] = [
  {
    ...of(
      "special",
      "backup",
      "backups are declared",
      "backup.html",
      "declare pgstead:backup.physical or pgstead:backup.logical",
    ),
    judge: ({ declared: { physicalBackups, logicalBackups, disposable } }) => {
      if (physicalBackups || logicalBackups) {
        return pass(
          [
            ...(physicalBackups ? ["physical (pgBackRest)"] : []),
            ...(logicalBackups ? ["logical"] : []),
          ].join(", "),
        );
      }
      return disposable ? notApplicable("the stack is disposable") : fail("none are declared");
    },
  },
  {
    ...of(
      "special",
      "drill",
      "backups are restored by a schedule, to prove them",
      "backup.html",
      "declare pgstead:backup.drill",
    ),
    judge: ({ declared: { drills, logicalBackups, disposable } }) => {
      if (drills) return pass("drills are declared");
      if (!logicalBackups) return notApplicable("there are no backups that a drill restores");
      return disposable ? notApplicable("the stack is disposable") : fail("no drill is declared");
    },
  },
];

export const systemControls: readonly Control[] = [...installation, ...files];
export const laterControls: readonly Control[] = [...settings, ...replication, ...special];
