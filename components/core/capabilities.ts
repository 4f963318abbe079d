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
  /** May change every setting by ALTER SYSTEM. Where it may not, single ones may still be granted (15 and newer). */
  readonly alterSystem: boolean;
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
    writeHba: true,
    silenceLog: true,
    readSystemIdentifier: true,
    inRecovery: false,
    memberOf: [],
    adminOf: [],
  };
}
