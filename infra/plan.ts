import type { AgeLimits } from "../components/core/credentials/age";
import type { AuditDeclaration } from "../components/core/audit/model";
import type { EmbeddedServerArgs } from "../components/embedded-server";
import type { TakenFile } from "../components/core/existing-server";
import type { ExistingServerArgs } from "../components/existing-server";
import type { HostBasedAccessArgs } from "../components/host-based-access";
import type { DatabaseArgs } from "../components/database";
import type { LossGatePlan } from "../components/loss-gate";
import type { MigrationsArgs } from "../components/migrations";
import type { RoleArgs } from "../components/roles";
import type { ExtensionArgs, SchemaArgs } from "../components/schemas";
import type { TuningArgs } from "../components/tuning";
import type { SchemaMembers } from "../components/core/desired/schema-members";
import type { HbaRule } from "../components/core/hba/rule";
import { certificatePlaces } from "../components/core/host/certificate";
import { usualBackups } from "../components/core/backup/plan";
import { archiveSettingNames } from "../components/core/physical/configuration";
import { defaultRules, overTls, socketRule } from "../components/core/hba/defaults";
import { resolveSettings } from "../components/core/desired/settings";
import type { ServerNeeds } from "../components/core/provider-settings";
import { planDocker, type DockerServerPlan } from "./plan-docker";
import { planHostJobs, type HostJobsPlan } from "./plan-host-jobs";
import { planHostFiles, type HostFilesPlan } from "./plan-host";
import type { DatabaseConfig, RoleConfig, StackConfig } from "./config";

/** Arguments of every component of a stack. */
export interface StackPlan {
  readonly server: ServerPlan;
  /** Absent: nothing is put on the server's host. */
  readonly hostFiles?: HostFilesPlan;
  /** Absent: the server's settings are left alone. */
  readonly tuning?: Omit<TuningArgs, "connection">;
  readonly databases: readonly DatabasePlan[];
  /** Whether the outputs are by database. */
  readonly several: boolean;
  readonly allowDataLoss: readonly string[];
  readonly protect: boolean;
  /** By when passwords are to be other ones. */
  readonly passwords: Omit<AgeLimits, "now">;
  /** What a backup has to be before data is lost; absent: none is asked for. */
  readonly gate?: LossGatePlan;
  /** Absent: pg_hba.conf is left alone. */
  readonly hostBasedAccess?: Omit<HostBasedAccessArgs, "connection" | "dependsOn">;
}

/** Which component makes the server, or finds it. */
export type ServerPlan =
  | { readonly target: "embedded"; readonly args: EmbeddedServerArgs }
  | { readonly target: "docker"; readonly args: DockerServerPlan }
  | {
      readonly target: "existing";
      /** Without the password, which is no part of a plan. */
      readonly args: Omit<ExistingServerArgs, "password">;
      /** Whether the stack owns what belongs to the whole server. */
      readonly ownsServer: boolean;
      /** Absent: nothing runs on its host. */
      readonly jobs?: HostJobsPlan;
    };

export interface DatabasePlan {
  readonly name: string;
  readonly database: Omit<DatabaseArgs, "connection">;
  readonly roles: readonly RoleArgs[];
  readonly schemas: readonly (SchemaArgs & SchemaMembers)[];
  readonly extensions: readonly ExtensionArgs[];
  /** Absent: nothing is recorded. */
  readonly audit?: Omit<AuditDeclaration, "database" | "manager">;
  /** Whether samples of statements and sizes are kept in it. */
  readonly samples: boolean;
  /** Login roles by their name in the configuration, for the stack's outputs. */
  readonly logins: Readonly<Record<string, string>>;
  readonly migrations: MigrationsPlan;
}

/** Migrations of a database, and whether their directory has to be there. */
export interface MigrationsPlan extends Pick<
  MigrationsArgs,
  "engine" | "alembic" | "dockerEngine" | "directory" | "target" | "downgrade" | "limits"
> {
  readonly isNamed: boolean;
}

