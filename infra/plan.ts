import type { EmbeddedServerArgs } from "../components/embedded-server";
import type { DatabaseArgs } from "../components/database";
import type { RoleArgs } from "../components/roles";
import type { ExtensionArgs, SchemaArgs } from "../components/schemas";
import type { DatabaseConfig, RoleConfig, StackConfig } from "./config";

/** Arguments of every component of a stack. */
export interface StackPlan {
  readonly server: EmbeddedServerArgs;
  readonly databases: readonly DatabasePlan[];
  /** Whether the outputs are by database. */
  readonly several: boolean;
  readonly allowDataLoss: readonly string[];
  readonly protect: boolean;
}

export interface DatabasePlan {
  readonly name: string;
  readonly database: Omit<DatabaseArgs, "connection">;
  readonly roles: readonly RoleArgs[];
  readonly schemas: readonly SchemaArgs[];
  readonly extensions: readonly ExtensionArgs[];
  /** Login roles by their name in the configuration, for the stack's outputs. */
  readonly logins: Readonly<Record<string, string>>;
}

/** What the configuration of a stack means for each component. */
export function planStack(config: StackConfig): StackPlan {
  const { server } = config;
  return {
    server: {
      port: server.port,
      administrator: server.administrator.name,
      passwordVersion: server.administrator.passwordVersion,
      disposable: config.disposable,
      restart: server.restart,
      ...(server.dataDirectory === undefined ? {} : { dataDirectory: server.dataDirectory }),
    },
    several: config.several,
    databases: config.databases.map((database) => planDatabase(database, config)),
    allowDataLoss: config.allowDataLoss,
    protect: config.protect,
  };
}

function planDatabase(database: DatabaseConfig, config: StackConfig): DatabasePlan {
  const { name, encoding, locale, template, connectionLimit } = database;
  const owner = database.roles.find(({ key }) => key === "owner")?.name ?? `${name}_owner`;
  const logins = database.roles.filter(({ login }) => login);
  return {
    name,
    database: { name, owner, encoding, locale, template, connectionLimit, protect: config.protect },
    roles: database.roles.map(planRole),
    schemas: database.schemas.map((schema) => ({ name: schema })),
    extensions: database.extensions,
    logins: Object.fromEntries(logins.map((role) => [role.key, role.name])),
  };
}

function planRole({ key: _key, ...role }: RoleConfig): RoleArgs {
  return role;
}
