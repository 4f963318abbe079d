import type { BucketPlan } from "../copies/plan";
import { problemError } from "../problem";

/** What pgBackRest's own configuration is made from; nothing secret. */
export interface BackRestPlan {
  /** Number of full backups that stay, with all that was built on them. */
  readonly keepFull: number;
  /** Processes that compress and copy. */
  readonly processes: number;
  /** The second repository; absent: there is none. */
  readonly second?: SecondRepository | undefined;
}

/** A repository in object storage, beside the one on the server's host. */
export interface SecondRepository {
  readonly s3: RepositoryBucket;
  /** Number of its full backups that stay. */
  readonly keepFull: number;
}

/** Where it is; nothing secret. */
export type RepositoryBucket = Omit<BucketPlan, "checksums" | "secretAccessKeyFile">;

/** Numbers of repositories, as pgBackRest and `--repo` have them. */
export const repositoryNumbers = [1, 2] as const;

export type RepositoryNumber = (typeof repositoryNumbers)[number];

/** Seconds without a byte after which sending a file of the log gives a service up, for the time being. */
const pushTimeout = 5;

/** Name of the one server of a repository. */
export const stanza = "pgstead";

/** Names of the files; they lie in the same directory, of which pgBackRest reads every `.conf`. */
export const backRestFiles = {
  settings: "pgbackrest.conf",
  passphrase: "pgbackrest-passphrase.conf",
  /** What the second repository is reached and read with. */
  second: "pgbackrest-second.conf",
  /** Certificate of the authority of its service. */
  secondAuthority: "pgbackrest-second-ca.crt",
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
  { keepFull, processes, second }: BackRestPlan,
  { configuration, repository, dataDirectory, socketDirectory }: BackRestPlaces,
  administrator: string,
): string {
  return renderSections([
    [
      "global",
      {
        ...(second === undefined ? {} : secondOptions(second, configuration)),
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
    ...(second === undefined ? [] : [pushSection]),
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
 * How the log is sent to two repositories: by a process of its own, so that the first one goes on where the second one
 * cannot be reached. With the usual minute of `io-timeout` each attempt would hold the first one up for six.
 */
const pushSection: Section = [
  "global:archive-push",
  // What waits there is known from pg_wal as well: it may go with the container.
  { "archive-async": "y", "spool-path": "/tmp/pgbackrest", "io-timeout": String(pushTimeout) },
];

function secondOptions(
  { s3, keepFull }: SecondRepository,
  configuration: string,
): Readonly<Record<string, string>> {
  const { bucket, prefix, region, pathStyle, ca, endpoint = `https://s3.${region}.amazonaws.com` } = s3;
  const { hostname, port } = new URL(endpoint);
  return {
    "repo2-type": "s3",
    "repo2-path": `/${prefix.replace(/\/$/, "")}`,
    "repo2-s3-bucket": bucket,
    "repo2-s3-endpoint": hostname,
    "repo2-s3-region": region,
    "repo2-s3-uri-style": pathStyle ? "path" : "host",
    ...(port === "" ? {} : { "repo2-storage-port": port }),
    ...(ca === undefined
      ? {}
      : { "repo2-storage-ca-file": `${configuration}/${backRestFiles.secondAuthority}` }),
    "repo2-retention-full": String(keepFull),
    "repo2-cipher-type": "aes-256-cbc",
    "repo2-bundle": "y",
    "repo2-block": "y",
  };
}

/** What the second repository is reached and read with. Secret. @throws ProblemError as {@link renderPassphrase} */
export function renderSecondSecrets(
  { accessKeyId }: RepositoryBucket,
  { passphrase, secretAccessKey }: { readonly passphrase: string; readonly secretAccessKey: string },
): string {
  assertPlain("the passphrase of the second repository", passphrase);
  assertPlain("the secret access key of the second repository", secretAccessKey);
  const options = {
    "repo2-cipher-pass": passphrase,
    "repo2-s3-key": accessKeyId,
    "repo2-s3-key-secret": secretAccessKey,
  };
  return renderSections([["global", options]]);
}

/**
 * The passphrase of the repository, in a file of its own. Secret.
 *
 * @throws ProblemError it has a character that the format has another meaning for
 */
export function renderPassphrase(passphrase: string): string {
  assertPlain("the passphrase of the repository", passphrase);
  return renderSections([["global", { "repo1-cipher-pass": passphrase }]]);
}

function assertPlain(what: string, secret: string): void {
  if (/^[\x21-\x7e]+$/.test(secret)) return;
  const message = "has a space or a character that is not ASCII, or is empty";
  throw problemError(what, message, "choose one of letters and digits");
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
