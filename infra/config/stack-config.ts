import type { AuditedTable, Retention } from "../../components/core/audit/model";
import type { BackupGate } from "../../components/core/backup-gate/judge";
import type { ScheduledBackups } from "../../components/core/backup/plan";
import type { CopiesPlan } from "../../components/core/copies/plan";
import type { ScheduledDrill } from "../../components/core/drill/plan";
import type { Tls } from "../../components/core/connection";
import type { Become } from "../../components/core/host/place";
import type { SshWay } from "../../components/core/ssh/way";
import type { IgnoreRule } from "../../components/core/schema/ignore";
import type { AlertingPlan } from "../../components/core/monitoring/alertmanager";
import type { MeasuredDatabase } from "../../components/core/monitoring/scrapes";
import type { Thresholds } from "../../components/core/monitoring/thresholds";
import type { HbaRule } from "../../components/core/hba/rule";
import type { SecondRepository } from "../../components/core/physical/configuration";
import type { AlembicApplication } from "../../components/core/migrations/alembic/application";
import type { WrittenMasking } from "../../components/core/move/masking";
import type { RunLimits } from "../../components/core/migrations/retry";
import type { TunedSetting } from "../../components/core/tuning/machine";
import type { HostFilesConfig, HostJobsConfig } from "./host-config";
import type { RoleConfig, SettingsConfig } from "./role-config";

export type { HostFilesConfig } from "./host-config";
export type { GrantConfig, MembershipConfig, RoleConfig, SettingsConfig } from "./role-config";

/** Where the server lives. Everything above it is the same for all targets. */
export type Target = "embedded" | "docker" | "existing" | "ha";

/** The configuration of one stack: complete, checked, without a secret. */
export interface StackConfig {
  /** Pulumi's name of the stack, such as `dev`. */
  readonly stack: string;
  readonly target: Target;
  /** True: `destroy` takes the server with its data. */
  readonly disposable: boolean;
  /** True: the databases are protected in Pulumi's state. */
  readonly protect: boolean;
  /** Losses that may happen: `database <name>` and `schema <database>.<schema>`, none of which is declared, `migration <database>/<file>` and
   * `downgrade <database>/<file>`. */
  readonly allowDataLoss: readonly string[];
  /** Where scratch databases are made; `auto`, or absent: where it fits the target. */
  readonly scratch?: "auto" | "embedded" | "container" | "same-server";
  readonly server: ServerConfig;
  /** Containers; on target docker only. */
  readonly docker?: DockerConfig;
  /** Jobs that the host of an existing server runs; absent: none. */
  readonly hostJobs?: HostJobsConfig;
  /** On target existing with a host only. */
  readonly hostFiles?: HostFilesConfig;
  /** Settings of the server; absent: they are not looked after. */
  readonly tuning?: TuningConfig;
  readonly backup: BackupConfig;
  /** From where on something is told. */
  readonly thresholds: Thresholds;
  /** Whether samples of statements and sizes are kept in the databases. */
  readonly samples: boolean;
  readonly drift: {
    /** Schema objects that are not compared. */
    readonly ignore: readonly IgnoreRule[];
  };
  readonly security: { readonly exceptions: Readonly<Record<string, string>> };
  /** Whether `pgstead:databases` declares them: the outputs are then by database, else flat. */
  readonly several: boolean;
  /** At least one, sorted by name; no two have the same name. */
  readonly databases: readonly DatabaseConfig[];
}

export interface BackupConfig {
  /** Absolute path; absent: the target chooses one. */
  readonly directory?: string;
  /** Absent: none are scheduled. */
  readonly logical?: ScheduledBackups;
  /** Absent: backups go nowhere else. */
  readonly copies?: CopiesPlan;
  /** What a backup has to be before data is lost; absent: none is declared, and none asked for. */
  readonly gate?: BackupGate;
  /** Absent: none are scheduled. */
  readonly drill?: ScheduledDrill;
}

export interface ServerConfig {
  /** Where it is; on target existing only. */
  readonly existing?: ExistingConfig;
  /** Port (`port`): on 127.0.0.1, 1024 to 65535, or of the existing server. */
  readonly port: number;
  /** Absolute path; absent: the target chooses one, outside the checkout, of this checkout and stack. */
  readonly dataDirectory?: string;
  /** May a change restart the server? */
  readonly restart: "allow" | "refuse";
  readonly administrator: {
    /** The only superuser. */
    readonly name: string;
    /** Raised to rotate the password. */
    readonly passwordVersion: number;
  };
  /** Rules of pg_hba.conf, in their order; absent: the target's own, or none are looked after. */
  readonly hba?: readonly HbaRule[];
}

/** A server in containers. Sizes of containers are in MB, as Docker's resources have them. */
export interface DockerConfig {
  /** What the names of containers, volumes, networks and images begin with. */
  readonly name: string;
  /** The engine; empty: that of the environment, else the local one. */
  readonly engine: { readonly host?: string; readonly certPath?: string };
  /** Addresses of the engine's host that the server's port is published on; at least one. */
  readonly publish: readonly string[];
  /** Where this machine reaches it. */
  readonly address: string;
  /** Network in CIDR notation; absent: Docker chooses. */
  readonly subnet?: string;
  /** Absent: Debian's own, or one that debootstrap makes. */
  readonly baseImage?: string;
  /** `17`, or with the minor version: the tag of the image. */
  readonly version: string;
  readonly memory: number;
  readonly cpus: number;
  readonly shmSize: number;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly logs: { readonly days: number; readonly maxBytes: number };
  readonly certificate: {
    /** Sorted; those of the published addresses and of the containers' network included. */
    readonly names: readonly string[];
    /** Days. */
    readonly validity: number;
    readonly renewBefore: number;
    /** File of an authority that the user has. */
    readonly ca?: string;
  };
  readonly physical?: PhysicalConfig;
  /** Absent: no monitoring containers. */
  readonly monitoring?: MonitoringConfig;
  readonly healthPort?: number;
}