/** What the configuration of a stack means for each component. */
export function planStack(config: StackConfig): StackPlan {
  return {
    server: planServer(config),
    several: config.several,
    databases: config.databases.map((database) => planDatabase(database, config)),
    allowDataLoss: config.allowDataLoss,
    protect: config.protect,
    passwords: passwordLimits(config),
    ...planGate(config),
    ...planHostBasedAccess(config),
    ...planTuning(config),
    ...planHostFiles(config),
  };
}

/** By when the passwords of a stack are to be other ones. */
export function passwordLimits({
  databases,
  thresholds,
}: Pick<StackConfig, "databases" | "thresholds">): Omit<AgeLimits, "now"> {
  const roles = databases.flatMap((database) => database.roles);
  const ends = roles.flatMap(({ name, validUntil }) =>
    validUntil === undefined ? [] : [[name, validUntil] as const],
  );
  return { seconds: thresholds.credential, validUntil: new Map(ends) };
}

function planGate({ backup, docker, hostJobs }: StackConfig): Pick<StackPlan, "gate"> {
  const { gate, directory, logical = usualBackups } = backup;
  if (gate === undefined) return {};
  const { keep, schemaOnly, format } = logical;
  const place =
    docker !== undefined
      ? ({ kind: "container", container: `${docker.name}-ops`, engine: docker.engine } as const)
      : hostJobs !== undefined
        ? ({ kind: "host", host: hostJobs.host } as const)
        : ({ kind: "directory", ...(directory === undefined ? {} : { directory }) } as const);
  return { gate: { ...gate, place, backups: { keep, schemaOnly, format } } };
}

function planTuning({ tuning, server, docker, stack, hostFiles }: StackConfig): Pick<StackPlan, "tuning"> {
  if (tuning === undefined) return {};
  const keptBeside = docker?.physical === undefined ? {} : { keptBeside: archiveSettingNames };
  const { certificate, key } = certificatePlaces(stack);
  const brought = hostFiles?.certificate === undefined ? {} : { broughtFiles: [certificate, key] };
  return { tuning: { ...tuning, restart: server.restart, ...keptBeside, ...brought } };
}

/** A server that is there already has rules of its own, which are nobody's to guess. */
function planHostBasedAccess({ target, server, databases }: StackConfig): Pick<StackPlan, "hostBasedAccess"> {
  const rules = server.hba;
  if (target === "existing" && rules === undefined) return {};
  const all = databases.flatMap(({ roles }) => roles.filter(({ login }) => login));
  const named = (roles: readonly RoleConfig[]): string[] => roles.map(({ name }) => name);
  const logins = databases.map(({ name, roles }) => ({
    name,
    logins: named(roles.filter(({ login }) => login)),
  }));
  // Who watches the server looks at it from its maintenance database.
  const watching = { name: "postgres", logins: named(all.filter(({ profile }) => profile === "monitor")) };
  const managing = server.administrator.name;
  const declared = [...logins, watching];
  const replicators = named(all.filter(({ replication }) => replication));
  // Programs beside a server in a container come over its socket, whatever else is declared.
  const written =
    target === "docker"
      ? [
          socketRule(managing),
          ...dockerRules(managing, rules ?? defaultRules(managing, declared, replicators, overTls)),
        ]
      : rules;
  return {
    hostBasedAccess: {
      managing,
      logins: declared,
      replicators,
      ...(written === undefined ? {} : { rules: written }),
    },
  };
}

/** From where pgstead itself comes is an address of the containers' network, which Docker chooses. */
function dockerRules(managing: string, rules: readonly HbaRule[]): readonly HbaRule[] {
  const isNamed = rules.some(
    ({ type, user }) => type !== "local" && (user.includes(managing) || user.includes("all")),
  );
  return isNamed ? rules : [...defaultRules(managing, [], [], overTls), ...rules];
}

/** Whether what belongs to the whole server is this stack's, and whether others may have something on it. */
export function serverOwnership(server: ServerPlan): {
  readonly ownsServer: boolean;
  readonly exclusive: boolean;
  readonly marks: boolean;
} {
  return server.target === "existing"
    ? { ownsServer: server.ownsServer, exclusive: false, marks: true }
    : { ownsServer: true, exclusive: true, marks: false };
}

