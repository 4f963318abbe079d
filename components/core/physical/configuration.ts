import { problemError } from "../problem";

/** What pgBackRest's own configuration is made from; nothing secret. */
export interface BackRestPlan {
  /** Number of full backups that stay, with all that was built on them. */
  readonly keepFull: number;
  /** Processes that compress and copy. */
  readonly processes: number;
}

/** Name of the one server of a repository. */
export const stanza = "pgstead";

/** Names of the files; they lie in the same directory, of which pgBackRest reads every `.conf`. */
export const backRestFiles = {
  settings: "pgbackrest.conf",
  passphrase: "pgbackrest-passphrase.conf",
} as const;

/** Absolute paths in the containers that have the server's files. */
export interface BackRestPlaces {
  readonly configuration: string;
  readonly repository: string;
  readonly dataDirectory: string;
  readonly socketDirectory: string;
}

export const containerPlaces: BackRestPlaces = {
  configuration: "/etc/pgstead/server",
  repository: "/var/lib/pgbackrest",
  dataDirectory: "/var/lib/postgresql/data/current",
  socketDirectory: "/var/run/postgresql",
};

/**
 * The configuration that server and ops container share, so that both speak of the same repository and exclude each other.
 *
 * @param administrator login over the socket
 */
export function renderBackRest(
  { keepFull, processes }: BackRestPlan,
  { repository, dataDirectory, socketDirectory }: BackRestPlaces,
  administrator: string,
): string {
  return renderSections([
    [
      "global",
      {
        "repo1-path": repository,
        "repo1-retention-full": String(keepFull),
        "repo1-cipher-type": "aes-256-cbc",
        // Small files together, and of large ones only the parts that changed.
        "repo1-bundle": "y",
        "repo1-block": "y",
        "compress-type": "zst",
        "process-max": String(processes),
        // A checkpoint at once, rather than one that is spread over minutes.
        "start-fast": "y",
        // On the volume that both containers have: two private paths let two backups run at once, and one of them dies.
        "lock-path": `${repository}/pgstead/lock`,
        // What goes wrong is told by who started it; the root is read-only, and nothing rotates a file.
        "log-level-file": "off",
        "log-level-console": "off",
        "log-level-stderr": "warn",
        "log-timestamp": "n",
      },
    ],
    [
      stanza,
      {
        "pg1-path": dataDirectory,
        "pg1-socket-path": socketDirectory,
        "pg1-user": administrator,
        "pg1-database": "postgres",
      },
    ],
  ]);
}

/**
 * The passphrase of the repository, in a file of its own. Secret.
 *
 * @throws ProblemError it has a character that the format has another meaning for
 */
export function renderPassphrase(passphrase: string): string {
  if (!/^[\x21-\x7e]+$/.test(passphrase)) {
    const message = "has a space or a character that is not ASCII, or is empty";
    throw problemError("the passphrase of the repository", message, "choose one of letters and digits");
  }
  return renderSections([["global", { "repo1-cipher-pass": passphrase }]]);
}

type Section = readonly [name: string, options: Readonly<Record<string, string>>];

function renderSections(sections: readonly Section[]): string {
  return sections
    .map(([name, options]) => {
      const lines = Object.entries(options).map(([key, value]) => `${key}=${value}\n`);
      return `[${name}]\n${lines.join("")}`;
    })
    .join("\n");
}

/** The program with the configuration that it has to use, and no other one. */
export function backRestCommand(configuration: string): string[] {
  return ["pgbackrest", "--no-config", `--config-include-path=${configuration}`, `--stanza=${stanza}`];
}

/** Names of the settings that archiving has to itself. */
export const archiveSettingNames = ["archive_mode", "archive_command", "archive_timeout"] as const;

/** The settings of a server that archives. A change of archive_mode takes a restart. */
export function archiveSettings(
  configuration: string,
  archiveTimeout: string,
): Readonly<Record<(typeof archiveSettingNames)[number], string>> {
  return {
    archive_mode: "on",
    archive_command: [...backRestCommand(configuration), "archive-push", '"%p"'].join(" "),
    archive_timeout: archiveTimeout,
  };
}
