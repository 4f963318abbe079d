import type { HealthCheck } from "../../../components/core/operations/health-check";
import type { LimitUse, ServerSession, SessionCount } from "../../../components/core/operations/sessions";

/** What `health` found out; a schema of its JSON is made from this. */
export interface HealthData {
  /** `host:port`. */
  readonly place: string;
  /** The role that looked. */
  readonly role: string;
  readonly version: string;
  readonly inRecovery: boolean;
  readonly uptimeSeconds: number;
  /** The databases that were looked into, `postgres` first. */
  readonly databases: readonly string[];
  /** In a fixed order; those that are well included. */
  readonly checks: readonly HealthCheck[];
  /** What is looked at elsewhere, and where. */
  readonly remarks: readonly string[];
}

export interface ConnectionsArgs {
  readonly queries?: boolean;
}

/** What `connections` found out; a schema of its JSON is made from this. */
export interface ConnectionsData {
  readonly place: string;
  /** The role that looked. */
  readonly role: string;
  /** Sessions of clients, without the one that asks. */
  readonly connections: number;
  /** What ordinary roles may have: max_connections without those that are reserved. */
  readonly available: number;
  readonly maxConnections: number;
  readonly superuserReserved: number;
  readonly reserved: number;
  /** Roles and databases with a CONNECTION LIMIT, the nearest to it first. */
  readonly limits: readonly LimitUse[];
  readonly byState: readonly SessionCount[];
  readonly byUser: readonly SessionCount[];
  readonly byDatabase: readonly SessionCount[];
  /** By application and address. */
  readonly byClient: readonly SessionCount[];
  /** Those that run a statement, the longest first. */
  readonly active: readonly ServerSession[];
  /** Those of them that wait for something. */
  readonly waiting: readonly ServerSession[];
  /** The ten that do nothing for the longest time. */
  readonly idle: readonly ServerSession[];
  /** What this role may not see. */
  readonly remarks: readonly string[];
}
