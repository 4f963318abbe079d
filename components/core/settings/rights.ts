/**
 * What a login without superuser may do with the server's settings: from PostgreSQL 15 on it can be granted single ones
 * (`GRANT … ON PARAMETER`, pg_parameter_acl). Names are in small letters and sorted.
 */
export interface SettingRights {
  readonly login: string;
  /** That it may write with ALTER SYSTEM. */
  readonly alter: readonly string[];
  /** That it may set though they are for superusers (`SET`): in sessions, and for roles and databases. */
  readonly set: readonly string[];
  /** Whether it may have the server read its files again (`pg_reload_conf`). */
  readonly reload: boolean;
  /** That only superusers set, and those who were granted it. */
  readonly closed: readonly string[];
  /** With a dot, that a loaded library knows: of others nobody but a superuser may write a value down. */
  readonly ofLibraries: readonly string[];
}

/** Why a login may not set something for a role or a database; undefined where it may. */
export function settingLimit(rights: SettingRights, name: string): string | undefined {
  const { login, set, closed, ofLibraries } = rights;
  const key = name.toLowerCase();
  if (set.includes(key)) return undefined;
  if (closed.includes(key)) return `${name} is a superuser's to set, and ${login} was not granted SET on it`;
  return key.includes(".") && !ofLibraries.includes(key)
    ? `no loaded library knows ${name}, and only a superuser sets such a one`
    : undefined;
}
