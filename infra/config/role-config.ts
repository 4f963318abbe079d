import type { Rotation, Turn } from "../../components/core/credentials/turns";
import type { GrantTarget } from "../../components/core/privileges/declaration";

export interface RoleConfig {
  /** The name in the configuration: `owner`, `migrator`, `app` … Unique in its database, but for two logins that take turns. */
  readonly key: string;
  /** The name on the server, unique on it. */
  readonly name: string;
  readonly login: boolean;
  /** Sessions at once (`CONNECTION LIMIT`); −1 is no limit. */
  readonly connectionLimit: number;
  /** True: the password is the server's own, nothing is known of it and nothing changes it. */
  readonly keepPassword: boolean;
  /** Raised to rotate the password; 1 and without meaning for a role that does not log in. */
  readonly passwordVersion: number;
  /** Absent: one login. */
  readonly rotation?: Exclude<Rotation, "single">;
  /** Of each of two logins that take turns; absent: it is the only one. */
  readonly turn?: Turn;
  readonly inherit: boolean;
  readonly createDatabase: boolean;
  readonly createRole: boolean;
  readonly replication: boolean;
  readonly bypassRowLevelSecurity: boolean;
  /** Moment in UTC, `2030-01-01T00:00:00Z`, after which the password is refused; absent: never. */
  readonly validUntil?: string;
  /** Absent: it has what its schemas say. */
  readonly profile?: "backup" | "monitor";
  /** By name on the server, sorted. */
  readonly memberOf: readonly MembershipConfig[];
  /** `ALTER ROLE … SET`. */
  readonly settings: SettingsConfig;
  /** `ALTER ROLE … IN DATABASE … SET`. */
  readonly databaseSettings: SettingsConfig;
  /** What no schema's readers and writers say. */
  readonly grants: readonly GrantConfig[];
  /** Absent: it is in use. */
  readonly retired?: "reassign" | "keep";
}

export interface GrantConfig {
  readonly on: GrantTarget;
  readonly privileges: readonly string[];
  readonly columns?: readonly string[];
  readonly grantOption: boolean;
}

export interface MembershipConfig {
  /** The name on the server. */
  readonly role: string;
  readonly admin: boolean;
  readonly inherit: boolean;
  readonly set: boolean;
}

/** Settings by name: texts as PostgreSQL writes them, lists as lists. */
export type SettingsConfig = Readonly<Record<string, string | readonly string[]>>;
