import { embeddedExtensions } from "../../components/core/extensions";
import type { Problem } from "../../components/core/problem";
import { parseMoment } from "./moment";
import type { WrittenConfig, WrittenDatabase, WrittenRole } from "./schema";
import { renderPath } from "./shape";
import type { DatabaseConfig, ExtensionConfig, RoleConfig, ServerConfig } from "./stack-config";

/** A database as it was written, and where. */
export interface Draft {
  readonly path: readonly string[];
  /** Where its roles stand, which the short form has at the top. */
  readonly rolesPath: readonly string[];
  readonly name: string | undefined;
  readonly written: WrittenDatabase;
  readonly config: DatabaseConfig;
}

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
    drafts.push(draft({ path: ["database"], rolesPath, name, written: { ...written, roles } }));
  }
  for (const [name, written] of sortedEntries(config.databases ?? {})) {
    const path = ["databases", name];
    drafts.push(draft({ path, rolesPath: [...path, "roles"], name, written }));
  }
  return { drafts, problems: formProblems(config, given) };
}

export function resolveServer(config: WrittenConfig): ServerConfig {
  const { port, dataDirectory, restart, administrator } = config.server;
  return {
    port,
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
    restart: restart ?? (config.disposable ? "allow" : "refuse"),
    administrator,
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
  } else if (given.has("databases") && given.has("roles")) {
    const hint = "move them into a database: pgstead:databases: { <name>: { roles: { … } } }";
    add(["roles"], "belongs to pgstead:database, and this stack has pgstead:databases", hint);
  } else if (!given.has("database") && !given.has("databases")) {
    const hint = "declare one, such as `pgstead:database: { name: shop, schemas: { app: {} } }`";
    add(["database"], "no database is declared", hint);
  }
  if (given.has("roles") && config.database?.roles !== undefined) {
    add(["database", "roles"], "stands beside pgstead:roles", "keep one of the two");
  }
  return problems;
}

function draft(from: Omit<Draft, "config">): Draft {
  const { name = "", written } = from;
  const { encoding, locale, template, connectionLimit, extensions, schemas } = written;
  return {
    ...from,
    config: {
      name,
      encoding,
      locale,
      template,
      connectionLimit,
      extensions: creationOrder(extensions.map(resolveExtension)),
      schemas: [...new Set(["public", ...sortedEntries(schemas).map(([schema]) => schema)])],
      roles: resolveRoles(name, written.roles ?? {}),
    },
  };
}

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

function resolveRoles(database: string, written: Readonly<Record<string, WrittenRole>>): RoleConfig[] {
  const always = new Map<string, WrittenRole>([
    ["owner", defaults],
    ["migrator", defaults],
  ]);
  const all = new Map([...always, ...sortedEntries(written)]);
  return [...all].map(([key, role]) => resolveRole(database, key, role));
}

const defaults: WrittenRole = {
  connectionLimit: -1,
  inherit: true,
  createDatabase: false,
  createRole: false,
  replication: false,
  bypassRowLevelSecurity: false,
};

function resolveRole(database: string, key: string, written: WrittenRole): RoleConfig {
  const { name, login, passwordVersion, validUntil, ...attributes } = written;
  const until = validUntil === "infinity" ? undefined : parseMoment(validUntil ?? "");
  return {
    key,
    name: name ?? `${database}_${key}`,
    login: login ?? key === "migrator",
    passwordVersion: passwordVersion ?? 1,
    ...attributes,
    ...(until === undefined ? {} : { validUntil: until }),
  };
}
