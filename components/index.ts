/** The public parts of pgstead: components to build a program of your own from. */
export type { Capabilities, Connection } from "./connection";
export {
  DatabaseAccessControl,
  ServerAccessControl,
  type DatabaseAccessControlArgs,
  type ServerAccessControlArgs,
} from "./access-control";
export { Database, type DatabaseArgs } from "./database";
export { EmbeddedServer, type EmbeddedServerArgs } from "./embedded-server";
export { Credential, Guard, type CredentialArgs, type GuardArgs } from "./providers/resources";
export { Roles, type RoleArgs, type RolesArgs } from "./roles";
export { Schemas, type ExtensionArgs, type SchemaArgs, type SchemasArgs } from "./schemas";