/** Physical backups, from which every moment can be restored. */
export interface PhysicalConfig {
  /** In cron's notation and UTC. */
  readonly full: string;
  readonly incremental: string;
  /** Full backups that stay. */
  readonly keepFull: number;
  /** A time as PostgreSQL writes it. */
  readonly archiveTimeout: string;
  /** Absent: there is no second repository. */
  readonly second?: SecondConfig;
}

/** A repository in object storage beside the one on the server's host. */
export interface SecondConfig extends SecondRepository {
  /** In cron's notation and UTC. */
  readonly full: string;
  readonly incremental: string;
}

export interface MonitoringConfig extends AlertingPlan {
  readonly retention: number;
  readonly prometheusPort?: number;
  readonly alertmanagerPort?: number;
  /** Absent: no Grafana. */
  readonly grafana?: { readonly image: string; readonly port: number };
  /** The exporter's login; absent only where that has been told as a problem. */
  readonly monitor?: MeasuredDatabase & { readonly statements: boolean };
  readonly others: readonly MeasuredDatabase[];
}

/** Settings of a server, by name. */
export interface TuningConfig {
  /** The user's own; they win. */
  readonly settings: SettingsConfig;
  /** What formulas give, with their reasons. */
  readonly tuned: readonly TunedSetting[];
}

/** What a stack does on the server's own host. */
export interface OnHostConfig {
  readonly become: Become;
  /** Such as `17/main`; absent: the one of the port. */
  readonly cluster?: string;
}

/** How to reach a server that is there already. The password is no part of the configuration. */
export interface ExistingConfig {
  readonly host: string;
  readonly tls: Tls;
  /** The way over an SSH host: host and port are then as that one sees them. */
  readonly ssh?: SshWay;
  /** Absent: its host is left alone. */
  readonly onHost?: OnHostConfig;
  /** Whether the managing login is a superuser. */
  readonly superuser: boolean;
  readonly passwordFile?: string;
  /** True: what belongs to the whole server is not this stack's. */
  readonly shared: boolean;
  /** True: settings and ways in are set with the service's own interface. */
  readonly managed: boolean;
}

export interface DatabaseConfig {
  readonly name: string;
  /** Name on the server of the role that owns it. */
  readonly owner: string;
  /** Fixed at birth, as are locale and template. */
  readonly encoding: string;
  /** `LC_COLLATE`, and `LC_CTYPE` where that is no other one. */
  readonly locale: string;
  /** `LC_CTYPE`, where it is another one. */
  readonly ctype?: string;
  readonly template: string;
  /** Sessions at once (`CONNECTION LIMIT`); −1 is no limit. */
  readonly connectionLimit: number;
  /** True: privileges, groups of schemas and PUBLIC stay as the server has them. */
  readonly keepPrivileges: boolean;
  /** True: what nobody declared is taken away rather than reported. */
  readonly authoritative: boolean;
  /** `ALTER DATABASE … SET`. */
  readonly settings: SettingsConfig;
  /** In an order in which they can be created: what an extension needs stands before it. */
  readonly extensions: readonly ExtensionConfig[];
  /** `public` first, then the declared ones, sorted. */
  readonly schemas: readonly SchemaConfig[];
  /** `owner` first, then `migrator`, then the others, sorted by key. Where `owner` is given, only what is declared. */
  readonly roles: readonly RoleConfig[];
  readonly migrations: MigrationsConfig;
  /** Absent: nothing is recorded. */
  readonly audit?: AuditConfig;
  /** What its columns hold in a copy; absent: none are masked. */
  readonly masking?: WrittenMasking;
}

/** Migrations of a database. */
export interface MigrationsConfig {
  /** What applies them. */
  readonly engine: "sql" | "alembic";
  /** Of engine alembic. */
  readonly alembic?: AlembicApplication;
  /** Of the files; a relative path is one of the project's directory. */
  readonly directory: string;
  /** False: where the directory is not there, the database has no migrations; else that is a mistake. */
  readonly isNamed: boolean;
  /** The last one that is applied: a number, a name, a file, or `base`; absent: the last file. */
  readonly target?: string;
  /** May `up` take back what is above the target? */
  readonly downgrade: "allow" | "refuse";
  readonly limits: RunLimits;
}

/** The trail of a database. */
export interface AuditConfig {
  /** Name on the server of the role that owns it. */
  readonly owner: string;
  /** Sorted. */
  readonly schemas: readonly string[];
  /** Sorted, no two alike. */
  readonly tables: readonly AuditedTable[];
  /** Absent: for ever. */
  readonly retention?: Retention;
  readonly ddl: boolean;
  /** Classes of statements in the server's log; empty: none. */
  readonly pgaudit: readonly string[];
}

export interface SchemaConfig {
  readonly name: string;
  /** A role's name on the server; absent: the database's owner, of `public` whoever owns the database. */
  readonly owner?: string;
  /** Names on the server of the roles that read and write its rows; sorted. */
  readonly writers: readonly string[];
  /** Names on the server of the roles that read its rows; sorted. */
  readonly readers: readonly string[];
  /** It holds the trail. */
  readonly trail?: true;
}

export interface ExtensionConfig {
  readonly name: string;
  /** One of the database's schemas. */
  readonly schema: string;
  /** Absent: the server's default version at creation. */
  readonly version?: string;
}
