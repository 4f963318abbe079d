import type { AclItem } from "../privileges/acl";

/** The schema of the trail. Nobody else puts anything into it. */
export const auditSchema = "audit";

/** The trail itself: callers know this name. */
export const logTable = "change_log";

/** What to do where `pgstead:audit` left the configuration, and the schema of the trail and its owner with it. */
export const keepTrail =
  "it is of a trail: to end the auditing write pgstead:audit: { schemas: [] }, which takes the triggers and keeps the trail";

/** A time back from now: `24 months`, `90 days`. Exactly one of the two is not 0. */
export interface Retention {
  readonly months: number;
  readonly days: number;
}

/** What is said of one table. */
export interface AuditedTable {
  readonly schema: string;
  readonly name: string;
  /** False: its changes are not recorded, although those of its schema are. */
  readonly audited: boolean;
  /** Columns whose values are not recorded; that a row changed is. */
  readonly exclude: readonly string[];
}

/** What `Audit` declares of a database. */
export interface AuditDeclaration {
  readonly database: string;
  /** Role that owns the trail and its functions; nobody logs in as it or belongs to it. */
  readonly owner: string;
  /** The managing login: without superuser it belongs to the owner, as it could not make anything of its otherwise. */
  readonly manager: string;
  /** Every table of these, now and later. */
  readonly schemas: readonly string[];
  /** By schema and name, no two alike; their partitions follow them. */
  readonly tables: readonly AuditedTable[];
  /** Absent: the trail is kept for ever. */
  readonly retention?: Retention;
  /** Whether changes of the schema are recorded, where the managing login is a superuser. */
  readonly ddl: boolean;
}

/** A trigger of ours, or one with a name of ours. */
export interface ActualTrigger {
  readonly name: string;
  /** `audit.record_insert` */
  readonly function: string;
  /** `tgenabled`: `A` fires always, `O` not on a replica, `D` never. */
  readonly enabled: string;
  /** `tgtype`. */
  readonly type: number;
  readonly arguments: readonly string[];
  readonly oldTable: string | null;
  readonly newTable: string | null;
  /** True where it has a WHEN or names columns: it then misses changes. */
  readonly narrowed: boolean;
}

/** A relation in an audited schema, one that is named, a partition of one, or one that has triggers of ours. */
export interface ActualTable {
  readonly schema: string;
  readonly name: string;
  /** `relkind`: `r` table, `p` partitioned, `f` foreign, `v` and `m` views. */
  readonly kind: string;
  readonly owner: string;
  /** The topmost table that it is a partition of; itself where it is none. */
  readonly root: { readonly schema: string; readonly name: string };
  readonly isPartition: boolean;
  /** Columns of its primary key. */
  readonly key: readonly string[];
  readonly columns: readonly string[];
  readonly triggers: readonly ActualTrigger[];
}

export interface ActualFunction {
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  readonly ownedBySuperuser: boolean;
  readonly source: string;
  readonly language: string;
  readonly definer: boolean;
  /** `SET` clauses as pg_proc has them: `search_path=pg_catalog, pg_temp`. */
  readonly config: readonly string[];
  readonly returns: string;
  readonly acl: readonly AclItem[];
}

export interface ActualEventTrigger {
  readonly name: string;
  /** `ddl_command_end`, `sql_drop` */
  readonly event: string;
  readonly function: string;
  readonly enabled: string;
  /** True where it is narrowed to some commands. */
  readonly narrowed: boolean;
}

/** A month of the trail: `2026-11`. */
export type Month = string;

export interface ActualPartition {
  readonly name: string;
  /** As `pg_get_expr` writes its bounds, in UTC. */
  readonly bound: string;
  readonly owner: string;
}

/** Something in the schema of the trail, with what its privileges say. */
export interface ActualRelation {
  readonly name: string;
  /** `relkind` */
  readonly kind: string;
  readonly owner: string;
  readonly acl: readonly AclItem[];
}

/** What a database has of its trail. */
export interface AuditCatalog {
  /** Major version, such as 17. */
  readonly major: number;
  /** Whether the managing login is one. */
  readonly superuser: boolean;
  /** The month of the server's clock, in UTC. */
  readonly month: Month;
  readonly hasOwnSchema: boolean;
  readonly ownerExists: boolean;
  /** Who belongs to the trail's owner, superusers and the managing login left out. */
  readonly members: readonly { readonly member: string; readonly grantor: string }[];
  /** Undefined: schema audit is not there yet. */
  readonly schemaAcl: readonly AclItem[] | undefined;
  readonly relations: readonly ActualRelation[];
  /** Columns of the trail; empty where it is not there. */
  readonly columns: readonly string[];
  /** Indexes of the trail, without those of its partitions. */
  readonly indexes: readonly string[];
  /** True where something acts between who writes to the trail and the trail: a trigger, a rule or a policy. */
  readonly interposed: readonly string[];
  readonly partitions: readonly ActualPartition[];
  /** Months of rows that no partition was there for. */
  readonly stranded: readonly Month[];
  readonly functions: readonly ActualFunction[];
  readonly eventTriggers: readonly ActualEventTrigger[];
  readonly tables: readonly ActualTable[];
}

/** A database that has nothing of it yet. */
export function newAuditCatalog(superuser: boolean, month: Month): AuditCatalog {
  return {
    major: 17,
    superuser,
    month,
    hasOwnSchema: false,
    ownerExists: true,
    members: [],
    schemaAcl: undefined,
    relations: [],
    columns: [],
    indexes: [],
    interposed: [],
    partitions: [],
    stranded: [],
    functions: [],
    eventTriggers: [],
    tables: [],
  };
}
