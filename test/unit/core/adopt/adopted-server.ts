import { resolveAdoption } from "../../../../components/core/adopt/adoption";
import type { FoundServer, NameRules } from "../../../../components/core/adopt/found";
import type { ActualDatabase } from "../../../../components/core/server/database";
import type { ActualMembership } from "../../../../components/core/server/membership";
import type { ActualRole } from "../../../../components/core/server/role";
import { newServerCatalog, type ServerCatalog } from "../../../../components/core/server/model";
import { defaultAcl } from "../../../../components/core/server/acl";
import { parseConfig } from "../../../../infra/config";

const rules: NameRules = {
  role: (name) => (name.includes(" ") ? "it has a space" : undefined),
  database: (name) => (name.includes(" ") ? "it has a space" : undefined),
  schema: (name) => (name.startsWith("pg_") ? "it is reserved" : undefined),
};

export function role(name: string, change: Partial<ActualRole> = {}): ActualRole {
  const flags = {
    createDatabase: false,
    createRole: false,
    replication: false,
    bypassRowLevelSecurity: false,
  };
  const rest = { connectionLimit: -1, validUntil: null, dependencies: [], superuser: false };
  return { name, login: false, inherit: true, ...flags, ...rest, ...change };
}

export function database(name: string, change: Partial<ActualDatabase> = {}): ActualDatabase {
  const fixed = { encoding: "UTF8", lcCollate: "C", lcCtype: "C", sizeBytes: null };
  const limits = { connectionLimit: -1, allowConnections: true };
  return { name, owner: "postgres", ...fixed, ...limits, acl: defaultAcl("postgres"), ...change };
}

export const publicSchema = { name: "public", owner: "pg_database_owner" };

/** A server with databases that hold nothing but public, unless `contents` says more. */
export function server(
  catalog: Partial<ServerCatalog>,
  contents: Readonly<Record<string, FoundServer["databases"][number]["catalog"]>> = {},
): FoundServer {
  const all = { ...newServerCatalog("postgres"), predefined: ["pg_monitor"], databases: [], ...catalog };
  return {
    host: "db.example.com",
    port: 5432,
    superuser: true,
    catalog: { ...all, roles: [role("postgres", { superuser: true, login: true }), ...all.roles] },
    databases: all.databases.map(({ name }) => ({
      name,
      isTemplate: false,
      catalog: contents[name] ?? { schemas: [publicSchema], extensions: [] },
    })),
  };
}

export function adopt(found: FoundServer) {
  const adoption = resolveAdoption(found, rules);
  const config = adoption.config as Record<string, Record<string, unknown>>;
  // Whatever is written has to be right.
  if (adoption.databases.length > 0) parseConfig(config, { stack: "prod" });
  return { ...adoption, config, only: config["pgstead:database"] as { roles?: Record<string, unknown> } };
}

export const membership = (
  name: string,
  member: string,
  change: Partial<ActualMembership> = {},
): ActualMembership => ({
  role: name,
  member,
  grantor: "postgres",
  admin: false,
  inherit: true,
  set: true,
  ...change,
});