/** Name of the login that everything is done as. */
export function managingLogin(server: ServerPlan): string {
  if (server.target === "existing") return server.args.user;
  return server.target === "docker" ? "postgres" : (server.args.administrator ?? "postgres");
}

function planServer(config: StackConfig): ServerPlan {
  const { server, disposable, docker } = config;
  const { port, existing, dataDirectory, restart } = server;
  const { name, passwordVersion } = server.administrator;
  if (existing !== undefined) {
    const { shared, managed, ...place } = existing;
    const needs = needsOf(config);
    // A superuser's settings and rules have resources of their own.
    const more = managed ? { managed, needs } : { needs: { settings: {}, extensions: needs.extensions } };
    const takesOver = takenOf(config);
    const files = takesOver.length === 0 ? {} : { takesOver };
    return {
      target: "existing",
      args: { ...place, ...more, ...files, port, user: name },
      ownsServer: !shared,
      ...planHostJobs(config),
    };
  }
  if (docker !== undefined) return { target: "docker", args: planDocker(config, docker) };
  const directory = dataDirectory === undefined ? {} : { dataDirectory };
  return {
    target: "embedded",
    args: { port, administrator: name, passwordVersion, disposable, restart, ...directory },
  };
}

/** Files that the stack's own resources write, on a server that somebody else made. */
function takenOf({ tuning, server }: StackConfig): TakenFile[] {
  if (server.existing?.superuser !== true) return [];
  return [
    ...(tuning === undefined ? [] : ["postgresql.auto.conf" as const]),
    ...(server.hba === undefined ? [] : ["pg_hba.conf" as const]),
  ];
}

/** What is declared of a server and takes more than some logins have. */
export function needsOf({ databases, tuning, server }: StackConfig): ServerNeeds {
  return {
    settings: resolveSettings(tuning ?? {}).settings,
    ...(server.hba === undefined ? {} : { rules: server.hba }),
    extensions: databases.map(({ name, extensions }) => ({
      database: name,
      names: extensions.map((extension) => extension.name),
    })),
  };
}

function planDatabase(database: DatabaseConfig, config: StackConfig): DatabasePlan {
  const {
    name,
    owner,
    ctype,
    keepPrivileges,
    encoding,
    locale,
    template,
    connectionLimit,
    settings,
    authoritative,
  } = database;
  const logins = database.roles.filter(({ login, turn }) => login && turn?.is !== "former");
  const pgaudit = database.audit?.pgaudit ?? [];
  return {
    name,
    database: {
      name,
      owner,
      encoding,
      locale,
      ...(ctype === undefined ? {} : { ctype }),
      template,
      connectionLimit,
      keepPrivileges,
      settings: pgaudit.length === 0 ? settings : { ...settings, "pgaudit.log": pgaudit.join(", ") },
      authoritative,
      protect: config.protect,
    },
    roles: database.roles.map(planRole),
    schemas: database.schemas,
    extensions: withPgaudit(database.extensions, pgaudit),
    ...planAudit(database.audit),
    samples: config.samples,
    logins: Object.fromEntries(logins.map((role) => [role.key, role.name])),
    migrations: {
      ...database.migrations,
      ...(config.docker === undefined ? {} : { dockerEngine: config.docker.engine }),
    },
  };
}

/** What is in the server's log is no part of the trail. */
function planAudit(audit: DatabaseConfig["audit"]): Pick<DatabasePlan, "audit"> {
  if (audit === undefined) return {};
  const { pgaudit: _, ...trail } = audit;
  return { audit: trail };
}

/** The extension tells pgaudit what a statement of DDL was about; without it those are recorded by their text. */
function withPgaudit(
  extensions: readonly ExtensionArgs[],
  classes: readonly string[],
): readonly ExtensionArgs[] {
  const isThere = extensions.some(({ name }) => name === "pgaudit");
  return classes.length === 0 || isThere
    ? extensions
    : [...extensions, { name: "pgaudit", schema: "public" }];
}

function planRole({ key, rotation: _rotation, ...role }: RoleConfig): RoleArgs {
  return key === "migrator" ? { ...role, migrator: true } : role;
}
