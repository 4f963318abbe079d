import { embeddedExtensions } from "../../components/core/database/extensions";
import { resolveTls } from "../../components/core/connection";
import type { Problem } from "../../components/core/problem";
import { resolveMigrations } from "./check-migrations";
import { resolveOnHost } from "./check-host";
import { resolveSsh } from "./check-ssh";
import type { Draft } from "./draft";
import { resolveHbaRule } from "./hba-rule";
import { parseMoment } from "./moment";
import { auditKey, resolveAudit } from "./resolve-audit";
import type { WrittenConfig, WrittenDatabase, WrittenRole } from "./schema";
import { renderPath } from "./shape";
import type {
  ExistingConfig,
  ExtensionConfig,
  RoleConfig,
  SchemaConfig,
  ServerConfig,
  SettingsConfig,
} from "./stack-config";

/**
 * The databases of both forms, and what is wrong with their mixture.
 *
 * @param given the keys that were given, well-formed or not
 */
export function resolveDatabases(
  config: WrittenConfig,
  given: ReadonlySet<string>,
): { drafts: readonly Draft[]; problems: readonly Problem[] } {
  const drafts: Draft[] = [];
  if (config.database !== undefined) {
    const { name, ...written } = config.database;
    const inside = written.roles !== undefined;
    const roles = written.roles ?? config.roles ?? {};
    const rolesPath = inside ? ["database", "roles"] : ["roles"];
    const migrationsPath = written.migrations === undefined ? ["migrations"] : ["database", "migrations"];
    const auditPath = written.audit === undefined ? ["audit"] : ["database", "audit"];
    const migrations = written.migrations ?? config.migrations;
    const audit = written.audit ?? config.audit;
    const paths = { path: ["database"], rolesPath, migrationsPath, auditPath };
    const whole = { ...written, roles, migrations, ...(audit === undefined ? {} : { audit }) };
    drafts.push(draft({ ...paths, name, written: whole }, "sql/migrations"));
  }
  for (const [name, written] of sortedEntries(config.databases ?? {})) {
    const path = ["databases", name];
    const paths = {
      path,
      rolesPath: [...path, "roles"],
      migrationsPath: [...path, "migrations"],
      auditPath: [...path, "audit"],
    };
    drafts.push(draft({ ...paths, name, written }, `sql/migrations/${name}`));
  }
  return { drafts, problems: formProblems(config, given) };
}

/** `shared` and `superuser` have their defaults here, so that the other targets can tell that they were given. */
export function resolveServer(config: WrittenConfig): ServerConfig {
  const { port, dataDirectory, restart, hba } = config.server;
  const { name, passwordVersion } = config.server.administrator;
  const administrator = { name, passwordVersion };
  return {
    ...(config.target === "existing" ? { existing: resolveExisting(config.server) } : {}),
    port: port ?? (config.target === "embedded" ? 54_320 : 5432),
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
    restart: restart ?? (config.disposable ? "allow" : "refuse"),
    administrator,
    ...(hba === undefined ? {} : { hba: hba.map(resolveHbaRule) }),
  };
}

function resolveExisting(server: WrittenConfig["server"]): ExistingConfig {
  const { ssh, host = ssh === undefined ? "" : "localhost", tls, administrator } = server;
  const { shared = false, managed = false, onHost } = server;
  const { mode, ca } = tls ?? {};
  const { superuser, passwordFile } = administrator;
  return {
    host,
    tls: { mode: mode ?? resolveTls({ host }).mode, ...(ca === undefined ? {} : { ca }) },
    ...(ssh === undefined ? {} : { ssh: resolveSsh(ssh) }),
    ...(onHost === undefined ? {} : { onHost: resolveOnHost(onHost, ssh?.user ?? "") }),
    superuser: superuser ?? true,
    shared,
    managed,
    ...(passwordFile === undefined ? {} : { passwordFile }),
  };
}

function formProblems(config: WrittenConfig, given: ReadonlySet<string>): Problem[] {
  const problems: Problem[] = [];
  const add = (key: readonly string[], message: string, hint: string): void => {
    problems.push({ path: renderPath(key), message, hint });
  };
  if (given.has("database") && given.has("databases")) {
    const hint = "move the one into the other: pgstead:databases: { <name>: { … } }";
    add(["databases"], "stands beside pgstead:database", hint);
  } else if (given.has("databases") && shortForms.some((key) => given.has(key))) {
    for (const key of shortForms.filter((short) => given.has(short))) {
      const hint = `move ${key === "audit" ? "it" : "them"} into a database: pgstead:databases: { <name>: { ${key}: { … } } }`;
      add([key], "belongs to pgstead:database, and this stack has pgstead:databases", hint);
    }
  } else if (!given.has("database") && !given.has("databases")) {
    const hint = "declare one, such as `pgstead:database: { name: shop, schemas: { app: {} } }`";
    add(["database"], "no database is declared", hint);
  }
  for (const key of shortForms) {
    if (!given.has(key) || config.database?.[key] === undefined) continue;
    add(["database", key], `stands beside pgstead:${key}`, "keep one of the two");
  }
  return problems;
}

/** What stands at the top where there is one database only. */
const shortForms = ["roles", "migrations", "audit"] as const;

