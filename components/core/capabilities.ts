import type { SettingRights } from "./settings/rights";

/**
 * What the managing login may do on a server, as the server says. Nothing of it is believed from a configuration: a
 * managed service gives a login without superuser, and each gives another set.
 */
export interface Capabilities {
  /** The login itself (`current_user`). */
  readonly login: string;
  /** Version as a number (`server_version_num`), such as 170010. */
  readonly serverVersion: number;
  /** May do everything (`SUPERUSER`). */
  readonly superuser: boolean;
  /** May make roles (`CREATEROLE`); from 16 on it changes only those in {@link adminOf}. A superuser may. */
  readonly createRole: boolean;
  /** May make databases (`CREATEDB`). A superuser may. */
  readonly createDatabase: boolean;
  /** May read passwords as pg_authid holds them. Where it may not, whether a password is ours cannot be told. */
  readonly readVerifiers: boolean;
  /**
   * May change every setting by ALTER SYSTEM: a superuser, unless the server's own files forbid it to everybody
   * (`allow_alter_system`, 17 and newer).
   */
  readonly alterSystem: boolean;
  /** Reads every setting (`pg_read_all_settings`): where a value comes from, and those for superusers only. */
  readonly readSettings: boolean;
  /** Sees what sessions of others do (`pg_read_all_stats`). */
  readonly readStatistics: boolean;
  /** Ends sessions of others but superusers' (`pg_signal_backend`). */
  readonly signalBackends: boolean;
  /** Reads pg_hba.conf as the server does (`pg_hba_file_rules`). */
  readonly readHbaRules: boolean;
  /** Makes event triggers: a superuser. */
  readonly eventTriggers: boolean;
  /** Has REPLICATION, and so may give it (16 and newer). A superuser may. */
  readonly replication: boolean;
  /** Has BYPASSRLS, and so may give it (16 and newer). A superuser may. */
  readonly bypassRowLevelSecurity: boolean;
  /** May write pg_hba.conf through SQL. */
  readonly writeHba: boolean;
  /** May set what keeps secrets out of the server's log (`log_statement` and its like). */
  readonly silenceLog: boolean;
  /** May read the number that tells this server from others (`pg_control_system`). */
  readonly readSystemIdentifier: boolean;
  /** The server replays another one's changes, and takes none itself. */
  readonly inRecovery: boolean;
  /**
   * Roles as which it works, directly or not: it has their privileges, and from 16 on may become them (`INHERIT` and
   * `SET`). Itself is left out; sorted. A superuser counts as itself only.
   */
  readonly memberOf: readonly string[];
  /** Roles that it may grant and, with CREATEROLE, change (`ADMIN OPTION`, directly or not); sorted. */
  readonly adminOf: readonly string[];
  /** What it may do with settings; absent for a superuser, who may do everything. */
  readonly settings?: SettingRights;
}

/** What a superuser of PostgreSQL 17 may do: for plans against a server that does not exist yet. */
export function superuserCapabilities(login: string): Capabilities {
  return {
    login,
    serverVersion: 170_000,
    superuser: true,
    createRole: true,
    createDatabase: true,
    readVerifiers: true,
    alterSystem: true,
    readSettings: true,
    readStatistics: true,
    signalBackends: true,
    readHbaRules: true,
    eventTriggers: true,
    replication: true,
    bypassRowLevelSecurity: true,
    writeHba: true,
    silenceLog: true,
    readSystemIdentifier: true,
    inRecovery: false,
    memberOf: [],
    adminOf: [],
  };
}

/**
 * Roles that services give in a superuser's place: what such a member may do beyond PostgreSQL's own rules, such as
 * making an extension that is not trusted, is the service's to say and cannot be read from a catalogue.
 */
const substitutes = [
  "alloydbsuperuser",
  "azure_pg_admin",
  "cloudsqlsuperuser",
  "neon_superuser",
  "rds_superuser",
];

/** The role by which a service gives a login more than the catalogue tells; undefined: none. */
export function substituteOf({
  memberOf,
  login,
}: Pick<Capabilities, "memberOf" | "login">): string | undefined {
  return substitutes.find((role) => role === login || memberOf.includes(role));
}