/** @param directory of its migrations, where it names none */
function draft(from: Omit<Draft, "config">, directory: string): Draft {
  const { name = "", written } = from;
  const { encoding, locale, template, connectionLimit, authoritative, extensions, schemas } = written;
  const { audit } = written;
  const roles = resolveRoles(name, written.roles ?? {}, {
    hasOwner: written.owner !== undefined,
    hasAudit: audit !== undefined,
  });
  const trail = audit === undefined ? undefined : roles.find(({ key }) => key === auditKey)?.name;
  return {
    ...from,
    config: {
      name,
      owner: written.owner ?? roles.find(({ key }) => key === "owner")?.name ?? "",
      encoding,
      locale,
      ...(written.ctype === undefined ? {} : { ctype: written.ctype }),
      template,
      connectionLimit,
      keepPrivileges: written.privileges === "keep",
      authoritative,
      settings: resolveSettings(written.settings),
      extensions: creationOrder(extensions.map(resolveExtension)),
      schemas: resolveSchemas(schemas, roles, trail),
      roles,
      migrations: resolveMigrations(written.migrations, directory),
      ...(audit === undefined || trail === undefined ? {} : { audit: resolveAudit(audit, trail) }),
      ...(written.masking === undefined ? {} : { masking: written.masking }),
    },
  };
}

/** `public` first, as every database has it. A key that no role has stays as it is, for the check to find. */
function resolveSchemas(
  written: WrittenDatabase["schemas"],
  roles: readonly RoleConfig[],
  trail: string | undefined,
): readonly SchemaConfig[] {
  const names = new Map(roles.map(({ key, name }) => [key, name]));
  const nameOf = (key: string): string => names.get(key) ?? key;
  const declared = trail === undefined ? written : { [auditKey]: nobody, ...written };
  const all = new Map([["public", nobody], ...sortedEntries(declared)]);
  return [...all].map(([name, { owner, writers, readers }]) => ({
    name,
    ...(owner === undefined ? {} : { owner: nameOf(owner) }),
    ...(name === auditKey && trail !== undefined ? { owner: trail, trail: true as const } : {}),
    writers: writers.map(nameOf).toSorted(),
    readers: readers.map(nameOf).toSorted(),
  }));
}

const nobody: WrittenDatabase["schemas"][string] = { writers: [], readers: [] };

function resolveExtension({ name, schema, version }: WrittenDatabase["extensions"][number]): ExtensionConfig {
  return { name, schema, ...(version === undefined ? {} : { version }) };
}

/** The engine sorts the keys of a map: the order in the file is known to some readers only, so nobody uses it. */
function sortedEntries<Value>(map: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** The declared order, but what an extension needs comes before it. */
function creationOrder(extensions: readonly ExtensionConfig[]): ExtensionConfig[] {
  const ordered = new Set<ExtensionConfig>();
  const place = (extension: ExtensionConfig): void => {
    const requires = embeddedExtensions.find(({ name }) => name === extension.name)?.requires ?? [];
    for (const needed of extensions.filter(({ name }) => requires.includes(name))) place(needed);
    ordered.add(extension);
  };
  extensions.forEach(place);
  return [...ordered];
}

/**
 * @param implies hasOwner: whether the database names a role of its own choice as its owner, so that neither owner nor
 * migrator is implied; hasAudit: whether it has a trail, which has an owner
 */
function resolveRoles(
  database: string,
  written: Readonly<Record<string, WrittenRole>>,
  { hasOwner, hasAudit }: { readonly hasOwner: boolean; readonly hasAudit: boolean },
): RoleConfig[] {
  const implied = [
    ...["owner", "migrator"].filter((key) => !hasOwner || Object.hasOwn(written, key)),
    ...(hasAudit ? [auditKey] : []),
  ];
  const always = new Map<string, WrittenRole>(implied.map((key) => [key, defaults]));
  const all = new Map([...always, ...sortedEntries(written)]);
  const names = new Map([...all].map(([key, { name }]) => [key, name ?? `${database}_${key}`]));
  return [...all].map(([key, role]) => resolveRole(key, role, names));
}

const defaults: WrittenRole = {
  connectionLimit: -1,
  inherit: true,
  createDatabase: false,
  createRole: false,
  replication: false,
  bypassRowLevelSecurity: false,
  memberOf: [],
  grants: [],
  settings: {},
  databaseSettings: {},
};

/** @param names of the database's roles on the server, by key */
function resolveRole(key: string, written: WrittenRole, names: ReadonlyMap<string, string>): RoleConfig {
  const { login, password, passwordVersion, validUntil, profile, retired, memberOf, ...others } = written;
  const { rotation = "single", ...attributes } = others;
  const until = validUntil === "infinity" ? undefined : parseMoment(validUntil ?? "");
  return {
    ...attributes,
    key,
    name: names.get(key) ?? key,
    login: retired === undefined && (login ?? key === "migrator"),
    keepPassword: password === "keep",
    passwordVersion: passwordVersion ?? 1,
    ...(rotation === "single" ? {} : { rotation }),
    memberOf: memberOf
      .map((one) => ({ ...one, role: names.get(one.role) ?? one.role }))
      .toSorted((a, b) => (a.role < b.role ? -1 : 1)),
    grants: written.grants.map(({ on, privileges, columns, grantOption }) => ({
      on: Object.fromEntries(Object.entries(on).filter(([, name]) => name !== undefined && name !== false)),
      privileges: privileges.map((privilege) => privilege.toUpperCase()),
      ...(columns === undefined ? {} : { columns }),
      grantOption,
    })),
    settings: resolveSettings(written.settings),
    databaseSettings: resolveSettings(written.databaseSettings),
    ...(profile === undefined ? {} : { profile }),
    ...(retired === undefined ? {} : { retired }),
    ...(until === undefined ? {} : { validUntil: until }),
  };
}

type WrittenSettings = WrittenDatabase["settings"];

/** Values as PostgreSQL writes them: YAML's true is `on`. */
export function resolveSettings(written: WrittenSettings): SettingsConfig {
  const text = (value: WrittenSettings[string]): string | readonly string[] => {
    if (typeof value === "boolean") return value ? "on" : "off";
    return typeof value === "number" ? String(value) : value;
  };
  return Object.fromEntries(Object.entries(written).map(([name, value]) => [name, text(value)]));
}
